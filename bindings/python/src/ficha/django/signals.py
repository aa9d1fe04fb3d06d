"""Signals. Handlers run in the request, in the thread that answers it; they must not be asynchronous."""

from django.dispatch import Signal

#: A session was stored for the first time or got a new token. Arguments: sender (the engine's class), session.
session_issued = Signal()

#: A session was revoked by logout or flush. Arguments: sender (the engine's class), session_id.
session_revoked = Signal()

#: The policy refused a request. Arguments: sender (FichaMiddleware), request, decision.
request_denied = Signal()
