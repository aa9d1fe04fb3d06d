"""``manage.py ficha_sessions list PRINCIPAL`` and ``… revoke (PRINCIPAL [--keep ID] | --id ID)``."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ficha import FichaError
from ficha.django.conf import get_client


class Command(BaseCommand):
    """Sessions of a principal: who is logged in where, and an end to it."""

    help = "Lists or revokes the sessions of a principal."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the two actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="one line per live session, oldest first")
        listing.add_argument("principal")
        revoking = actions.add_parser("revoke", help="end sessions; they are refused everywhere at once")
        revoking.add_argument("principal", nargs="?")
        revoking.add_argument("--keep", metavar="ID", help="all but this one")
        revoking.add_argument("--id", help="this one session")

    def handle(self, *args: Any, **options: Any) -> None:
        """Carry the action out."""
        try:
            if options["action"] == "list":
                self._list(options["principal"])
            else:
                self._revoke(options["principal"], options["keep"], options["id"])
        except FichaError as error:
            raise CommandError(f"{error.name}: {error}") from None

    def _list(self, principal: str) -> None:
        for session in get_client().list(principal):
            address, agent = session.device
            times = [_time(session.created_at), _time(session.idle_deadline), _time(session.expires_at)]
            self.stdout.write("\t".join([session.id, *times, ",".join(session.roles), address, agent]))

    def _revoke(self, principal: str | None, keep: str | None, session_id: str | None) -> None:
        if (principal is None) == (session_id is None) or (keep and session_id):
            raise CommandError("give a principal, with or without --keep, or an --id")
        if session_id is not None:
            count = int(get_client().revoke(session_id))
        else:
            count = get_client().revoke_principal(principal or "", keep=keep)
        self.stdout.write(f"{count} revoked")


def _time(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, timezone.utc).isoformat(timespec="seconds") if unix_seconds else "-"
