"""The composition root: opens stores, builds services, mounts routes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import structlog
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from . import held_tokens
from .accounts.passwords import Passwords
from .accounts.permissions import Permissions
from .accounts.sessions import BrowserSessions
from .accounts.sign_in import SignIn
from .clock import Clock, SystemClock
from .dpop.admission import Admission
from .held_tokens import HeldTokens
from .http import failures, paths
from .http.access_log import AccessLog
from .http.browser import Browsers
from .http.cors import Cors
from .oauth import metadata
from .oauth.authorization_endpoint import AuthorizationEndpoint
from .oauth.authorization_request_endpoint import RequestChecks, RequestReader
from .oauth.client_assertion import ASSERTION_ALGS
from .oauth.client_auth import AUTH_METHODS, ClientAuthenticator
from .oauth.grants.authorization_code import AuthorizationCodeGrant
from .oauth.grants.client_credentials import ClientCredentialsGrant
from .oauth.grants.minting import Mint
from .oauth.grants.refresh_token import RefreshTokenGrant
from .oauth.lifetimes import Lifetimes
from .oauth.pushed_authorization_endpoint import PushedAuthorizationEndpoint
from .oauth.token_endpoint import TokenEndpoint
from .parts import JWKS_MAX_AGE, KEY_POLL, Parts, open_parts
from .routes import authorize as authorize_route
from .routes import health as health_route
from .routes import metadata as metadata_route
from .routes import metrics as metrics_route
from .routes import par as par_route
from .routes import token as token_route
from .settings import Settings, load_settings
from .state import epoch
from .state.memory import MemoryState
from .state.redis import RedisState
from .storage import lock, migrate
from .telemetry.logs import configure_logging
from .telemetry.metrics import CountingAudit, Metrics
from .tokens.access_tokens import SignedAccessTokens
from .tokens.derivation import OPENED_REQUESTS, SIGN_IN_FORMS, derive
from .tokens.keyring import Keyring
from .tokens.refresh_tokens import ChainedRefreshTokens
from .waiting import wait_for
from .web import router as web
from .web.pages import Pages
from .web.static_files import StaticFiles

log = structlog.get_logger("holdfast.main")

State = MemoryState | RedisState


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
            _Composition(settings, time, parts, state, metrics, stack=stack).mount(app)
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
    failures.install(app, clock=time, issuer=settings.issuer, metrics=metrics)
    app.add_middleware(Cors, origins=lambda: app.state.parts.database.origins)
    app.add_middleware(AccessLog, clock=time, metrics=metrics)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
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
    await parts.keys.ensure()
    await parts.keyring.refresh()
    await parts.database.audit_writer.start()
    await stack.enter_async_context(_following_keys(parts.keyring))
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


async def _check_schema(parts: Parts, url: str) -> None:
    """Migrate SQLite; on any other database refuse to serve what is not migrated."""
    if url.startswith("sqlite"):
        await migrate.upgrade(url)
    elif (await parts.database.schema_state()).is_behind:
        raise NotMigrated("the database is not migrated; run `holdfast db upgrade`, then start")


def _stop() -> None:
    # Not SIGTERM, on which the server would go on for a while.
    os.kill(os.getpid(), signal.SIGINT)


@asynccontextmanager
async def _following_keys(keyring: Keyring) -> AsyncIterator[None]:
    """Read the signing keys anew while the server runs: other replicas rotate them too."""

    async def follow() -> None:
        while True:
            await asyncio.sleep(KEY_POLL)
            try:
                await keyring.refresh()
            except Exception as error:  # noqa: BLE001  the keyring itself says when it is too old
                log.warning("signing keys not read", error=type(error).__name__)

    task = asyncio.create_task(follow(), name="follow-signing-keys")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Composition:
    """Every service of one server, built from its opened parts."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        parts: Parts,
        state: State,
        metrics: Metrics,
        *,
        stack: AsyncExitStack,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._parts = parts
        self._state = state
        self._database = parts.database
        self._metrics = metrics
        self._audit = CountingAudit(parts.database.audit_writer, metrics)
        self._passwords = Passwords()
        stack.callback(self._passwords.close)

    def mount(self, app: FastAPI) -> None:
        """Add every route."""
        settings, parts = self._settings, self._parts
        token_endpoint = self._token_endpoint()
        app.include_router(
            token_route.router(
                token_endpoint,
                self._admission(),
                uri=settings.issuer + paths.TOKEN,
                algs=frozenset(settings.dpop_algs),
            )
        )
        app.include_router(
            par_route.router(
                self._pushed_authorization_endpoint(),
                self._admission(),
                uri=settings.issuer + paths.PAR,
                algs=frozenset(settings.dpop_algs),
            )
        )
        held = self._held_tokens()
        for router in held.routers():
            app.include_router(router)
        served = self._served(token_endpoint, held.further_metadata())
        document = metadata.document(settings.issuer, served)
        app.include_router(
            metadata_route.router(document, parts.keyring.jwks, max_age=JWKS_MAX_AGE)
        )
        probes = {"database": self._database.ping, "state": self._state.ping}
        app.include_router(health_route.router(probes, is_stopping=app.state.stopping.is_set))
        if settings.serves_metrics:
            app.include_router(metrics_route.router(self._metrics))
        self._mount_pages(app)

    def _mount_pages(self, app: FastAPI) -> None:
        settings, database = self._settings, self._database
        browsers, files = Browsers(settings.is_secure), StaticFiles()
        pages = Pages(browsers, settings.issuer, files)
        endpoint = self._authorization_endpoint()
        sessions = BrowserSessions(
            self._state.sessions, database, self._clock, lifetime=settings.session_lifetime
        )
        app.include_router(authorize_route.router(endpoint, sessions, browsers, pages.refusal))
        app.include_router(
            web.router(
                pages=pages,
                files=files,
                browsers=browsers,
                issuer=settings.issuer,
                sign_in=self._sign_in(sessions),
                sessions=sessions,
                permissions=Permissions(
                    database=database, clients=database.clients, clock=self._clock
                ),
                endpoint=endpoint,
                form_secret=derive(SIGN_IN_FORMS, self._parts.secret.current, None)[0],
            )
        )

    def _sign_in(self, sessions: BrowserSessions) -> SignIn:
        return SignIn(
            database=self._database,
            passwords=self._passwords,
            sessions=sessions,
            attempts=self._state.attempts,
            audit=self._audit,
            clock=self._clock,
        )

    def _admission(self) -> Admission:
        return Admission(
            self._state.proofs,
            self._clock,
            self._settings.dpop_nonce,
            allow_bearer=self._settings.allow_bearer,
        )

    def _authenticator(self) -> ClientAuthenticator:
        return ClientAuthenticator(
            self._database.clients,
            self._state.assertions,
            self._state.attempts,
            self._clock,
            issuer=self._settings.issuer,
        )

    def _token_endpoint(self) -> TokenEndpoint:
        settings, database = self._settings, self._database
        secret = self._parts.secret
        refresh_tokens = ChainedRefreshTokens(secret.current, secret.previous)
        access_tokens = SignedAccessTokens(self._parts.keyring, self._clock, settings.issuer)
        mint = Mint(access_tokens, self._lifetimes())
        return TokenEndpoint(
            self._authenticator(),
            [
                AuthorizationCodeGrant(
                    self._state.codes, database, database.users, refresh_tokens, mint
                ),
                RefreshTokenGrant(database, database.users, refresh_tokens, mint),
                ClientCredentialsGrant(mint),
            ],
            database.resources,
            self._audit,
            self._clock,
            uri=settings.issuer + paths.TOKEN,
            default_audience=settings.audience,
        )

    def _lifetimes(self) -> Lifetimes:
        settings = self._settings
        return Lifetimes(
            access_token=settings.access_token_lifetime,
            bearer_token=settings.bearer_token_lifetime,
            refresh_token=settings.refresh_token_lifetime,
            code=settings.code_lifetime,
        )

    def _request_checks(self) -> RequestChecks:
        return RequestChecks(self._database.resources, issuer=self._settings.issuer)

    def _pushed_authorization_endpoint(self) -> PushedAuthorizationEndpoint:
        issuer = self._settings.issuer
        return PushedAuthorizationEndpoint(
            self._authenticator(),
            self._request_checks(),
            self._state.pushed_requests,
            self._audit,
            self._clock,
            issuer=issuer,
            uri=issuer + paths.PAR,
            token_uri=issuer + paths.TOKEN,
            lifetime=self._settings.par_lifetime,
        )

    def _authorization_endpoint(self) -> AuthorizationEndpoint:
        settings = self._settings
        requests = RequestReader(
            issuer=settings.issuer,
            clients=self._database.clients,
            pushed_requests=self._state.pushed_requests,
            checks=self._request_checks(),
            clock=self._clock,
            secret=derive(OPENED_REQUESTS, self._parts.secret.current, None)[0],
            require_par=settings.require_par,
        )
        return AuthorizationEndpoint(
            issuer=settings.issuer,
            requests=requests,
            codes=self._state.codes,
            database=self._database,
            audit=self._audit,
            clock=self._clock,
            code_lifetime=settings.code_lifetime,
        )

    def _held_tokens(self) -> HeldTokens:
        return HeldTokens(
            self._settings,
            self._clock,
            self._parts,
            self._authenticator(),
            self._admission(),
            self._audit,
        )

    def _served(self, token_endpoint: TokenEndpoint, further: Mapping[str, Any]) -> metadata.Served:
        return metadata.Served(
            endpoints={
                "authorization_endpoint": paths.AUTHORIZE,
                "token_endpoint": paths.TOKEN,
                "pushed_authorization_request_endpoint": paths.PAR,
                "jwks_uri": paths.JWKS,
                **held_tokens.ENDPOINTS,
            },
            grants=token_endpoint.grant_types_supported,
            auth_methods={"token": AUTH_METHODS, **held_tokens.METHODS},
            assertion_algs=ASSERTION_ALGS,
            dpop_algs=self._settings.dpop_algs,
            further={
                "require_pushed_authorization_requests": self._settings.require_par,
                **further,
            },
        )
