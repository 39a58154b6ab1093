"""The signing keys. Every change commits with its audit event."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

from ..clock import Clock
from ..telemetry.audit import AuditEvent, EventKind
from ..tokens.lifecycle import KeyLifecycle
from ..tokens.ports import KeyState, SealedKey, SealedKeys
from .ports import Database, Work

_EVENTS: Mapping[str, EventKind] = MappingProxyType(
    {KeyState.ACTIVE: EventKind.KEY_ACTIVATED, KeyState.REVOKED: EventKind.KEY_REVOKED}
)


class KeyManagement:
    """The keys that sign access tokens. ``actor`` is who the audit log names.

    ``lifecycle`` makes the rules of tokens around the keys of one unit of work.
    All but ``list`` raise tokens.errors.SigningKeyError, with nothing changed.
    """

    def __init__(
        self,
        database: Database,
        lifecycle: Callable[[SealedKeys], KeyLifecycle],
        clock: Clock,
        *,
        actor: str,
    ) -> None:
        self._database = database
        self._lifecycle = lifecycle
        self._clock = clock
        self._actor = actor

    async def list(self) -> Sequence[SealedKey]:
        """Return every key, in whatever state."""
        async with self._database.read() as work:
            return await work.keys.list()

    async def ensure(self) -> None:
        """See to it that there is an active key and a next one."""
        async with self._changing() as (_, lifecycle):
            await lifecycle.ensure()

    async def rotate(self, *, now: bool = False) -> str:
        """Let the next key sign; return its kid."""
        async with self._changing() as (_, lifecycle):
            return await lifecycle.rotate(now=now)

    async def revoke(self, kid: str) -> None:
        """Withdraw a key at once; what it signed is void."""
        async with self._changing() as (_, lifecycle):
            await lifecycle.revoke(kid)

    async def reencrypt(self) -> int:
        """Seal every key with the current secret of the deployment; return how many."""
        async with self._changing() as (work, lifecycle):
            count = await lifecycle.reencrypt()
            await self._note(work, EventKind.KEY_REENCRYPTED, keys=str(count))
        return count

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[tuple[Work, KeyLifecycle]]:
        async with self._database.begin() as work:
            before = await _states(work)
            yield work, self._lifecycle(work.keys)
            for kid, state in (await _states(work)).items():
                if kid not in before:
                    await self._note(work, EventKind.KEY_CREATED, kid=kid)
                if before.get(kid) != state and state in _EVENTS:
                    await self._note(work, _EVENTS[state], kid=kid)
            await work.commit()

    async def _note(self, work: Work, kind: EventKind, **details: str) -> None:
        await work.audit.add(
            AuditEvent(at=self._clock.now(), kind=kind, details={"actor": self._actor, **details})
        )


async def _states(work: Work) -> dict[str, str]:
    return {key.kid: key.state for key in await work.keys.list()}
