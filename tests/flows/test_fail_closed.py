"""A part is out of reach: 503 with Retry-After, no token, nothing consumed that a retry needs."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import event

from tests.answers import issued, refused
from tests.builders import DpopKey
from tests.harness import CLIENT_KEY, POSTING, SIGNING, Server, asserted
from tests.person import REQUEST

HOLD_A_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def unavailable(response: httpx.Response) -> str:
    """Assert a 503 that says when to come again, and return what it says."""
    description = refused(response, "temporarily_unavailable", status=503)
    assert int(response.headers["retry-after"]) > 0
    return description


def change(server: Server, statement: str) -> None:
    """Change the database behind the server's back."""
    file = sqlite3.connect(server.settings.data_dir / "holdfast.db", timeout=5)
    with closing(file), file:
        file.execute(statement)


@asynccontextmanager
async def locked(server: Server) -> AsyncIterator[None]:
    """Have another process write to the database, for longer than the server waits."""

    @event.listens_for(server.parts.database._engine.sync_engine, "checkout")
    def be_impatient(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=20")
        cursor.close()

    path = str(server.settings.data_dir / "holdfast.db")
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD_A_LOCK, path, stdin=pipe, stdout=pipe
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert await other.stdout.readline() == b"locked\n"
        yield
    finally:
        other.stdin.close()
        await other.wait()


@asynccontextmanager
async def gone(server: Server) -> AsyncIterator[None]:
    """Put a directory where the database was."""
    path = server.settings.data_dir / "holdfast.db"
    away = path.with_suffix(".away")
    await server.parts.database._engine.dispose()
    path.rename(away)
    path.mkdir()
    try:
        yield
    finally:
        await server.parts.database._engine.dispose()
        path.rmdir()
        away.rename(path)


class TestReplayMemory:
    """DESIGN: no token without a replay check; a full memory answers 503, and evicts nothing."""

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_full_memory_issues_nothing_and_leaves_the_code_good(
        self, server: Server, key: DpopKey
    ) -> None:
        code, before = await server.code(), server.rows()
        memory = server.stores.proofs._proofs
        limit, memory._limit = memory._limit, len(memory)
        assert "memory is full" in unavailable(await server.redeem(code, key))
        assert server.rows() == before
        memory._limit = limit
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_full_memory_forgets_no_proof(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key)
        issued(await server.client_credentials(None, proof=proof))
        memory = server.stores.proofs._proofs
        memory._limit = len(memory)
        unavailable(await server.client_credentials(key))
        response = await server.client_credentials(None, proof=proof)
        assert response.json()["dpop"]["check"] == "replay"

    @pytest.mark.rfc("9449", "11.1")
    async def test_a_full_memory_empties_by_itself(self, server: Server, key: DpopKey) -> None:
        issued(await server.client_credentials(key))
        memory = server.stores.proofs._proofs
        memory._limit = len(memory)
        unavailable(await server.client_credentials(key))
        server.clock.advance(100)
        issued(await server.client_credentials(key))

    @pytest.mark.rfc("7523", "3")
    async def test_no_assertion_is_spent_by_a_full_memory_of_proofs(
        self, server: Server, key: DpopKey
    ) -> None:
        fields = asserted(CLIENT_KEY.assertion(SIGNING.client_id))
        memory = server.stores.proofs._proofs
        limit, memory._limit = memory._limit, len(memory)
        unavailable(await server.client_credentials(key, SIGNING, **fields))
        memory._limit = limit
        issued(await server.client_credentials(key, SIGNING, **fields))

    @pytest.mark.rfc("7523", "3")
    async def test_a_full_memory_of_assertions_issues_nothing(
        self, server: Server, key: DpopKey
    ) -> None:
        server.stores.assertions._spent._limit = 0
        unavailable(await server.client_credentials(key, SIGNING))
        issued(await server.client_credentials(key, POSTING))

    @pytest.mark.rfc("6749", "2.3.1")
    async def test_a_full_memory_of_attempts_believes_no_wrong_secret(
        self, server: Server, key: DpopKey
    ) -> None:
        server.stores.attempts._windows._limit = 0
        unavailable(await server.client_credentials(key, POSTING, client_secret="wrong"))
        issued(await server.client_credentials(key, POSTING))


class TestLockedDatabase:
    @pytest.mark.rfc("6749", "5.2")
    async def test_no_code_is_redeemed_and_none_twice(self, server: Server, key: DpopKey) -> None:
        code, before = await server.code(), server.rows()
        async with locked(server):
            unavailable(await server.redeem(code, key))
        assert server.rows() == before
        again = [await server.redeem(code, key) for _ in range(2)]
        assert [response.status_code for response in again].count(200) <= 1
        issued(await server.redeem(await server.code(), key))

    @pytest.mark.rfc("6749", "6")
    async def test_no_refresh_token_is_rotated(self, server: Server, key: DpopKey) -> None:
        token = (await server.tokens(key))["refresh_token"]
        before = server.rows()
        async with locked(server):
            unavailable(await server.refresh(token, key))
        assert server.rows() == before
        successor = issued(await server.refresh(token, key))["refresh_token"]
        issued(await server.refresh(successor, key))

    @pytest.mark.rfc("6749", "4.1.2")
    async def test_a_replay_that_could_not_be_written_is_not_answered_as_one(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code()
        issued(await server.redeem(code, key))
        async with locked(server):
            unavailable(await server.redeem(code, key))
        refused(await server.redeem(code, key), "invalid_grant")
        assert await server.is_revoked(code)

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_reuse_that_could_not_be_written_is_not_answered_as_one(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code()
        token = issued(await server.redeem(code, key))["refresh_token"]
        issued(await server.refresh(token, key))
        server.clock.advance(31)
        async with locked(server):
            unavailable(await server.refresh(token, key))
        refused(await server.refresh(token, key), "invalid_grant")
        assert await server.is_revoked(code)

    @pytest.mark.rfc("6749", "4.4")
    async def test_what_only_reads_goes_on(self, server: Server, key: DpopKey) -> None:
        async with locked(server):
            issued(await server.client_credentials(key))


class TestLostDatabase:
    @pytest.mark.rfc("6749", "5.2")
    async def test_nothing_is_issued_and_nothing_consumed(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        code = await server.code()
        async with gone(server):
            assert "database" in unavailable(await server.redeem(code, key))
            unavailable(await server.refresh(token, key))
            unavailable(await server.client_credentials(key))
        issued(await server.redeem(code, key))
        issued(await server.refresh(token, key))
        issued(await server.client_credentials(key))

    @pytest.mark.rfc("6749", "5.2")
    async def test_an_unknown_client_is_not_told_from_a_known_one(
        self, server: Server, key: DpopKey
    ) -> None:
        async with gone(server):
            unavailable(await server.token(key, grant_type="client_credentials", client_id="x"))

    @pytest.mark.rfc("6749", "4.1.2.1")
    @pytest.mark.parametrize("path", ["/authorize", "/consent", "/account"])
    async def test_pages_say_so_too(self, server: Server, path: str) -> None:
        async with gone(server):
            response = await server.http.get(f"{path}?{urlencode(REQUEST)}")
        assert response.status_code in {303, 503}
        assert "code=" not in response.headers.get("location", "")

    @pytest.mark.rfc("6749", "5.2")
    async def test_readiness_tells_and_liveness_does_not(self, server: Server) -> None:
        async with gone(server):
            assert (await server.http.get("/health/ready")).status_code == 503
            assert (await server.http.get("/health/live")).status_code == 200
        assert (await server.http.get("/health/ready")).status_code == 200


class TestSigningKeys:
    @pytest.mark.rfc("9068", "4")
    async def test_without_an_active_key_nothing_is_issued_and_nothing_rotated(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key))["refresh_token"]
        before = server.rows()
        change(server, "UPDATE signing_keys SET state = 'next' WHERE state = 'active'")
        await server.parts.keyring.refresh()
        assert "key" in unavailable(await server.client_credentials(key))
        unavailable(await server.refresh(token, key))
        unavailable(await server.redeem(await server.code(), key))
        assert server.rows() == before
        change(server, "UPDATE signing_keys SET state = 'active' WHERE rowid = 1")
        await server.parts.keyring.refresh()
        issued(await server.refresh(token, key))

    @pytest.mark.rfc("9068", "4")
    async def test_a_key_that_may_have_been_revoked_since_signs_for_30_seconds(
        self, server: Server, key: DpopKey
    ) -> None:
        change(server, "ALTER TABLE signing_keys RENAME TO lost")
        with suppress(Exception):
            await server.parts.keyring.refresh()
        server.clock.advance(30)
        issued(await server.client_credentials(key))
        server.clock.advance(1)
        assert "keys" in unavailable(await server.client_credentials(key))
        change(server, "ALTER TABLE lost RENAME TO signing_keys")
        await server.parts.keyring.refresh()
        issued(await server.client_credentials(key))
