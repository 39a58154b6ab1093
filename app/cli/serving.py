"""Runs the server, in this process or in workers, and says where it listens once it does."""

import json
import logging
import os
import socket
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import typer
import uvicorn
from rich.text import Text
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.lifespan.on import LifespanOn

from ..clock import SystemClock
from ..http import paths
from ..settings import LOOPBACK_HOSTS, PREFIX, Settings, load_settings
from ..telemetry.logs import configure_logging
from .draining import GRACE, DrainingServer
from .failures import in_one_line
from .output import Failure, facts, show
from .workers import READY, Workers

APPLICATION = f"{__package__.rpartition('.')[0]}.main:create_app_from_environment"
ISSUER = PREFIX + "ISSUER"
DEFAULT_PORT = 8000

# Seconds to write what waits and to close the stores, once the last answer is out.
CLOSING = 10


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen. ``port`` None: where a loopback issuer says, else 8000; 0: any free one."""

    host: str
    port: int | None


def serve_forever(listen: Listen, *, workers: int, as_json: bool) -> None:
    """Run until stopped. Raises Failure, or what kept the application from starting."""
    _check_workers(load_settings(), workers)
    opened = _open_socket(listen)
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    announcement = _Announcement(settings, opened, as_json=as_json)
    if workers == 1:
        _serve(opened, announcement.make)
        return
    patience = settings.drain_seconds + GRACE + CLOSING
    Workers(_work, opened, workers, clock=SystemClock(), patience=patience).run(announcement.make)


def _serve(opened: socket.socket, on_started: Callable[[], None]) -> None:
    settings = load_settings()
    # Its lines say less than ours; what goes wrong is still told.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=GRACE,
    )
    config.load()
    config.lifespan_class = _Lifespan
    server = DrainingServer(config, drain=settings.drain_seconds, on_started=on_started)
    try:
        server.run(sockets=[opened])
    except KeyboardInterrupt:
        return
    except SystemExit:  # so uvicorn leaves when the start fails
        if isinstance(server.lifespan, _Lifespan) and server.lifespan.failure:
            raise server.lifespan.failure from None
        raise


def _work(opened: socket.socket, say: Callable[[str], None]) -> None:
    try:
        _serve(opened, partial(say, READY))
    except Exception as error:
        line = in_one_line(error)
        say(line or f"a worker failed: {type(error).__name__}; see above")
        if line is None:
            raise
        raise SystemExit(1) from None


def _check_workers(settings: Settings, workers: int) -> None:
    if workers > 1 and settings.redis_url is None:
        raise Failure(
            f"{workers} workers need Redis: each would remember codes and proofs of its own, and "
            "a stolen one would work twice; set HOLDFAST_REDIS_URL, or use one worker"
        )


def _open_socket(listen: Listen) -> socket.socket:
    """Bind; while no issuer is set and the address is loopback, the issuer follows it."""
    issuer = urlsplit(load_settings().issuer)
    port = listen.port
    if port is None:
        port = (issuer.port or 80) if _is_local(issuer.hostname, issuer.scheme) else DEFAULT_PORT
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        opened = socket.create_server((listen.host, port), family=family, backlog=2048)
    except OSError as error:
        raise Failure(
            f"cannot listen on {listen.host} port {port}: {_reason(error)}; "
            "choose another with --port"
        ) from None
    opened.set_inheritable(True)
    if ISSUER not in os.environ:
        os.environ[ISSUER] = f"http://{_reachable(listen.host)}:{opened.getsockname()[1]}"
    return opened


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def _is_local(host: str | None, scheme: str) -> bool:
    return scheme == "http" and host in LOOPBACK_HOSTS


def _reachable(host: str) -> str:
    if host == "::1":
        return "[::1]"
    return host if host in LOOPBACK_HOSTS else "127.0.0.1"


class _Announcement:
    """What is printed once the server answers."""

    def __init__(self, settings: Settings, opened: socket.socket, *, as_json: bool) -> None:
        address, port = opened.getsockname()[:2]
        self._as_json = as_json
        self._data = {
            "issuer": settings.issuer,
            "listening": f"{address}:{port}",
            "metadata": settings.issuer + paths.METADATA,
        }

    def make(self) -> None:
        if self._as_json:
            # One line, at once: whoever started this waits for it.
            typer.echo(json.dumps(self._data))
            return
        command = "uv run holdfast" if "UV" in os.environ else "holdfast"
        show(
            self._data,
            Text.assemble(("Holdfast is running", "bold"), f" at {self._data['issuer']}\n"),
            facts(self._data),
            Text(
                "\nNext, in another terminal with the same settings:\n"
                f"  {command} user add you@example.com\n"
                f"  {command} client add --type native --name 'My app' "
                "--redirect-uri http://127.0.0.1/callback\n"
                "Stop with Ctrl-C.\n"
            ),
            as_json=False,
        )


class _Lifespan(LifespanOn):
    """Keeps what went wrong at the start, to be told in one line and not as a traceback."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.config = copy(config)
        self.config.loaded_app = self._watched
        self._application: ASGIApp = config.loaded_app
        self.failure: Exception | None = None

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_without_traceback(message: Message) -> None:
            await send({"type": message["type"]})

        try:
            await self._application(scope, receive, send_without_traceback)
        except Exception as error:
            self.failure = error
            self.logger.disabled = True
            raise
