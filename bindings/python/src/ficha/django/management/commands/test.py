"""``manage.py test``: Django's, whose test clients put the token into the cookie."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.test import Command as DjangoCommand


class Command(DjangoCommand):
    """The same command; see ficha.django.test."""

    def handle(self, *test_labels: Any, **options: Any) -> None:
        """Run the tests."""
        from ficha.django.test import install

        install()
        super().handle(*test_labels, **options)
