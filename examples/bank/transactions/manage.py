#!/usr/bin/env python3
"""Django's command line for this service."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib" / "django"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "transactions_service.settings")

from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
