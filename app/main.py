"""The composition root: opens stores, builds services, mounts routes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from .accounts.passwords import Passwords
from .background import repeated
from .clock import Clock, SystemClock
from .composition.browsing import Browsing, failure_page
from .composition.client_sources import clients_by_url, origins
from .composition.demo_resource import demo_resource
from .composition.device import device
from .composition.feature import Feature
from .composition.forward_auth import forward_auth
from .composition.guarding import answer_refusals
from .composition.held_tokens import held_tokens
from .composition.inspector import inspector
from .composition.published import health, published
from .composition.registration import registration
from .composition.services import Services, State
from .composition.signing_in import signing_in
from .composition.token import token
from .http import failures
from .http.access_log import AccessLog
from .http.cors import Cors
from .http.peer import RememberPeer
from .parts import KEY_POLL, Parts, open_parts
from .settings import Settings, load_settings
from .state import epoch
from .state.memory import MemoryState
from .state.redis import RedisState
from .storage import lock, migrate
from .storage.pruner import INTERVAL as PRUNE_INTERVAL
from .storage.pruner import Pruner
from .telemetry.logs import configure_logging
from .telemetry.metrics import Metrics
from .waiting import wait_for


class NotMigrated(Exception):
    """The database's tables are older than this program; the message names the command to run."""


def create_app_from_environment() -> FastAPI:
    """Make the application from HOLDFAST_… settings: uvicorn's factory."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    return create_app(settings)


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """Make the application. Its stores open, and its routes appear, when its lifespan starts."""
    time, metrics = clock or SystemClock(), Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            parts, state = await _open(settings, time, stack)
            app.state.parts, app.state.stores = parts, state
            passwords = Passwords()
            stack.callback(passwords.close)
            _mount(app, Services(settings, time, parts, state, metrics), passwords)
            yield

    app = FastAPI(
        title="Holdfast",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # A path with a slash too many is not there: the redirect would trust the Host header, and
        # repeat a form with its secrets.
        redirect_slashes=False,
    )
    # Set by whoever runs the application, some time before it ends, so that balancers look away.
    app.state.stopping = asyncio.Event()
    failures.install(
        app, clock=time, issuer=settings.issuer, metrics=metrics, page=failure_page(settings)
    )
    answer_refusals(app, metrics)
    app.add_middleware(Cors, origins=lambda: origins(settings, app.state.parts.database))
    app.add_middleware(AccessLog, clock=time, metrics=metrics)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
        app.add_middleware(RememberPeer)
    return app


async def _open(settings: Settings, clock: Clock, stack: AsyncExitStack) -> tuple[Parts, State]:
    url = settings.sql_url
    parts = await stack.enter_async_context(open_parts(settings, clock))
    if not url.startswith("sqlite"):
        await wait_for(
            "the database",
            "HOLDFAST_DATABASE_URL",
            parts.database.ping,
            patience=settings.start_timeout,
        )
    state = await _open_state(settings, clock, stack)
    await _check_schema(parts, url)
    await _claim_first(parts, state)
    await parts.keys.ensure()
    await parts.keyring.refresh()
    await parts.database.start()
    pruner = Pruner(parts.database, clock)
    for task in (
        # Other replicas rotate the keys too. The keyring itself says when it is too old.
        repeated("keys", lambda _: parts.keyring.refresh(), interval=KEY_POLL),
        repeated("pruner", pruner.prune, interval=PRUNE_INTERVAL),
    ):
        await stack.enter_async_context(task)
    return parts, state


async def _open_state(settings: Settings, clock: Clock, stack: AsyncExitStack) -> State:
    state: State
    if settings.redis_url is not None:
        redis_url = settings.redis_url.get_secret_value()
        state = await wait_for(
            "Redis",
            "HOLDFAST_REDIS_URL",
            lambda: RedisState.connect(redis_url, clock),
            patience=settings.start_timeout,
        )
    else:
        held = lock.hold_exclusive(settings.sql_url, on_lost=_stop)
        await stack.enter_async_context(held)
        state = MemoryState(clock, born_at=_memory_born_at(settings, clock))
    stack.push_async_callback(state.close)
    return state


def _memory_born_at(settings: Settings, clock: Clock) -> float | None:
    # Whose database is elsewhere may have had another server there, with another data directory:
    # only in the directory that holds both is a first start certain to be the first.
    if settings.database_url is None:
        return epoch.begin(settings.data_dir, clock)
    return clock.now()


async def _claim_first(parts: Parts, state: State) -> None:
    """Let a memory off the rules of one that was lost, if none served this database before it."""
    name = state.name
    async with parts.database.begin() as unit:
        is_first = await unit.first_memory.claim(name)
        await unit.commit()
    if is_first:
        state.was_first(name)


async def _check_schema(parts: Parts, url: str) -> None:
    """Migrate SQLite; on any other database refuse to serve what is not migrated."""
    if url.startswith("sqlite"):
        await migrate.upgrade(url)
    elif (await parts.database.schema_state()).is_behind:
        raise NotMigrated("the database is not migrated; run `holdfast db upgrade`, then start")


def _stop() -> None:
    # Not SIGTERM, on which the server would go on for a while.
    os.kill(os.getpid(), signal.SIGINT)


def _features(services: Services, passwords: Passwords) -> Sequence[Feature]:
    """List what clients and people use. A new part of the server is one more line here."""
    browsing = Browsing(services)
    return (
        token(services),
        signing_in(services, browsing, passwords),
        held_tokens(services),
        forward_auth(services),
        demo_resource(services),
        inspector(services, browsing),
        registration(services),
        clients_by_url(services.settings),
        device(services, browsing),
    )


def _mount(app: FastAPI, services: Services, passwords: Passwords) -> None:
    features = _features(services, passwords)
    said = (published(services, features), health(services, app.state.stopping.is_set))
    for feature in (*features, *said):
        for router in feature.routers:
            app.include_router(router)
