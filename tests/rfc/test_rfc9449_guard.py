"""RFC 9449 §7 and §9: what a protected resource behind the guard takes, and how it refuses."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.guard.assembly import local_memory
from app.state.memory.proofs import MemoryProofs
from tests.builders import NOW, DpopKey, FrozenClock, b64url
from tests.protected_api import API, NOTES, Api, challenge_of, challenged, serving


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving(nonce="auto") as api:
        yield api


@pytest.fixture
async def api_without_nonces() -> AsyncIterator[Api]:
    async with serving(nonce="off") as api:
        yield api


@pytest.fixture
async def api_with_nonces() -> AsyncIterator[Api]:
    async with serving(nonce="required") as api:
        yield api


@pytest.fixture
async def api_with_bearer() -> AsyncIterator[Api]:
    async with serving(allow_bearer=True) as api:
        yield api


@pytest.mark.rfc("9449", "7.1")
class TestTheDpopScheme:
    """§7.1: the DPoP authentication scheme."""

    async def test_a_bound_token_with_a_proof_by_its_key_opens_the_resource(
        self, api: Api, key: DpopKey
    ) -> None:
        response = await api.get(key)
        assert response.status_code == 200, response.text
        assert response.json() == {"subject": "zoe", "client": "spa", "jkt": key.jkt}
        assert "dpop-nonce" not in response.headers

    async def test_the_scheme_may_be_written_in_any_case(self, api: Api, key: DpopKey) -> None:
        assert (await api.get(key, scheme="dPoP")).status_code == 200

    async def test_a_request_without_a_token_is_told_the_scheme_and_the_algorithms(
        self, api: Api, key: DpopKey
    ) -> None:
        parameters = challenged(await api.get(key, headers=[]), None)
        assert parameters == {"algs": "ES256 PS256"}

    async def test_a_token_without_a_proof_is_refused(self, api: Api, key: DpopKey) -> None:
        response = await api.get(key, proof=[])
        challenged(response, "invalid_dpop_proof", check="header.present")

    async def test_a_token_bound_to_another_key_is_refused(
        self, api: Api, key: DpopKey, other_key: DpopKey
    ) -> None:
        response = await api.get(other_key, token=api.token(key))
        parameters = challenged(response, "invalid_token", check="jkt")
        assert "another key" in parameters["error_description"]
        assert response.json()["detail"]["dpop"]["expected"] == key.jkt

    async def test_a_token_bound_to_no_key_is_refused(self, api: Api, key: DpopKey) -> None:
        response = await api.get(key, token=api.token(None))
        challenged(response, "invalid_token", check="jkt")


@pytest.mark.rfc("9449", "4.3")
class TestTheProofAtAResource:
    """§4.3, check by check, as at /token."""

    async def test_two_dpop_fields_are_refused(self, api: Api, key: DpopKey) -> None:
        token = api.token(key)
        proofs = [api.proof(key, token), api.proof(key, token)]
        response = await api.get(key, token=token, proof=proofs)
        challenged(response, "invalid_dpop_proof", check="header.count")

    async def test_two_proofs_joined_by_a_comma_are_refused(self, api: Api, key: DpopKey) -> None:
        token = api.token(key)
        joined = f"{api.proof(key, token)}, {api.proof(key, token)}"
        response = await api.get(key, token=token, proof=joined)
        challenged(response, "invalid_dpop_proof", check="header.count")

    @pytest.mark.parametrize("proof", ["", "x", "a.b.c", "a.b", "\u00e9.\u00e9.\u00e9", "." * 9000])
    async def test_what_is_no_jwt_is_refused(self, api: Api, key: DpopKey, proof: str) -> None:
        response = await api.get(
            key, headers=[("Authorization", f"DPoP {api.token(key)}"), ("DPoP", proof)]
        )
        challenged(response, "invalid_dpop_proof", check="jwt.form")

    @pytest.mark.parametrize(
        ("check", "changes"),
        [
            ("typ", {"header": {"typ": "JWT"}}),
            ("alg", {"header": {"alg": "none"}}),
            ("alg", {"header": {"alg": "HS256"}}),
            ("jwk", {"without_header": ("jwk",)}),
            ("signature", {"header": {"jwk": DpopKey().public_jwk}}),
            ("claims", {"without": ("jti",)}),
            ("claims", {"iat": "now", "without": ()}),
            ("htm", {"htm": "POST"}),
            ("htm", {"htm": "get"}),
            ("htu", {"htu": API + "/other"}),
            ("htu", {"htu": "https://as.example/notes"}),
            ("htu", {"htu": "http://api.example/notes"}),
            ("ath", {"without": ("ath",)}),
            ("ath", {"ath": b64url(secrets.token_bytes(32))}),
            ("ath", {"ath": "\u00e9"}),
        ],
    )
    async def test_each_check_refuses(
        self, api: Api, key: DpopKey, check: str, changes: dict[str, Any]
    ) -> None:
        token = api.token(key)
        if changes.get("iat") == "now":
            claims = {"jti": "1", "htm": "GET", "htu": NOTES, "iat": str(NOW), "ath": "x"}
            proof = key.sign({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}, claims)
        else:
            proof = api.proof(key, token, **changes)
        response = await api.get(key, token=token, proof=proof)
        challenged(response, "invalid_dpop_proof", check=check)

    async def test_an_algorithm_that_the_api_does_not_list_is_refused(self, api: Api) -> None:
        response = await api.get(DpopKey("ES384"))
        challenged(response, "invalid_dpop_proof", check="alg")

    async def test_the_ath_of_another_token_is_refused(self, api: Api, key: DpopKey) -> None:
        proof = api.proof(key, api.token(key))
        response = await api.get(key, proof=proof)
        challenged(response, "invalid_dpop_proof", check="ath")

    @pytest.mark.parametrize(
        ("path", "htu"),
        [
            ("/notes?page=2", NOTES),
            ("/notes", NOTES + "?page=3#top"),
            ("/notes", "HTTPS://API.example:443/notes"),
            ("/notes", API + "/x/../notes"),
        ],
    )
    async def test_query_fragment_and_equal_spellings_do_not_count(
        self, api: Api, key: DpopKey, path: str, htu: str
    ) -> None:
        assert (await api.get(key, path=path, htu=htu)).status_code == 200

    async def test_the_host_header_is_never_believed(self, api: Api, key: DpopKey) -> None:
        token = api.token(key)
        for host, htu, status in [
            ("evil.example", "https://evil.example/notes", 401),
            ("evil.example", NOTES, 200),
        ]:
            response = await api.get(
                key,
                headers=[
                    ("Host", host),
                    ("X-Forwarded-Host", host),
                    ("Authorization", f"DPoP {token}"),
                    ("DPoP", api.proof(key, token, htu=htu)),
                ],
            )
            assert response.status_code == status

    async def test_a_public_path_that_a_proxy_strips_is_part_of_htu(self, key: DpopKey) -> None:
        async with serving(base_url=API + "/v1/") as api:
            assert (await api.get(key, htu=API + "/v1/notes")).status_code == 200
            response = await api.get(key, htu=NOTES)
            challenged(response, "invalid_dpop_proof", check="htu")

    @pytest.mark.parametrize("seconds", [-61, 11])
    async def test_a_proof_out_of_the_window_is_refused(
        self, api_without_nonces: Api, key: DpopKey, seconds: int
    ) -> None:
        response = await api_without_nonces.get(key, iat=NOW + seconds)
        challenged(response, "invalid_dpop_proof", check="iat")

    @pytest.mark.parametrize("seconds", [-60, 10])
    async def test_a_proof_within_the_window_is_taken(
        self, api_without_nonces: Api, key: DpopKey, seconds: int
    ) -> None:
        assert (await api_without_nonces.get(key, iat=NOW + seconds)).status_code == 200


@pytest.mark.rfc("9449", "11.1")
class TestReplay:
    """§11.1: a proof is good for one request."""

    async def test_a_proof_seen_before_is_refused(self, api: Api, key: DpopKey) -> None:
        token = api.token(key)
        proof = api.proof(key, token)
        assert (await api.get(key, token=token, proof=proof)).status_code == 200
        response = await api.get(key, token=token, proof=proof)
        challenged(response, "invalid_dpop_proof", check="replay")

    async def test_of_many_requests_with_one_proof_one_passes(self, api: Api, key: DpopKey) -> None:
        token = api.token(key)
        proof = api.proof(key, token)
        asked = (api.get(key, token=token, proof=proof) for _ in range(20))
        statuses = sorted([each.status_code for each in await asyncio.gather(*asked)])
        assert statuses == [200, *[401] * 19]

    async def test_guards_over_one_memory_know_each_others_proofs(self, key: DpopKey) -> None:
        memory = MemoryProofs(FrozenClock(), None, 100)
        async with serving(memory=memory) as one, serving(memory=memory) as other:
            other.issuer.signer = one.issuer.signer
            token = one.token(key)
            proof = one.proof(key, token)
            assert (await one.get(key, token=token, proof=proof)).status_code == 200
            response = await other.get(key, token=token, proof=proof)
            challenged(response, "invalid_dpop_proof", check="replay")

    async def test_a_refused_request_spends_no_proof(self, api: Api, key: DpopKey) -> None:
        token, proof = api.token(key), api.proof(key, api.token(key))
        good = api.proof(key, token)
        expired = api.token(key, exp=int(NOW) - 60)
        assert (await api.get(key, token=expired, proof=proof)).status_code == 401
        assert (await api.get(key, token=token, proof=good)).status_code == 200

    @pytest.mark.parametrize(
        ("nonce", "error"), [("auto", "use_dpop_nonce"), ("off", "invalid_dpop_proof")]
    )
    async def test_a_proof_from_before_a_restart_is_not_taken_for_new(
        self, key: DpopKey, nonce: str, error: str
    ) -> None:
        memory = local_memory(FrozenClock(), restarted=True)
        async with serving(memory=memory, nonce=nonce) as api:
            challenged(await api.get(key), error, check="replay")

    async def test_a_full_memory_refuses_and_forgets_nothing(self, key: DpopKey) -> None:
        async with serving(memory=MemoryProofs(FrozenClock(), None, 1)) as api:
            token = api.token(key)
            proof = api.proof(key, token)
            assert (await api.get(key, token=token, proof=proof)).status_code == 200
            response = await api.get(key)
            assert response.status_code == 503
            assert response.headers["retry-after"] == "1"
            assert "www-authenticate" not in response.headers
            assert response.json()["detail"]["error"] == "temporarily_unavailable"
            assert (await api.get(key, token=token, proof=proof)).status_code == 401


@pytest.mark.rfc("9449", "7.2")
class TestBearer:
    """§7.2: compatibility with the Bearer scheme."""

    @pytest.mark.parametrize("allow_bearer", [False, True])
    async def test_a_bound_token_sent_as_bearer_is_refused(
        self, key: DpopKey, *, allow_bearer: bool
    ) -> None:
        async with serving(allow_bearer=allow_bearer) as api:
            proofs: tuple[list[str] | None, ...] = ([], None)
            for proof in proofs:
                response = await api.get(key, scheme="Bearer", proof=proof)
                assert response.status_code == 401
                scheme = "Bearer" if allow_bearer else "DPoP"
                assert challenge_of(response, scheme)["error"] == "invalid_token"

    async def test_an_unbound_token_is_refused_unless_asked_for(
        self, api: Api, key: DpopKey
    ) -> None:
        response = await api.get(key, scheme="Bearer", token=api.token(None), proof=[])
        challenged(response, "invalid_token")

    async def test_an_unbound_token_is_taken_as_bearer_where_it_was_asked_for(
        self, api_with_bearer: Api, key: DpopKey
    ) -> None:
        token = api_with_bearer.token(None)
        response = await api_with_bearer.get(key, scheme="Bearer", token=token, proof=[])
        assert response.status_code == 200
        assert response.json()["jkt"] is None

    async def test_a_token_bound_in_another_way_is_never_a_bearer_token(
        self, api_with_bearer: Api, key: DpopKey
    ) -> None:
        ways: tuple[Any, ...] = ({"x5t#S256": "x"}, {}, {"jkt": 7}, "x", [])
        for cnf in ways:
            token = api_with_bearer.token(None, cnf=cnf)
            response = await api_with_bearer.get(key, scheme="Bearer", token=token, proof=[])
            assert response.status_code == 401
            assert challenge_of(response, "Bearer")["error"] == "invalid_token"

    async def test_a_bound_token_is_still_taken_by_the_dpop_scheme(
        self, api_with_bearer: Api, key: DpopKey
    ) -> None:
        assert (await api_with_bearer.get(key)).status_code == 200

    async def test_an_unbound_token_is_refused_by_the_dpop_scheme(
        self, api_with_bearer: Api, key: DpopKey
    ) -> None:
        response = await api_with_bearer.get(key, token=api_with_bearer.token(None))
        assert challenge_of(response, "DPoP")["error"] == "invalid_token"

    async def test_both_schemes_are_offered_and_the_one_used_has_the_error(
        self, api_with_bearer: Api, key: DpopKey
    ) -> None:
        expired = api_with_bearer.token(None, exp=int(NOW) - 60)
        response = await api_with_bearer.get(key, scheme="Bearer", token=expired, proof=[])
        assert challenge_of(response, "Bearer")["error"] == "invalid_token"
        assert challenge_of(response, "DPoP") == {"algs": "ES256 PS256"}
        response = await api_with_bearer.get(key, proof=[])
        assert challenge_of(response, "DPoP")["error"] == "invalid_dpop_proof"
        assert challenge_of(response, "Bearer") == {}


@pytest.mark.rfc("9449", "9")
class TestNoncesOfTheResource:
    """§9: nonces that the resource server provides."""

    async def test_where_one_is_required_a_proof_without_is_challenged(
        self, api_with_nonces: Api, key: DpopKey
    ) -> None:
        response = await api_with_nonces.get(key)
        challenged(response, "use_dpop_nonce", check="nonce")
        assert len(response.headers.get_list("dpop-nonce")) == 1

    async def test_the_nonce_of_the_challenge_is_taken_and_comes_with_the_success(
        self, api_with_nonces: Api, key: DpopKey
    ) -> None:
        nonce = (await api_with_nonces.get(key)).headers["dpop-nonce"]
        response = await api_with_nonces.get(key, nonce=nonce)
        assert response.status_code == 200
        assert response.headers["dpop-nonce"] == nonce

    async def test_a_challenge_spends_no_proof(self, api_with_nonces: Api, key: DpopKey) -> None:
        jti = secrets.token_urlsafe()
        nonce = (await api_with_nonces.get(key, jti=jti)).headers["dpop-nonce"]
        assert (await api_with_nonces.get(key, jti=jti, nonce=nonce)).status_code == 200

    async def test_a_nonce_that_is_not_the_resources_is_challenged(
        self, api_with_nonces: Api, key: DpopKey
    ) -> None:
        challenged(await api_with_nonces.get(key, nonce="mine"), "use_dpop_nonce", check="nonce")

    async def test_a_nonce_runs_out_and_a_new_one_is_offered(
        self, api_with_nonces: Api, key: DpopKey
    ) -> None:
        nonce = (await api_with_nonces.get(key)).headers["dpop-nonce"]
        api_with_nonces.clock.advance(60)
        response = await api_with_nonces.get(key, nonce=nonce)
        assert response.status_code == 200
        newer = response.headers["dpop-nonce"]
        assert newer != nonce
        api_with_nonces.clock.advance(60)
        response = await api_with_nonces.get(key, nonce=nonce)
        challenged(response, "use_dpop_nonce", check="nonce")
        assert (await api_with_nonces.get(key, nonce=newer)).status_code == 200

    @pytest.mark.parametrize("seconds", [-3600, 3600])
    async def test_a_client_with_a_wrong_clock_heals_itself_by_one_retry(
        self, api: Api, key: DpopKey, seconds: int
    ) -> None:
        response = await api.get(key, iat=NOW + seconds)
        challenged(response, "use_dpop_nonce", check="iat")
        nonce = response.headers["dpop-nonce"]
        response = await api.get(key, iat=NOW + seconds, nonce=nonce)
        assert response.status_code == 200
        assert response.headers["dpop-nonce"] == nonce

    @pytest.mark.rfc("9449", "11.3")
    async def test_who_was_given_a_nonce_must_keep_sending_one(
        self, api: Api, key: DpopKey
    ) -> None:
        await api.get(key, iat=NOW - 3600)
        challenged(await api.get(key), "use_dpop_nonce", check="nonce")

    async def test_where_nonces_are_off_none_is_handed_out(
        self, api_without_nonces: Api, key: DpopKey
    ) -> None:
        response = await api_without_nonces.get(key, nonce="anything")
        assert response.status_code == 200
        assert "dpop-nonce" not in response.headers

    async def test_a_request_without_a_token_is_given_no_nonce(
        self, api_with_nonces: Api, key: DpopKey
    ) -> None:
        challenged(await api_with_nonces.get(key, headers=[]), None)
