"""What an authorization code stands for (RFC 6749 §4.1.2)."""

from dataclasses import dataclass

from ..credentials import digest
from .authorization_details import Details


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """The grant behind a code. Times are POSIX seconds.

    ``redirect_uri`` is the one of the authorization request; ``redirect_uri_sent`` tells whether it
    was in the request, and so must be repeated. ``dpop_jkt`` is the key the code is bound to
    (RFC 9449 §10), if any. ``acr`` says how the person signed in (see authentication_context).
    """

    client_id: str
    user_id: str
    redirect_uri: str
    redirect_uri_sent: bool
    code_challenge: str
    scopes: frozenset[str]
    resources: tuple[str, ...]
    dpop_jkt: str | None
    auth_time: float
    expires_at: float
    acr: str | None = None
    authorization_details: Details = ()

    @property
    def fingerprint(self) -> str:
        """What a redemption must match, as one hash: it outlives the code beside the family."""
        return fingerprint(self.client_id, self.redirect_uri, self.code_challenge)


def fingerprint(client_id: str, redirect_uri: str, code_challenge: str) -> str:
    """Hash the client, the redirect URI and the S256 challenge: 43 characters."""
    return digest(f"{client_id}\n{redirect_uri}\n{code_challenge}")
