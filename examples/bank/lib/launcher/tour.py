"""What to try with the running bank."""

from __future__ import annotations

from system import System


def tour(system: System) -> str:
    """Return it."""
    passwords = system.passwords
    return f"""
The bank is open at

    {system.origin}

    alice / {passwords["alice"]}      a customer
    admin / {passwords["admin"]}      who assigns roles

Try this:
  - Log in as alice. Five services in four languages show the same session, cards by turns from one of two instances.
  - Add a note through one service, and see it in the others.
  - Ask for the margins: refused. In a private window, give alice the role "trader" as admin, and ask again.
  - Transfer money. Five minutes after the login it asks for the password once more.
  - Log in from a second browser, see it under "My devices", and end it there. Log out everywhere.
  - Stop Redis:  redis-cli -p {system.redis_port} shutdown
    Nobody is logged out; bring it back:  redis-server {system.redis_configuration}
  - As a machine:
      token=$(curl -s -u 'reporting:{system.client_secret}' -d grant_type=client_credentials \\
        {system.origin}/auth/oauth/token | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
      curl -H "Authorization: Bearer $token" {system.origin}/rates/session
  - Look at what is stored (no token is):  redis-cli -p {system.redis_port} --scan

Logs: {system.run / "log"}      Ctrl-C stops everything.
"""
