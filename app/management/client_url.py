"""Client identifiers that are URLs (draft-ietf-oauth-client-id-metadata-document §3)."""

from urllib.parse import unquote, urlsplit

from ..oauth.client import AuthMethod, Client
from ..outbound.errors import NotAllowed
from ..outbound.target import target_of
from .errors import Refused

FIELD = "client_id"
MAX_LENGTH = 256


def is_url(client_id: str) -> bool:
    """Whether the client_id is meant as a URL: no other of ours has these characters."""
    return client_id.startswith(("https://", "http://"))


def host_of(url: str) -> str:
    """Return the host of a valid URL."""
    return urlsplit(url).hostname or ""


def shown_host(client_id: str) -> str | None:
    """Return host and port of a client_id that is a URL, to be shown to people; else None."""
    return urlsplit(client_id).netloc.lower() if is_url(client_id) else None


def unnamed(client_id: str, *, disabled: bool = False, created_at: float = 0.0) -> Client:
    """Return what is known of the client at a URL before its document is read: nothing."""
    return Client(
        client_id,
        host_of(client_id),
        AuthMethod.NONE,
        unverified=True,
        disabled=disabled,
        created_at=created_at,
    )


def check(client_id: str, *, http_on_loopback: bool = False) -> None:
    """Raise Refused unless the URL is one that a client may go by."""
    if len(client_id) > MAX_LENGTH:
        raise Refused(
            FIELD, f"expected a URL of at most {MAX_LENGTH} characters, received {len(client_id)}"
        )
    try:
        # §3: MUST have an "https" scheme, [...] MUST NOT contain a fragment component and MUST NOT
        # contain a username or password.
        target_of(client_id, http_on_loopback=http_on_loopback)
    except NotAllowed as error:
        raise Refused(FIELD, error.sentence) from None
    path = urlsplit(client_id).path
    # §3: MUST contain a path component
    if not path:
        raise Refused(
            FIELD, f"'{client_id}' has no path; expected one like https://client.example/client"
        )
    # §3: MUST NOT contain single-dot or double-dot path segments
    if {".", ".."} & set(unquote(path).split("/")):
        raise Refused(FIELD, f"'{client_id}' has '.' or '..' in its path; write the path in full")
