"""``manage.py ficha_routes [--urlconf MODULE]``: every route with its rule; fails where one is left open."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ficha.django.routes import routes


class Command(BaseCommand):
    """For tests and reviews: a handler that is reached under rules that differ, or under none, is an error."""

    help = "Lists every route with the rule that judges it, and fails where the policy leaves one open."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--urlconf", help="another URLconf than the project's")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the listing."""
        findings = routes(options["urlconf"])
        for finding in findings:
            self.stdout.write(str(finding))
        problems = sum(bool(finding.problem) for finding in findings)
        if problems:
            raise CommandError(f"{problems} of {len(findings)} lines tell a problem")
