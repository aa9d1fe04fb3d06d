"""OAuth 2, whose access tokens are session tokens: every service takes them, and all of Ficha applies to them.

The toolkit keeps its own row for each token, with a digest in it. Only the session counts: when that ends, the row says
nothing. Refresh tokens are not issued; a session lives as long as it is used, and as its timeouts allow.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import SettingsScopes
from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError

from accounts.authentication import roles_of
from accounts.models import Application, SpentCode
from ficha.django import get_client


def issue_token(request: Request, refresh_token: bool = False) -> str:
    """Return the token of a new session: a client's own, or a user's with what the user allowed the client."""
    client = request.client
    if request.grant_type == "client_credentials":
        principal, roles = f"client:{client.name}", ()
    else:
        principal, roles = request.user.username, roles_of(request.user)
    session = get_client().create(
        principal,
        roles=roles,
        scopes=request.scopes,
        device=("", client.name),
        authenticated=False,
        absolute_timeout=request.expires_in,
    )
    request.session_id = session.id
    return str(session.token)


class Server(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):
    """The two grants of RFC 9700: authorization code with PKCE for users, client credentials for machines."""

    def __init__(
        self,
        request_validator: OAuth2Validator,
        token_expires_in: int | None = None,
        token_generator: Any = None,
        refresh_token_generator: Any = None,
        **_: Any,
    ) -> None:
        """Put it together."""
        code = AuthorizationCodeGrant(request_validator, refresh_token=False)
        credentials = ClientCredentialsGrant(request_validator)
        bearer = BearerToken(request_validator, token_generator, token_expires_in, refresh_token_generator)
        AuthorizationEndpoint.__init__(self, "code", response_types={"code": code}, default_token_type=bearer)
        TokenEndpoint.__init__(
            self,
            "authorization_code",
            grant_types={"authorization_code": code, "client_credentials": credentials},
            default_token_type=bearer,
        )
        RevocationEndpoint.__init__(self, request_validator, supported_token_types=["access_token"])

    def create_token_response(self, *args: Any, **kwargs: Any) -> Any:
        """Answer a token request. A code that another exchange spends meanwhile is judged again, as used twice."""
        try:
            return super().create_token_response(*args, **kwargs)
        except get_grant_model().DoesNotExist:
            return super().create_token_response(*args, **kwargs)


class Validator(OAuth2Validator):
    """The toolkit's rules, and the session's end."""

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Say whether the code may be exchanged. If it was, the session it gave ends (RFC 6749, section 4.1.2)."""
        valid: bool = super().validate_code(client_id, code, client, request, *args, **kwargs)
        if not valid:
            _end_session_of(code, client)
        return valid

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Spend the code that has just given a session. Of two exchanges at once, neither keeps what it was given."""
        now = timezone.now()
        try:
            with transaction.atomic():
                super().invalidate_authorization_code(client_id, code, request, *args, **kwargs)
                SpentCode.objects.filter(expires__lte=now).delete()
                SpentCode.objects.create(
                    code_digest=_digest(code),
                    application=request.client,
                    session_id=request.session_id,
                    expires=now + timedelta(seconds=request.expires_in),
                )
        except InvalidGrantError:
            get_client().revoke(request.session_id)
            _end_session_of(code, request.client)
            raise

    def revoke_token(self, token: str, token_type_hint: str, request: Request, *args: Any, **kwargs: Any) -> None:
        """End the session of a token of this client (RFC 7009); raises StoreError when it may live on."""
        issued = get_access_token_model().objects.filter(token_checksum=_digest(token), application=request.client)
        session_id = get_client().session_id(token)
        if session_id is not None and issued.exists():
            get_client().revoke(session_id)
        super().revoke_token(token, token_type_hint, request, *args, **kwargs)


def application_of(token: str) -> Application | None:
    """Return to which application this service has issued a token; nothing that a session holds says so."""
    issued = get_access_token_model().objects.filter(token_checksum=_digest(token)).select_related("application")
    row = issued.first()
    return None if row is None else row.application


def _end_session_of(code: str, application: Application) -> None:
    for spent in SpentCode.objects.filter(code_digest=_digest(code), application=application):
        get_client().revoke(spent.session_id)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Backend(OAuthLibCore):
    """The toolkit's bridge from Django's requests."""

    def authenticated_client(self, request: HttpRequest) -> Application | None:
        """Return the client that proves itself by its secret (RFC 6749, section 2.3.1)."""
        asked = Request(*self._extract_params(request))
        return asked.client if self.server.request_validator.authenticate_client(asked) else None


class ApplicationScopes(SettingsScopes):
    """An application gets the scopes it is registered for."""

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return what the application may ask for."""
        if application is None:
            return list(settings.OAUTH2_PROVIDER["SCOPES"])
        return str(application.scopes).split()

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """Return what the application gets that asks for nothing in particular."""
        return self.get_available_scopes(application)
