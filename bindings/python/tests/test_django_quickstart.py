"""examples/quickstart/python/shop.py, as its README says to start it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SHOP = Path(__file__).parents[3] / "examples" / "quickstart" / "python" / "shop.py"


def test_the_policy_leaves_no_handler_of_the_django_example_open() -> None:
    listing = subprocess.run([sys.executable, SHOP, "ficha_routes"], capture_output=True, text=True, check=False)
    assert listing.returncode == 0, listing.stdout + listing.stderr
    assert "/add/*" in listing.stdout
