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
    """Make what the demo starts with; passwords and secret come from the environment."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, unless it is there."""
        call_command("migrate", verbosity=0)
        groups = {name: Group.objects.get_or_create(name=name)[0] for name in settings.ROLES}
        self._user("alice", os.environ["BANK_ALICE_PASSWORD"], [groups["customer"]])
        self._user("admin", os.environ["BANK_ADMIN_PASSWORD"], [groups["customer"], groups["admin"]])
        Application.objects.get_or_create(
            client_id="reporting",
            defaults={
                "name": "reporting",
                "client_type": Application.CLIENT_CONFIDENTIAL,
                "authorization_grant_type": Application.GRANT_CLIENT_CREDENTIALS,
                "client_secret": os.environ["BANK_CLIENT_SECRET"],
                "scopes": "transactions:read",
            },
        )
        Application.objects.get_or_create(
            client_id="gateway",
            defaults={
                "name": "gateway",
                "client_type": Application.CLIENT_CONFIDENTIAL,
                # Without an address to redirect to, and without scopes, it gets no token: it only asks about others'.
                "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
                "client_secret": os.environ["BANK_GATEWAY_SECRET"],
                "may_introspect": True,
            },
        )
        Application.objects.get_or_create(
            client_id="budget",
            defaults={
                "name": "budget",
                "client_type": Application.CLIENT_PUBLIC,
                "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
                "redirect_uris": "http://127.0.0.1/callback",
                "scopes": "transactions:read",
            },
        )

    def _user(self, name: str, password: str, groups: list[Group]) -> None:
        if not User.objects.filter(username=name).exists():
            User.objects.create_user(name, password=password).groups.set(groups)
