"""Client secrets: made here, shown once, kept as hashes."""

from dataclasses import replace

from ..credentials import Kind, digest, mint
from ..oauth.client import AuthMethod, Client, ClientSecret
from .errors import Refused

# RFC 9700 gives no number; a month is long enough to reach every copy of a configuration.
MAX_OVERLAP = 31 * 24 * 3600
_WITH_SECRET = frozenset({AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST})


def has_secret(client: Client) -> bool:
    """Whether the client authenticates with a secret."""
    return client.auth_method in _WITH_SECRET


def with_first_secret(client: Client) -> tuple[Client, str | None]:
    """Give a new client its secret, if its kind has one. The value is nowhere else."""
    if not has_secret(client):
        return client, None
    value = mint(Kind.CLIENT_SECRET)
    return replace(client, secrets=(ClientSecret(digest(value)),)), value


def living(client: Client, now: float) -> tuple[ClientSecret, ...]:
    """Return the secrets that still work."""
    return tuple(
        each for each in client.secrets if each.expires_at is None or each.expires_at > now
    )


def with_next_secret(
    client: Client, *, now: float, overlap: int, value: str | None = None
) -> tuple[Client, str]:
    """Give a client a new secret, or this one; those it has end ``overlap`` seconds from now."""
    if not has_secret(client):
        raise Refused("client_secret", f"a client with the method {client.auth_method} has none")
    if not 0 <= overlap <= MAX_OVERLAP:
        raise Refused("overlap", f"expected 0 to {MAX_OVERLAP} seconds, received {overlap}")
    value = value or mint(Kind.CLIENT_SECRET)
    ending = tuple(
        ClientSecret(each.hash, _earlier(each.expires_at, now + overlap))
        for each in living(client, now)
        if overlap
    )
    return replace(client, secrets=(ClientSecret(digest(value)), *ending)), value


def _earlier(one: float | None, other: float) -> float:
    return other if one is None else min(one, other)
