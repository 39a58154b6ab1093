"""The public keys of a client (RFC 7517), imported once."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from .client import Client


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key; ``jkt`` is its RFC 7638 thumbprint, however its JWK is written."""

    key: Key
    kid: str | None
    jkt: str


def keys_of(client: Client) -> tuple[ClientKey, ...]:
    """Import the keys of the client's JWK set, leaving out what is no public key of a known type.

    RFC 7517 §5: implementations SHOULD ignore JWKs with unknown or missing members.
    """
    jwks = (client.jwks or {}).get("keys", ())
    imported = (_imported(json.dumps(jwk, sort_keys=True)) for jwk in jwks)
    return tuple(key for key in imported if key is not None)


@lru_cache(maxsize=4096)
def _imported(jwk: str) -> ClientKey | None:
    try:
        key = import_key(json.loads(jwk))
        if not isinstance(key, ECKey | OKPKey | RSAKey):
            return None
        canonical = type(key).import_key(cast("Any", key.public_key))
        return ClientKey(key, key.kid, canonical.thumbprint())
    except (JoseError, ValueError, TypeError, KeyError):
        return None
