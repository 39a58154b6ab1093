"""Software statements (RFC 7591 §2.3): metadata that somebody trusted here vouches for."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import signed_jwt
from .client_keys import ClientKey
from .errors import InvalidSoftwareStatement, UnapprovedSoftwareStatement
from .signed_jwt import SignedJwt, Unacceptable

# RFC 7519 §4.1: what a JWT says of itself, and not of the client.
OF_THE_JWT = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})

_NAME = "software_statement"
_FOREVER = 2**53


class SoftwareStatements:
    """Reads software statements. ``issuers`` maps each ``iss`` trusted here to its keys."""

    def __init__(self, issuers: Mapping[str, Sequence[ClientKey]], *, audience: str) -> None:
        self._issuers = issuers
        self._audience = audience

    def read(self, value: str, now: float) -> dict[str, Any]:
        """Return the client metadata that the statement holds.

        Raises InvalidSoftwareStatement or UnapprovedSoftwareStatement.
        """
        try:
            jwt = signed_jwt.parse(value, _NAME)
            keys = self._keys_of(jwt.claims.get("iss"))
            signed_jwt.check_header(jwt.header, signed_jwt.ALGS, _NAME)
            _check_signature(jwt, keys)
            self._check_times(jwt.claims, now)
            self._check_audience(jwt.claims)
        except Unacceptable as flaw:
            raise InvalidSoftwareStatement(str(flaw)) from None
        return {name: each for name, each in jwt.claims.items() if name not in OF_THE_JWT}

    def _keys_of(self, issuer: object) -> Sequence[ClientKey]:
        # RFC 7591 §2.3: MUST contain an "iss" (issuer) claim denoting the party attesting to the
        # claims in the software statement.
        if not isinstance(issuer, str):
            raise Unacceptable(f"{_NAME} has no iss")
        if issuer not in self._issuers:
            raise UnapprovedSoftwareStatement(
                f"iss of {_NAME} is '{issuer[:200]}', which this server does not trust to vouch "
                "for software"
            )
        return self._issuers[issuer]

    def _check_times(self, claims: Mapping[str, Any], now: float) -> None:
        # A statement may be good for ever: unlike an assertion it needs no exp.
        dated = {"exp": now + 1, **claims}
        signed_jwt.check_times(dated, _NAME, now=now, max_lifetime=_FOREVER)

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        # RFC 7519 §4.1.3: If the principal processing the claim does not identify itself with a
        # value in the "aud" claim when this claim is present, then the JWT MUST be rejected.
        if "aud" not in claims:
            return
        named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if self._audience not in named:
            raise Unacceptable(f"aud of {_NAME} does not name this server, '{self._audience}'")


def _check_signature(jwt: SignedJwt, keys: Sequence[ClientKey]) -> None:
    if not signed_jwt.is_signed_by(jwt, keys):
        raise Unacceptable(f"no key of its issuer made the signature of {_NAME}")
