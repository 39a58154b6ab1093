"""A uvicorn server that stops without failing a request."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Seconds for a request that is being answered, and for the first one of a new connection.
GRACE = 10
FIRST_REQUEST = 0.5

_TICK, _GLANCE = 0.1, 0.01


class DrainingServer(uvicorn.Server):
    """Serves until a signal.

    SIGTERM: /health/ready says so, and every answer ends its connection, so that clients and
    balancers go elsewhere; ``drain`` seconds later nothing is taken any more, and what is under way
    is finished. SIGINT, or a second signal: the same without the wait.
    """

    def __init__(
        self, config: uvicorn.Config, *, drain: float, on_started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._drain_seconds = drain
        self._on_started = on_started
        self._hurried = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.started:
            # It may be waiting for its services, and has no request to finish.
            raise KeyboardInterrupt
        self._hurried = self.should_exit or sig == signal.SIGINT
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def _drain(self) -> None:
        if isinstance(self.config.loaded_app, FastAPI):
            self.config.loaded_app.state.stopping.set()
        # RFC 9112 §9.6: A server that does not support persistent connections, or is about to
        # close, sends the "close" connection option: the client knows where it stands.
        self.config.encoded_headers = [*self.config.encoded_headers, (b"connection", b"close")]
        for connection in self._connections():
            if not _is_idle(connection):
                connection.shutdown()
        for tick in range(round(self._drain_seconds / _TICK)):
            await self.on_tick(tick)
            await asyncio.sleep(_TICK)
            if self._hurried:
                return

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Here and not after the main loop, which a signal during the start leaves out.
        if not self._hurried:
            await self._drain()
        # What the kernel has taken for us would be reset with the listening socket.
        arrived = [each for listening in sockets or [] for each in _accept_all(listening)]
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for connection in arrived:
            await loop.connect_accepted_socket(self._protocol, connection)
        for _ in range(round(FIRST_REQUEST / _GLANCE)):
            await asyncio.sleep(_GLANCE)
            if not any(_is_new(connection) for connection in self._connections()):
                break
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return HttpToolsProtocol(self.config, self.server_state, self.lifespan.state)

    def _connections(self) -> list[HttpToolsProtocol]:
        return [
            each for each in self.server_state.connections if isinstance(each, HttpToolsProtocol)
        ]


def _is_new(connection: HttpToolsProtocol) -> bool:
    """Whether no request came yet. The library says that there always is one."""
    cycle: object = connection.cycle
    return cycle is None


def _is_idle(connection: HttpToolsProtocol) -> bool:
    return _is_new(connection) or connection.cycle.response_complete


def _accept_all(listening: socket.socket) -> Iterator[socket.socket]:
    with suppress(BlockingIOError):
        while True:
            connection, _ = listening.accept()
            connection.setblocking(False)
            yield connection
