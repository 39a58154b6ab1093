"""What is counted, and who gets to see it."""

import httpx
import pytest

from tests.answers import challenged, issued, proof_refused, refused
from tests.builders import DpopKey
from tests.conftest import Start
from tests.device import asked, poll
from tests.harness import SPA, WEB, Server, credentials


async def counts(server: Server) -> dict[str, float]:
    """Return every count of ours but the times."""
    response = await server.http.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    lines = [line for line in response.text.splitlines() if line.startswith("holdfast_")]
    pairs = (line.rsplit(" ", 1) for line in lines)
    hidden = ("_created", "_seconds")
    return {name: float(value) for name, value in pairs if not any(part in name for part in hidden)}


class TestWhoSees:
    async def test_metrics_are_there_on_a_loopback_issuer(self, server: Server) -> None:
        assert await counts(server) == {}

    @pytest.mark.parametrize(
        ("settings", "status"),
        [
            ({"issuer": "https://as.example"}, 404),
            ({"issuer": "https://as.example", "metrics": "on"}, 200),
            ({"metrics": "off"}, 404),
        ],
    )
    async def test_anywhere_else_they_must_be_wanted(
        self, start: Start, settings: dict[str, str], status: int
    ) -> None:
        server = await start(**settings)
        assert (await server.http.get("/metrics")).status_code == status

    @pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
    async def test_what_came_through_a_proxy_finds_nothing(self, server: Server, name: str) -> None:
        through = await server.http.get("/metrics", headers={name: "192.0.2.1"})
        nothing = await server.http.get("/nothing")
        assert (through.status_code, through.content) == (404, nothing.content)

    async def test_they_are_not_to_be_kept(self, server: Server) -> None:
        assert (await server.http.get("/metrics")).headers["cache-control"] == "no-store"

    async def test_they_come_in_the_format_that_is_asked_for(self, server: Server) -> None:
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        response = await server.http.get("/metrics", headers=accept)
        assert response.headers["content-type"].startswith("application/openmetrics-text")
        assert response.text.endswith("# EOF\n")


class TestWhatCounts:
    async def test_a_token_counts_by_its_grant(self, server: Server, key: DpopKey) -> None:
        tokens = await server.tokens(key)
        assert issued(await server.refresh(tokens["refresh_token"], key))
        assert issued(await server.client_credentials(key))
        assert await counts(server) == {
            f'holdfast_tokens_issued_total{{grant_type="{grant}"}}': 1
            for grant in ("authorization_code", "refresh_token", "client_credentials")
        }

    async def test_a_refusal_counts_by_its_error(self, server: Server, key: DpopKey) -> None:
        assert refused(await server.redeem("no code", key), "invalid_grant")
        assert await counts(server) == {
            'holdfast_refusals_total{check="",error="invalid_grant"}': 1
        }

    async def test_a_refused_proof_counts_by_its_check(self, server: Server, key: DpopKey) -> None:
        wrong = server.proof(key, htm="GET")
        assert proof_refused(await server.client_credentials(key, proof=wrong), "htm")
        assert await counts(server) == {
            'holdfast_refusals_total{check="htm",error="invalid_dpop_proof"}': 1
        }

    async def test_a_challenge_for_a_nonce_is_no_refusal(self, start: Start, key: DpopKey) -> None:
        server = await start(dpop_nonce="required")
        assert challenged(await server.client_credentials(key))
        assert await counts(server) == {'holdfast_dpop_nonce_challenges_total{check="nonce"}': 1}

    async def test_a_poll_of_a_device_that_waits_is_no_refusal(
        self, server: Server, key: DpopKey
    ) -> None:
        code = (await asked(server, WEB))["device_code"]
        assert refused(await poll(server, code, key, WEB), "authorization_pending")
        assert refused(await poll(server, code, key, WEB), "slow_down")
        assert await counts(server) == {
            f'holdfast_device_polls_total{{answer="{answer}"}}': 1
            for answer in ("authorization_pending", "slow_down")
        }

    async def test_what_comes_a_second_time_counts_by_its_kind(
        self, server: Server, key: DpopKey
    ) -> None:
        proof, code = server.proof(key), await server.code()
        assert issued(await server.redeem(code, key, proof=proof))
        assert refused(await server.redeem(code, key), "invalid_grant")
        assert proof_refused(await server.redeem(code, key, proof=proof), "replay")
        tokens = await server.tokens(key)
        assert issued(await server.refresh(tokens["refresh_token"], key))
        server.clock.advance(60)
        assert refused(await server.refresh(tokens["refresh_token"], key), "invalid_grant")
        found = await counts(server)
        assert {name: found[name] for name in found if "replays" in name} == {
            f'holdfast_replays_total{{kind="{kind}"}}': 1
            for kind in ("code", "proof", "refresh_token")
        }

    async def test_a_part_out_of_reach_counts(self, server: Server, key: DpopKey) -> None:
        await server.parts.database.close()
        database = server.settings.data_dir / "holdfast.db"
        database.unlink()
        database.mkdir()
        answer = await server.client_credentials(key)
        assert answer.status_code == 503
        found = await counts(server)
        assert found['holdfast_unavailable_total{part="database"}'] == 1

    async def test_no_label_comes_from_the_request(self, server: Server, key: DpopKey) -> None:
        fields, headers = credentials(WEB, issuer=server.settings.issuer, now=server.clock.now())
        for word in ("first", "second"):
            form = {**fields, "grant_type": word, "scope": word, "client_id": word}
            proof = ("DPoP", server.proof(key, htm=word))
            assert (await server.post(form, [*headers, proof])).status_code == 400
            unknown = await server.token(key, SPA, client_id=word, grant_type=word)
            assert unknown.status_code == 401
        assert not any("first" in name for name in await counts(server))

    async def test_times_are_those_of_the_token_endpoint(
        self, server: Server, key: DpopKey
    ) -> None:
        assert issued(await server.client_credentials(key))
        assert isinstance(await server.http.get("/jwks"), httpx.Response)
        shown = (await server.http.get("/metrics")).text
        assert 'holdfast_token_request_seconds_count{status="200"} 1.0' in shown
