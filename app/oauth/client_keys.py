"""The public keys of a client (RFC 7517), imported once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from .client import Client

_KEY_CLASSES: Mapping[str, type[ECKey | OKPKey | RSAKey]] = MappingProxyType(
    {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
)


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key; ``jkt`` is its RFC 7638 thumbprint, however its JWK is written."""

    key: Key
    kid: str | None
    jkt: str


class KeysUnavailable(Exception):
    """The keys that a client publishes cannot be had. The message is a sentence for it."""


def keys_of(client: Client) -> tuple[ClientKey, ...]:
    """Import the keys of the client's JWK set."""
    return keys_in(client.jwks or {})


def keys_in(jwks: Mapping[str, Any]) -> tuple[ClientKey, ...]:
    """Import the keys of a JWK set, leaving out what is no public key of a known type.

    RFC 7517 §5: implementations SHOULD ignore JWKs with unknown or missing members.
    """
    imported = (_imported(json.dumps(jwk, sort_keys=True)) for jwk in jwks.get("keys", ()))
    return tuple(key for key in imported if key is not None)


@lru_cache(maxsize=4096)
def _imported(jwk: str) -> ClientKey | None:
    members = json.loads(jwk)
    try:
        key_class = _KEY_CLASSES[members["kty"]]
        key = key_class.import_key(members)
        canonical = key_class.import_key(cast("Any", key.public_key))
        return ClientKey(key, key.kid, canonical.thumbprint())
    except (JoseError, ValueError, TypeError, KeyError):
        return None
