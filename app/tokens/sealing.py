"""Private signing keys at rest: encrypted with a key derived from the deployment's secret."""

import json
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from .derivation import SIGNING_KEYS_AT_REST, derive
from .errors import KeyUnreadable

_ALGORITHMS = ("dir", "A256GCM")


class Sealer:
    """Seals private JWKs with the current secret, opens them with it or the previous one."""

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self._keys = [
            OctKey.import_key(key) for key in derive(SIGNING_KEYS_AT_REST, secret, previous)
        ]

    def seal(self, kid: str, private_jwk: dict[str, Any]) -> str:
        """Encrypt as a compact JWE. The kid, in its header, is authenticated with the rest."""
        header = {"alg": "dir", "enc": "A256GCM", "kid": kid}
        return jwe.encrypt_compact(header, json.dumps(private_jwk), self._keys[0], _ALGORITHMS)

    def open(self, kid: str, sealed: str) -> dict[str, Any]:
        """Decrypt. Raises KeyUnreadable, also when it was sealed as another key."""
        for key in self._keys:
            try:
                opened = jwe.decrypt_compact(sealed, key, _ALGORITHMS)
            except (JoseError, ValueError):
                continue
            if opened.headers().get("kid") == kid and opened.plaintext is not None:
                jwk: dict[str, Any] = json.loads(opened.plaintext)
                return jwk
        raise KeyUnreadable(kid)
