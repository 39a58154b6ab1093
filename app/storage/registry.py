"""Clients and resource servers, remembered for as long as nobody changed them.

Each change of one raises the registry's version in the change's own transaction. Whoever remembers
asks for the version several times a second, and forgets everything once it is another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from typing import TypeVar, cast

import structlog
from cachetools import LRUCache

from ..oauth.client import Client
from ..oauth.ports import ResourceServer
from .standalone import StandaloneClients, StandaloneResources
from .transactions import Transactions

T = TypeVar("T")

# Seconds between two looks at the version, and how long what was read may be believed after one:
# what is changed elsewhere reaches every server within a second.
POLL = 0.4
TRUST = 0.9

_log = structlog.get_logger(__name__)


class RememberedClients:
    """oauth.ports.Clients."""

    def __init__(self, registry: "Registry", clients: StandaloneClients) -> None:
        self._registry = registry
        self._clients = clients

    async def find(self, client_id: str) -> Client | None:
        return await self._registry.recall(("client", client_id), self._clients.find, client_id)


class RememberedResources:
    """oauth.ports.Resources."""

    def __init__(self, registry: "Registry", resources: StandaloneResources) -> None:
        self._registry = registry
        self._resources = resources

    async def find(self, uri: str) -> ResourceServer | None:
        return await self._registry.recall(("resource", uri), self._resources.find, uri)

    async def list(self) -> Sequence[ResourceServer]:
        async def read(_: str) -> Sequence[ResourceServer]:
            return tuple(await self._resources.list())

        return list(await self._registry.recall(("resources", ""), read, "") or ())


class Registry:
    """What one process remembers. Believed between ``start`` and ``close`` only.

    While the database does not answer, nothing is believed ``TRUST`` seconds after its last answer.
    """

    def __init__(self, transactions: Transactions, *, capacity: int = 10_000) -> None:
        self._transactions = transactions
        self._known: LRUCache[Hashable, object] = LRUCache(capacity)
        self._version: int | None = None
        self._generation = 0
        self._trusted_until = 0.0
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        transactions.on_registered = self.forget

    async def start(self) -> None:
        """Start to look at the version."""
        if self._task is None:
            await self._look()
            self._task = asyncio.create_task(self._follow(), name="follow-registry")

    async def close(self) -> None:
        """Stop, and forget everything."""
        self._stopping.set()
        if self._task is not None:
            await self._task
            self._task = None
        self._trusted_until = 0.0
        self.forget()

    def forget(self) -> None:
        """Forget everything, also what is being read at this moment."""
        self._generation += 1
        self._known.clear()

    async def recall(
        self, key: Hashable, read: Callable[[str], Awaitable[T | None]], name: str
    ) -> T | None:
        """Return what is remembered under the key, or read it. That nothing is there is not."""
        if asyncio.get_running_loop().time() >= self._trusted_until:
            return await read(name)
        known = self._known.get(key)
        if known is not None:
            return cast("T", known)
        generation = self._generation
        found = await read(name)
        if found is not None and generation == self._generation:
            self._known[key] = found
        return found

    async def _follow(self) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._stopping.wait()
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001  # what is remembered is not believed for long
                _log.warning("registry not read", error=type(error).__name__)

    async def _look(self) -> None:
        began = asyncio.get_running_loop().time()
        async with self._transactions.read() as work:
            version = await work.registry_version.find()
        if version != self._version:
            self._version = version
            self.forget()
        if version is not None:
            self._trusted_until = began + TRUST
