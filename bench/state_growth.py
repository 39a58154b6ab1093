"""How much memory and disk each kind of state takes.

Valkey: `used_memory` before and after, divided by the number of entries: keys, values, expiry and
the tables that lead to them (these grow by doubling, so the figure depends a little on the number).
PostgreSQL: `pg_total_relation_size`, so indexes and TOAST as well, of tables filled in the order of
time, after VACUUM.

    uv run python -m bench.state_growth
"""

import asyncio
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

import asyncpg
import typer
from sqlalchemy import insert

from app.clock import SystemClock
from app.credentials import digest
from app.dpop.ports import Spending
from app.oauth.authorization_code import AuthorizationCode
from app.oauth.token_family import RefreshToken, TokenFamily, family_id_of
from app.state.redis import RedisState
from app.state.session import Session
from app.storage import families, migrate, refresh_tokens
from app.storage.audit import SHAPE as AUDIT
from app.storage.database import open_database
from app.storage.engine import Limits, dsn, make_engine
from app.storage.models import AuditEventRow, Base, FamilyRow, RefreshTokenRow
from app.storage.shape import Shape
from app.telemetry.audit import AuditEvent, EventKind

from .stores import Stores, stores

AT_ONCE = 10
BATCH = 1000


def random_hash() -> str:
    """Return what a credential is stored as."""
    return digest(secrets.token_urlsafe(32))


# Valkey.


async def measure_valkey(at: Stores, count: int) -> dict[str, float]:
    """Return the bytes of each kind of entry."""
    state = await RedisState.connect(at.redis.url, SystemClock())
    kinds: dict[str, Callable[[int], Awaitable[Any]]] = {
        "a proof that was used": lambda _: state.proofs.spend(spending()),
        "a key that was given a nonce": lambda _: state.proofs.mark(random_hash(), random_hash()),
        "an authorization code": lambda _: state.codes.put(random_hash(), code()),
        "a sign-in session, one a person": lambda n: state.sessions.put(random_hash(), session(n)),
        "a client assertion that was used": lambda _: state.assertions.spend(
            "client_" + secrets.token_urlsafe(16), secrets.token_urlsafe(16), time.time() + 60
        ),
        "a count of wrong passwords": lambda _: state.attempts.count(random_hash()),
    }
    found = {}
    for name, make in kinds.items():
        at.redis.ask("FLUSHALL", "SYNC")
        # The first ones also bring connections and scripts.
        await many(make, AT_ONCE)
        before = used_memory(at)
        await many(make, count)
        found[name] = (used_memory(at) - before) / count
    await state.close()
    return found


async def many(make: Callable[[int], Awaitable[Any]], count: int) -> None:
    """Make so many, some of them at once."""

    async def part(start: int) -> None:
        for number in range(start, count, AT_ONCE):
            await make(number)

    await asyncio.gather(*map(part, range(AT_ONCE)))


def used_memory(at: Stores) -> int:
    """Return what Valkey says it uses."""
    return int(str(at.redis.info("memory")["used_memory"]))


def spending() -> Spending:
    """Return a proof to be spent, of a key of its own."""
    return Spending(
        jkt=random_hash(),
        proof=random_hash(),
        expires_at=time.time() + 3600,
        holder=random_hash(),
        owes_nonce=False,
        renew_marker=False,
    )


def code() -> AuthorizationCode:
    """Return a code with two scopes and a resource, bound to a key."""
    now = time.time()
    return AuthorizationCode(
        client_id="client_" + secrets.token_urlsafe(16),
        user_id="user_" + secrets.token_urlsafe(16),
        redirect_uri="https://client.example/callback",
        redirect_uri_sent=True,
        code_challenge=random_hash(),
        scopes=frozenset({"notes.read", "notes.write"}),
        resources=("https://api.example/notes",),
        dpop_jkt=random_hash(),
        auth_time=now,
        expires_at=now + 3600,
    )


def session(number: int) -> Session:
    """Return the session of one of many people."""
    now = time.time()
    return Session(f"user_{number:022}", now, secrets.token_urlsafe(32), now + 43200)


# PostgreSQL.


async def measure_postgres(at: Stores, count: int) -> dict[str, float]:
    """Return the bytes of each kind of row."""
    url = at.database_url
    await migrate.upgrade(url)
    made = [family() for _ in range(count)]
    tokens = [refresh_token(each) for each in made]
    found = {
        "a token family": await fill(url, FamilyRow, families.SHAPE, made, born=True),
        "a refresh token": await fill(url, RefreshTokenRow, refresh_tokens.SHAPE, tokens),
        "an audit event": await fill(url, AuditEventRow, AUDIT, [event(each) for each in made]),
    }
    found["a refresh: rows that stay"] = await rotate_all(url, tokens[: count // 5])
    return found


async def fill(
    url: str, row: type[Base], shape: Shape[Any], values: Sequence[Any], **extra: bool
) -> float:
    """Insert in the order given, and return the bytes of each row."""
    engine = make_engine(url, Limits())
    for start in range(0, len(values), BATCH):
        rows = [shape.values(each) | extra for each in values[start : start + BATCH]]
        async with engine.begin() as connection:
            await connection.execute(insert(row), rows)
    await engine.dispose()
    return await size_of(url, row) / len(values)


async def size_of(url: str, row: type[Base]) -> int:
    """Return the bytes of a table with its indexes, after VACUUM."""
    connection = await asyncpg.connect(dsn(url))
    await connection.execute(f"VACUUM {row.__tablename__}")
    size = await connection.fetchval("SELECT pg_total_relation_size($1::text)", row.__tablename__)
    await connection.close()
    return int(size)


async def rotate_all(url: str, tokens: Sequence[RefreshToken]) -> float:
    """Rotate each refresh token as the server does, each in a transaction of its own."""
    before = await size_of(url, RefreshTokenRow)
    database = open_database(url)

    async def rotate(number: int) -> None:
        token, new = tokens[number], random_hash()
        async with database.begin() as unit:
            await unit.refresh_tokens.rotate(token.token_hash, new, time.time())
            await unit.refresh_tokens.add(replace(token, token_hash=new))
            await unit.commit()

    await many(rotate, len(tokens))
    await database.close()
    return (await size_of(url, RefreshTokenRow) - before) / len(tokens)


def family() -> TokenFamily:
    """Return a public client's family, as redemptions make them."""
    now, code_hash = time.time(), random_hash()
    return TokenFamily(
        family_id=family_id_of(code_hash),
        client_id="client_" + secrets.token_urlsafe(16),
        user_id="user_" + secrets.token_urlsafe(16),
        scopes=frozenset({"notes.read", "notes.write"}),
        resources=("https://api.example/notes",),
        jkt=random_hash(),
        auth_time=now,
        created_at=now,
        expires_at=now + 86400 * 30,
        code_hash=code_hash,
        code_fingerprint=random_hash(),
    )


def refresh_token(of: TokenFamily) -> RefreshToken:
    """Return a live refresh token."""
    return RefreshToken(
        token_hash=random_hash(),
        family_id=of.family_id,
        salt=secrets.token_urlsafe(16),
        created_at=of.created_at,
        expires_at=of.expires_at,
    )


def event(of: TokenFamily) -> AuditEvent:
    """Return what an issuance leaves in the audit log."""
    return AuditEvent(
        at=time.time(),
        kind=EventKind.TOKEN_ISSUED,
        client_id=of.client_id,
        user_id=of.user_id,
        family_id=of.family_id,
        jkt=of.jkt,
        address="192.0.2.1",
        request_id=secrets.token_hex(8),
        details={
            "grant_type": "refresh_token",
            "token_type": "DPoP",
            "jti": secrets.token_urlsafe(16),
            "scope": "notes.read notes.write",
            "audience": "https://api.example/notes",
        },
    )


def main(
    entries: Annotated[int, typer.Option(help="Of each kind, in Valkey.")] = 100_000,
    rows: Annotated[int, typer.Option(help="In each table of PostgreSQL.")] = 100_000,
) -> None:
    """Measure, and say what came of it."""
    with stores() as at:
        typer.echo(f"{os.uname().machine}, Valkey {at.redis.info('server')['valkey_version']}")
        found = asyncio.run(measure_valkey(at, entries))
        found |= asyncio.run(measure_postgres(at, rows))
    for name, size in found.items():
        typer.echo(f"{size:8.0f} bytes  {name}")


if __name__ == "__main__":
    typer.run(main)
