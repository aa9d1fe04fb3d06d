"""Files that nobody else on the machine reads, whatever the umask and whoever made them."""

from __future__ import annotations

import os
from contextlib import suppress


def private_file(path: str) -> str:
    """Make the file and its folder, or take others' rights from those that are there; return the path.

    What SQLite adds beside a database has the database's rights.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    os.chmod(folder, 0o700)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    for there in (path, f"{path}-wal", f"{path}-shm", f"{path}-journal"):
        with suppress(FileNotFoundError):
            os.chmod(there, 0o600)
    return path
