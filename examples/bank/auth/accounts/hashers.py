"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id as OWASP recommends it: two passes over 19 MiB, so that logins at the same time find the memory."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
