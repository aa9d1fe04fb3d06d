"""What both sides have in common: one route that fills a session, one that reads it."""

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "app"
SESSION_COOKIE_AGE = 1800
