"""Verifying access tokens that are JWTs, offline (RFC 9068 §4)."""

from collections.abc import Collection
from dataclasses import dataclass

from ..clock import Clock
from ..credentials import digest
from ..dpop.algorithms import ALGORITHMS
from ..oauth import signed_jwt
from . import principal
from .keys import Keys, KeySet
from .principal import Principal
from .reasons import InvalidToken
from .remembered import Remembered
from .signatures import signed_by

LEEWAY = 10
REMEMBERED = 4096

_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_NAME = "the access token"


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature was right under these keys."""

    keys: KeySet
    principal: Principal


class JwtTokens:
    """Implements ``Tokens``. A token is good until it expires: revocation shows at introspection.

    ``leeway``: seconds that the issuer's clock may differ. ``algs``: signature algorithms taken,
    all asymmetric. A token that comes again is not verified again while the issuer's keys stay.
    """

    def __init__(
        self,
        issuer: str,
        keys: Keys,
        clock: Clock,
        *,
        leeway: float = LEEWAY,
        algs: Collection[str] = signed_jwt.ALGS,
        remember: int = REMEMBERED,
    ) -> None:
        if unknown := set(algs) - ALGORITHMS.keys():
            raise ValueError(f"expected algorithms of {', '.join(ALGORITHMS)}, received {unknown}")
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._leeway = leeway
        self._algs = tuple(algs)
        self._remembered: Remembered[_Verified] = Remembered(remember)

    async def verify(self, value: str) -> Principal:
        keys, name = await self._keys.current(), digest(value)
        known = self._remembered.get(name)
        if known is None or known.keys is not keys:
            known = await self._verified(value, keys)
            self._remembered.put(name, known)
        self._check_times(known.principal)
        return known.principal

    async def _verified(self, value: str, keys: KeySet) -> _Verified:
        try:
            jwt = signed_jwt.parse(value, _NAME)
            _check_typ(jwt.header.get("typ"))
            # RFC 9068 §4: The resource server MUST reject any JWT in which the value of "alg" is
            # "none". RFC 8725 §3.1: it takes only algorithms it was told to take.
            signed_jwt.check_header(jwt.header, self._algs, _NAME)
        except signed_jwt.Unacceptable as refusal:
            raise InvalidToken(str(refusal)) from None
        # RFC 9068 §4: The resource server MUST validate the signature of all incoming JWT access
        # tokens according to RFC 7515 using the algorithm specified in the JWT alg Header.
        signers = await signed_by(jwt, self._keys, keys)
        if signers is None:
            raise InvalidToken("the access token is not signed with a key of its issuer")
        # RFC 9068 §4: The issuer identifier for the authorization server [...] MUST exactly match
        # the value of the "iss" claim.
        if jwt.claims.get("iss") != self._issuer:
            raise InvalidToken(f"the access token must be issued by {self._issuer}")
        # RFC 9068 §2.2: iss, exp, aud, sub, client_id, iat and jti are REQUIRED.
        if missing := [name for name in ("sub", "aud", "iat", "jti") if name not in jwt.claims]:
            raise InvalidToken(f"the access token has no {' and no '.join(missing)}")
        return _Verified(signers, principal.read(jwt.claims))

    def _check_times(self, token: Principal) -> None:
        now = self._clock.now()
        # RFC 9068 §4: The current time MUST be before the time represented by the "exp" claim.
        # Implementers MAY provide for some small leeway [...] to account for clock skew.
        if now >= token.expires_at + self._leeway:
            raise InvalidToken(f"the access token expired {now - token.expires_at:.0f} s ago")
        # RFC 7519 §4.1.5: the time before which the JWT MUST NOT be accepted for processing. An iat
        # in the future is no truer.
        for claim in ("nbf", "iat"):
            at = principal.number(token.claims, claim)
            if at is not None and at > now + self._leeway:
                raise InvalidToken(f"{claim} of the access token is {at - now:.0f} s ahead")


def _check_typ(typ: object) -> None:
    # RFC 9068 §4: The resource server MUST verify that the "typ" header value is "at+jwt" or
    # "application/at+jwt" and reject tokens carrying any other value.
    if not isinstance(typ, str) or typ.lower() not in _TYPES:
        raise InvalidToken("the typ of the access token must be at+jwt")
