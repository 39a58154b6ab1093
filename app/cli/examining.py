"""Gathers what the doctor judges: settings, clients, keys, the database, Redis, the issuer."""

import asyncio
import ssl
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from ..clock import Clock, SystemClock
from ..http import paths
from ..management.doctor.bcp import BCP_RULES
from ..management.doctor.facts import Database, Facts, Memory, Reached, RedisServer
from ..management.doctor.fapi2 import FAPI2_RULES
from ..management.doctor.operation import OPERATION_RULES
from ..management.doctor.rule import Examined, examine
from ..oauth.errors import TemporarilyUnavailable
from ..parts import Parts, open_parts
from ..settings import LOOPBACK_HOSTS, Settings, load_settings
from ..state.redis import RedisState, UnsuitableRedis
from ..storage import migrate
from ..storage.engine import sqlite_path
from ..telemetry.logs import configure_logging

_WITHIN = 5.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_BY_LIBPQ = frozenset({"require", "verify-ca", "verify-full"})


def examined(*, reach: bool) -> tuple[str, Sequence[Examined]]:
    """Examine the deployment of the environment's settings; return whose rules, and what is found.

    Raises SettingsError, for settings that no server would start with.
    """
    settings = load_settings()
    configure_logging("error", settings.log_format)
    facts = asyncio.run(_gather(settings, SystemClock(), reach=reach))
    rules = FAPI2_RULES if settings.rules.title else BCP_RULES
    title = settings.rules.title or "RFC 9700, Best Current Practice for OAuth 2.0 Security"
    return title, examine(facts, (*rules, *OPERATION_RULES))


async def _gather(settings: Settings, clock: Clock, *, reach: bool) -> Facts:
    facts = Facts(
        issuer=settings.issuer,
        now=clock.now(),
        profile=settings.rules,
        allow_bearer=settings.allow_bearer,
        code_lifetime=settings.code_lifetime,
        par_lifetime=settings.par_lifetime,
        refresh_token_lifetime=settings.refresh_token_lifetime,
        require_par=settings.require_par,
        dpop_algs=settings.dpop_algs,
        trusts_proxies=bool(settings.trusted_proxies),
        memory=await _memory(settings, clock),
        reached=await _reached(settings.issuer) if reach else None,
    )
    async with open_parts(settings, clock) as parts:
        facts = await _with_database(facts, settings, parts, clock)
    return replace(facts, readable=_readable(settings.data_dir))


async def _with_database(facts: Facts, settings: Settings, parts: Parts, clock: Clock) -> Facts:
    url = settings.sql_url
    known = replace(_way_to(url), is_shared=sqlite_path(url) is None)
    try:
        if not known.is_shared:
            await migrate.upgrade(url)
        elif (await parts.database.schema_state()).is_behind:
            failure = "the tables are not those of this version: run holdfast db upgrade"
            return replace(facts, database=replace(known, failure=failure))
        async with parts.database.read() as work:
            clients, keys = await work.clients.list(), await work.keys.list()
        before = clock.now()
        theirs = await parts.database.server_time()
        middle = (before + clock.now()) / 2
    except TemporarilyUnavailable:
        failure = "the database does not answer: does it run, and is HOLDFAST_DATABASE_URL right?"
        return replace(facts, database=replace(known, failure=failure))
    ahead = None if theirs is None else theirs - middle
    return replace(facts, clients=clients, keys=keys, database=replace(known, ahead=ahead))


def _way_to(url: str) -> Database:
    if sqlite_path(url) is not None:
        return Database()
    parts = urlsplit(url)
    # libpq takes several hosts, and a directory for a socket.
    hosts = [host.rpartition(":")[0] or host for host in parts.netloc.rpartition("@")[2].split(",")]
    is_far = any(host and host.strip("[]") not in LOOPBACK_HOSTS for host in hosts)
    modes = parse_qs(parts.query).get("sslmode", ["prefer"])
    return Database(is_far=is_far, encrypts=modes[-1] in _BY_LIBPQ)


async def _memory(settings: Settings, clock: Clock) -> Memory:
    if settings.redis_url is None:
        return Memory()
    url = settings.redis_url.get_secret_value()
    parts = urlsplit(url)
    hosts = [host.rpartition(":")[0] or host for host in parts.netloc.rpartition("@")[2].split(",")]
    memory = Memory(
        is_far=any(host.strip("[]") not in LOOPBACK_HOSTS for host in hosts),
        encrypts=parts.scheme.startswith("rediss"),
    )
    try:
        return replace(memory, servers=await _redis_servers(url, clock))
    except (UnsuitableRedis, ValueError) as error:
        return replace(memory, failure=str(error))
    except TemporarilyUnavailable:
        failure = "Redis does not answer: does it run, and is HOLDFAST_REDIS_URL right?"
        return replace(memory, failure=failure)


async def _redis_servers(url: str, clock: Clock) -> Sequence[RedisServer]:
    state = await RedisState.connect(url, clock)
    try:
        before = clock.now()
        found = await state.report()
        middle = (before + clock.now()) / 2
    finally:
        await state.close()
    return [
        RedisServer(each.policy, each.appends, each.replicas, each.wanted, each.time - middle)
        for each in found
    ]


async def _reached(issuer: str) -> Reached:
    url = issuer + paths.METADATA
    try:
        async with (
            httpx.AsyncClient(timeout=_WITHIN) as client,
            client.stream("GET", url) as answer,
        ):
            await answer.aread()
            secured = answer.extensions["network_stream"].get_extra_info("ssl_object")
            page = await client.get(issuer + paths.LOGIN)
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        return Reached(
            failure=f"{issuer} cannot be reached from here: {reason}; look at its name, its "
            "certificate and the proxy"
        )
    if not answer.is_success or _issuer_in(answer) != issuer:
        return Reached(
            failure=f"{url} answered {answer.status_code} without this issuer: something else is "
            "there, or HOLDFAST_ISSUER is wrong"
        )
    tls = secured.version() if isinstance(secured, ssl.SSLObject | ssl.SSLSocket) else None
    return Reached(tls=tls, hsts=page.headers.get("Strict-Transport-Security"))


def _issuer_in(answer: httpx.Response) -> object:
    try:
        members = answer.json()
    except ValueError:
        return None
    return members.get("issuer") if isinstance(members, dict) else None


def _readable(directory: Path) -> list[str]:
    """Name what others may read of the data directory, where it holds secrets."""
    looked_at = [directory, *(directory / name for name in ("secret", "holdfast.db"))]
    return [
        str(path)
        for path in looked_at
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & _OTHERS
    ]
