"""Verifying access tokens by asking the authorization server (RFC 7662, RFC 9701)."""

from dataclasses import dataclass

from ..clock import Clock
from ..credentials import digest
from . import principal
from .introspection_client import Answer, IntrospectionClient
from .principal import Principal
from .reasons import InvalidToken
from .remembered import Remembered
from .single_flight import SingleFlight

REMEMBER_FOR = 10
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class _Known:
    """What was answered about a token; None for one that is not active."""

    principal: Principal | None
    until: float


class IntrospectedTokens:
    """Implements ``Tokens``. What was revoked is refused once the answer about it is forgotten.

    ``remember_for``: seconds an answer stands for the same token, 0 for none; ``remember``: answers
    kept at most. Requests with the same token at the same time share one question.
    """

    def __init__(
        self,
        client: IntrospectionClient,
        clock: Clock,
        *,
        remember_for: float = REMEMBER_FOR,
        remember: int = REMEMBERED,
    ) -> None:
        self._client = client
        self._clock = clock
        self._remember_for = remember_for
        self._remembered: Remembered[_Known] = Remembered(remember)
        self._flights: SingleFlight[str, _Known] = SingleFlight()

    async def verify(self, value: str) -> Principal:
        name = digest(value)
        known = self._remembered.get(name)
        if known is None or self._clock.now() >= known.until:
            known = await self._flights.join(name, lambda: self._asked(value, name))
        found = known.principal
        # RFC 7662 §2.2: active: Boolean indicator of whether or not the presented token is
        # currently active. What is not says no more.
        if found is None or self._clock.now() >= found.expires_at:
            raise InvalidToken("the access token is expired, revoked, or not for this resource")
        return found

    async def _asked(self, value: str, name: str) -> _Known:
        found = _read(await self._client.ask(value))
        # RFC 7662 §4: the response MUST NOT be used beyond the exp of the token it is about.
        until = self._clock.now() + self._remember_for
        known = _Known(found, until if found is None else min(until, found.expires_at))
        if self._remember_for > 0:
            self._remembered.put(name, known)
        return known


def _read(answer: Answer) -> Principal | None:
    return principal.read(answer) if answer.get("active") is True else None
