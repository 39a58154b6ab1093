"""The keys of an issuer elsewhere: read once, kept, read anew."""

import math
from typing import Any

from ..clock import Clock
from ..oauth.errors import TemporarilyUnavailable
from .fetching import Unreadable, check_url, get_json, out_of_reach
from .issuer import Issuer
from .keys import KeySet
from .single_flight import SingleFlight

MAX_AGE = 300
STALE_FOR = 3600
PAUSE = 10


class RemoteKeys:
    """Implements ``Keys`` over HTTP. Times are seconds.

    ``max_age``: how long the keys are taken without another look; a key that the issuer withdrew is
    trusted for so long. ``stale_for``: how much longer they are while the issuer does not answer;
    after that, every request is refused with 503. ``pause``: the least time between two looks, so
    that tokens with made-up kids cannot make this API ask all the time.
    """

    def __init__(
        self,
        issuer: Issuer,
        clock: Clock,
        *,
        jwks_uri: str | None = None,
        max_age: float = MAX_AGE,
        stale_for: float = STALE_FOR,
        pause: float = PAUSE,
    ) -> None:
        self._issuer = issuer
        self._clock = clock
        self._jwks_uri = None if jwks_uri is None else check_url(jwks_uri)
        self._max_age = max_age
        self._stale_for = stale_for
        self._pause = pause
        self._set: KeySet | None = None
        self._read_at = self._tried_at = -math.inf
        self._failure: TemporarilyUnavailable | None = None
        self._flights: SingleFlight[None, None] = SingleFlight()

    async def current(self) -> KeySet:
        if self._age >= self._max_age:
            await self._look()
        if self._set is None or self._age >= self._max_age + self._stale_for:
            raise self._failure or TemporarilyUnavailable("the issuer's keys are not known yet")
        return self._set

    async def renewed(self, seen: KeySet) -> KeySet:
        if self._set is None or self._set is seen:
            await self._look()
        # Nobody can say of an unknown kid whether it is a new one.
        if self._failure is not None:
            raise self._failure
        return self._set or seen

    @property
    def _age(self) -> float:
        # A clock that was set back makes what was read look old, never new.
        return abs(self._clock.now() - self._read_at)

    async def _look(self) -> None:
        """Ask the issuer, unless somebody did a moment ago."""
        is_due = abs(self._clock.now() - self._tried_at) >= self._pause
        if is_due or self._flights.is_under_way(None):
            await self._flights.join(None, self._read)

    async def _read(self) -> None:
        self._tried_at = self._clock.now()
        try:
            jwks = await self._ask()
        except TemporarilyUnavailable as failure:
            self._failure = failure
            return
        self._failure, self._read_at = None, self._tried_at
        if self._set is None or self._set.jwks != jwks:
            self._set = KeySet(jwks)

    async def _ask(self) -> dict[str, Any]:
        url = self._jwks_uri or await self._issuer.endpoint("jwks_uri")
        jwks = await get_json(self._issuer.open_client, url)
        # RFC 7517 §5: The JSON object MUST have a "keys" member, with its value being an array.
        if not isinstance(jwks.get("keys"), list):
            raise out_of_reach(url, Unreadable("there is no JWK Set"))
        return jwks
