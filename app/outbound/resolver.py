"""Host names to addresses."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

THREADS = 8


class Resolver(Protocol):
    """Finds the addresses of a host."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return them, the best first. Raises OSError where there are none."""
        ...


class SystemResolver:
    """The machine's resolver, in threads of its own.

    A name server that never answers holds threads for long; those of the event loop, which connect
    to the database and to Redis, must not be among them.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolver")

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
