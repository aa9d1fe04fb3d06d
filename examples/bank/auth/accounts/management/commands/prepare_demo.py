"""The tables, users and applications of the demo."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts.models import Application


class Command(BaseCommand):
    """Make what the demo starts with; passwords and secrets come from the environment, anew for each start."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it; in a database that has it, renew passwords and applications."""
        call_command("migrate", verbosity=0)
        groups = {name: Group.objects.get_or_create(name=name)[0] for name in settings.ROLES}
        self._user("alice", os.environ["BANK_ALICE_PASSWORD"], [groups["customer"]])
        self._user("admin", os.environ["BANK_ADMIN_PASSWORD"], [groups["customer"], groups["admin"]])
        self._application(
            "reporting",
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
            client_secret=os.environ["BANK_CLIENT_SECRET"],
            scopes="transactions:read",
        )
        self._application(
            "gateway",
            client_type=Application.CLIENT_CONFIDENTIAL,
            # Without an address to redirect to, and without scopes, it gets no token: it only asks about others'.
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            client_secret=os.environ["BANK_GATEWAY_SECRET"],
            may_introspect=True,
        )
        self._application(
            "budget",
            client_type=Application.CLIENT_PUBLIC,
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            redirect_uris="http://127.0.0.1/callback",
            scopes="transactions:read",
        )

    def _user(self, name: str, password: str, groups: list[Group]) -> None:
        user, is_new = User.objects.get_or_create(username=name)
        user.set_password(password)
        user.save(update_fields=["password"])
        if is_new:
            user.groups.set(groups)

    def _application(self, client_id: str, **fields: Any) -> None:
        Application.objects.update_or_create(client_id=client_id, defaults={"name": client_id, **fields})
