"""Twenty requests at once for what may be had once: in process, and through uvicorn."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest

from app.oauth.client import Client
from tests.answers import issued, proof_refused, refused
from tests.builders import DpopKey
from tests.harness import CLIENT_KEY, SIGNING, SPA, WEB, Server, asserted, listening, running

PARALLEL = 20


@pytest.fixture(params=["in process", "uvicorn"])
async def server(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path
) -> AsyncIterator[Server]:
    start = {"in process": running, "uvicorn": listening}[request.param]
    async with start(tmp_path / "data", template=template) as server:
        yield server


def apart(
    responses: Sequence[httpx.Response],
) -> tuple[list[httpx.Response], list[httpx.Response]]:
    """Tell the successes from the refusals."""
    good = [response for response in responses if response.status_code == 200]
    return good, [response for response in responses if response.status_code != 200]


@pytest.mark.rfc("6749", "4.1.2")
@pytest.mark.parametrize("client", [SPA, WEB], ids=lambda each: each.client_id)
async def test_one_of_twenty_redemptions_of_a_code_wins_and_its_family_ends_revoked(
    server: Server, key: DpopKey, client: Client
) -> None:
    code = await server.code(client)
    responses = await asyncio.gather(*(server.redeem(code, key, client) for _ in range(PARALLEL)))
    (winner,), losers = apart(responses)
    token = issued(winner)["refresh_token"]
    assert len(losers) == PARALLEL - 1
    for loser in losers:
        refused(loser, "invalid_grant")
    assert await server.is_revoked(code)
    refused(await server.refresh(token, key, client), "invalid_grant")


@pytest.mark.rfc("6749", "4.1.2")
async def test_redemptions_by_twenty_keys_have_one_winner_too(server: Server) -> None:
    code = await server.code()
    keys = [DpopKey() for _ in range(PARALLEL)]
    (winner,), losers = apart(await asyncio.gather(*(server.redeem(code, key) for key in keys)))
    issued(winner)
    assert len(losers) == PARALLEL - 1
    assert await server.is_revoked(code)


@pytest.mark.rfc("6749", "10.5")
async def test_wrong_redemptions_at_the_same_time_do_no_harm(server: Server, key: DpopKey) -> None:
    code = await server.code()
    wrong = [server.redeem(code, key, code_verifier="w" * 43) for _ in range(PARALLEL)]
    right, *others = await asyncio.gather(server.redeem(code, key), *wrong)
    token = issued(right)["refresh_token"]
    for other in others:
        refused(other, "invalid_grant")
    issued(await server.refresh(token, key))


@pytest.mark.rfc("9449", "11.1")
async def test_one_of_twenty_uses_of_a_proof_wins(server: Server, key: DpopKey) -> None:
    proof = server.proof(key)
    responses = await asyncio.gather(
        *(server.client_credentials(None, proof=proof) for _ in range(PARALLEL))
    )
    (winner,), losers = apart(responses)
    issued(winner)
    assert len(losers) == PARALLEL - 1
    for loser in losers:
        proof_refused(loser, "replay", issuer=server.settings.issuer)


@pytest.mark.rfc("7523", "3")
async def test_one_of_twenty_uses_of_an_assertion_wins(server: Server, key: DpopKey) -> None:
    assertion = CLIENT_KEY.assertion(SIGNING.client_id, aud=server.settings.issuer)
    responses = await asyncio.gather(
        *(server.client_credentials(key, SIGNING, **asserted(assertion)) for _ in range(PARALLEL))
    )
    (winner,), losers = apart(responses)
    issued(winner)
    assert len(losers) == PARALLEL - 1
    for loser in losers:
        assert "jti" in refused(loser, "invalid_client", status=401)


@pytest.mark.rfc("9700", "4.14.2")
@pytest.mark.parametrize("client", [SPA, WEB], ids=lambda each: each.client_id)
async def test_twenty_refreshes_rotate_once_and_all_get_the_same_successor(
    server: Server, key: DpopKey, client: Client
) -> None:
    token = (await server.tokens(key, client))["refresh_token"]
    before = server.rows()["refresh_tokens"]
    responses = await asyncio.gather(*(server.refresh(token, key, client) for _ in range(PARALLEL)))
    answers = [issued(response) for response in responses]
    assert server.rows()["refresh_tokens"] == before + 1
    (successor,) = {answer["refresh_token"] for answer in answers}
    assert successor != token
    assert len({answer["access_token"] for answer in answers}) == PARALLEL
    issued(await server.refresh(successor, key, client))


@pytest.mark.rfc("9449", "5")
async def test_refreshes_by_the_wrong_key_at_the_same_time_do_no_harm(
    server: Server, key: DpopKey, other_key: DpopKey
) -> None:
    token = (await server.tokens(key))["refresh_token"]
    keys = [key, other_key] * (PARALLEL // 2)
    responses = await asyncio.gather(*(server.refresh(token, each) for each in keys))
    good, bad = apart(responses)
    assert (len(good), len(bad)) == (PARALLEL // 2, PARALLEL // 2)
    (successor,) = {issued(response)["refresh_token"] for response in good}
    issued(await server.refresh(successor, key))


@pytest.mark.rfc("6749", "10.5")
async def test_a_replay_of_the_code_beside_refreshes_ends_the_family(
    server: Server, key: DpopKey
) -> None:
    code = await server.code()
    token = issued(await server.redeem(code, key))["refresh_token"]
    replay, *refreshes = await asyncio.gather(
        server.redeem(code, key), *(server.refresh(token, key) for _ in range(PARALLEL))
    )
    refused(replay, "invalid_grant")
    assert await server.is_revoked(code)
    good, _ = apart(refreshes)
    for response in good:
        successor = issued(response)["refresh_token"]
        refused(await server.refresh(successor, key), "invalid_grant")


@pytest.mark.rfc("6749", "2.3.1")
async def test_wrong_secrets_at_the_same_time_are_all_counted(server: Server, key: DpopKey) -> None:
    guesses = [
        server.post(
            {
                "grant_type": "client_credentials",
                "client_id": "posting",
                "client_secret": f"guess {n}",
            },
            [("DPoP", server.proof(key))],
        )
        for n in range(PARALLEL)
    ]
    statuses = Counter(response.status_code for response in await asyncio.gather(*guesses))
    assert statuses == {401: 10, 429: PARALLEL - 10}
