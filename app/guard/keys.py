"""The public keys of an issuer, and where they come from."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..dpop.algorithms import Algorithm
from ..dpop.errors import ProofRefused
from ..dpop.key_material import AnyKey
from ..dpop.keys import public_key

MAX_KEYS = 64


class KeySet:
    """A JWK Set (RFC 7517 §5) as it was read once: immutable."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self.jwks = jwks
        members = jwks.get("keys")
        listed = members[:MAX_KEYS] if isinstance(members, list) else []
        self._keys = [each for each in map(_SigningKey.of, listed) if each is not None]

    def find(self, kid: object, algorithm: Algorithm) -> list[AnyKey]:
        """Return the keys that may have made a signature: of that kid if there is one."""
        return [
            each.key
            for each in self._keys
            if (kid is None or each.kid == kid) and each.fits(algorithm)
        ]


class _SigningKey:
    """One key of a set that may verify something."""

    def __init__(self, jwk: Mapping[str, Any]) -> None:
        self._jwk = jwk
        self.kid = jwk.get("kid")
        self.key = public_key(jwk).key

    @classmethod
    def of(cls, jwk: object) -> "_SigningKey | None":
        """Import a member of the set, None if it is no public key to verify with.

        RFC 7517 §5: implementations SHOULD ignore JWKs with unknown or missing members.
        """
        if not isinstance(jwk, Mapping) or jwk.get("use", "sig") != "sig":
            return None
        try:
            return cls(jwk)
        except ProofRefused:
            return None

    def fits(self, algorithm: Algorithm) -> bool:
        # RFC 7517 §4.4: The "alg" parameter identifies the algorithm intended for use with the key.
        is_meant = self._jwk.get("alg", algorithm.name) in algorithm.names
        is_on_curve = algorithm.crv is None or self._jwk.get("crv") == algorithm.crv
        return is_meant and is_on_curve and self._jwk.get("kty") == algorithm.kty


class Keys(Protocol):
    """An issuer's keys, kept fresh. Raises TemporarilyUnavailable when there are none to go by."""

    async def current(self) -> KeySet:
        """Return the keys; the very same object for as long as they are the same keys."""
        ...

    async def renewed(self, seen: KeySet) -> KeySet:
        """Return the keys, ``seen`` being without the one looked for."""
        ...


class LocalKeys:
    """The keys of a keyring in this very process. ``jwks`` returns the JWK Set as it is now."""

    def __init__(self, jwks: "JwksReader") -> None:
        self._jwks = jwks
        self._set = KeySet({})

    async def current(self) -> KeySet:
        jwks = self._jwks()
        if jwks != self._set.jwks:
            self._set = KeySet(jwks)
        return self._set

    async def renewed(self, seen: KeySet) -> KeySet:  # noqa: ARG002  # the port's: nothing is older here
        return await self.current()


class JwksReader(Protocol):
    """Reads a JWK Set."""

    def __call__(self) -> Mapping[str, Any]: ...
