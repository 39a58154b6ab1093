"""RFC 7523: clients that authenticate with a signed assertion (private_key_jwt), over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.oauth.client_assertion import ASSERTION_TYPE
from tests.answers import challenged, issued, proof_refused, refused
from tests.builders import ISSUER, NOW, TOKEN_ENDPOINT, DpopKey, b64url
from tests.harness import CLIENT_KEY, SIGNING, Server, asserted, running
from tests.unit.oauth.token_server import AssertionKey

CLIENT_ID = SIGNING.client_id
SPENT = CLIENT_KEY.assertion(CLIENT_ID)


async def ask(
    server: Server, key: DpopKey, assertion: str | None = None, **fields: Any
) -> httpx.Response:
    """Ask for a token with this assertion, or with a valid one."""
    assertion = assertion or CLIENT_KEY.assertion(CLIENT_ID)
    return await server.client_credentials(key, SIGNING, **{**asserted(assertion), **fields})


async def unauthenticated(
    server: Server, key: DpopKey, assertion: str, **fields: str | None
) -> str:
    """Assert that an assertion authenticates nobody, and that the code it came with stays good."""
    code = await server.code(SIGNING)
    refusal = await server.redeem(code, key, SIGNING, **{**asserted(assertion), **fields})
    description = refused(refusal, "invalid_client", status=401)
    issued(await server.redeem(code, key, SIGNING))
    return description


class TestSection22Parameters:
    @pytest.mark.rfc("7523", "2.2")
    async def test_a_signed_assertion_authenticates_its_client(
        self, server: Server, key: DpopKey
    ) -> None:
        issued(await ask(server, key))

    @pytest.mark.rfc("7523", "2.2")
    @pytest.mark.parametrize(
        "kind", ["jwt-bearer", ASSERTION_TYPE.upper(), ASSERTION_TYPE.replace("jwt", "saml2")]
    )
    async def test_another_assertion_type_is_refused(
        self, server: Server, key: DpopKey, kind: str
    ) -> None:
        assertion = CLIENT_KEY.assertion(CLIENT_ID)
        description = await unauthenticated(server, key, assertion, client_assertion_type=kind)
        assert ASSERTION_TYPE in description

    @pytest.mark.rfc("7521", "4.2")
    @pytest.mark.parametrize("missing", ["client_assertion", "client_assertion_type"])
    async def test_neither_parameter_goes_without_the_other(
        self, server: Server, key: DpopKey, missing: str
    ) -> None:
        description = refused(await ask(server, key, **{missing: None}), "invalid_request")
        assert missing in description

    @pytest.mark.rfc("7521", "4.2")
    async def test_the_client_id_may_come_besides(self, server: Server, key: DpopKey) -> None:
        issued(await ask(server, key, client_id=CLIENT_ID))

    @pytest.mark.rfc("7521", "4.2")
    async def test_another_client_id_besides_is_refused(self, server: Server, key: DpopKey) -> None:
        refused(await ask(server, key, client_id="web"), "invalid_client", status=401)


class TestSection3Claims:
    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "jti"])
    async def test_a_claim_that_must_be_there_is_missed(
        self, server: Server, key: DpopKey, claim: str
    ) -> None:
        assertion = CLIENT_KEY.assertion(CLIENT_ID, without=(claim,))
        assert claim in await unauthenticated(server, key, assertion)

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("claim", ["nbf", "iat"])
    async def test_a_claim_that_may_be_there_is_not_missed(
        self, server: Server, key: DpopKey, claim: str
    ) -> None:
        issued(await ask(server, key, CLIENT_KEY.assertion(CLIENT_ID, without=(claim,))))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("claim", ["iss", "sub"])
    @pytest.mark.parametrize("value", ["web", "", None, 5, [CLIENT_ID], {"id": CLIENT_ID}])
    async def test_iss_and_sub_must_both_be_the_client_id(
        self, server: Server, key: DpopKey, claim: str, value: object
    ) -> None:
        changes: dict[str, Any] = {claim: value}
        await unauthenticated(server, key, CLIENT_KEY.assertion(CLIENT_ID, **changes))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("audience", [ISSUER, TOKEN_ENDPOINT])
    async def test_aud_is_the_issuer_or_the_endpoint(
        self, server: Server, key: DpopKey, audience: str
    ) -> None:
        issued(await ask(server, key, CLIENT_KEY.assertion(CLIENT_ID, aud=audience)))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize(
        "audience",
        [
            "https://other.example",
            ISSUER + "/",
            ISSUER + "/par",
            [ISSUER],
            [ISSUER, "https://other.example"],
            [],
            None,
            5,
            {"aud": ISSUER},
        ],
    )
    async def test_any_other_aud_is_refused(
        self, server: Server, key: DpopKey, audience: object
    ) -> None:
        changes: dict[str, Any] = {"aud": audience}
        description = await unauthenticated(server, key, CLIENT_KEY.assertion(CLIENT_ID, **changes))
        assert ISSUER in description

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("exp", [NOW + 1, NOW + 610, NOW - 9, NOW + 0.5])
    async def test_an_assertion_is_good_until_exp_and_the_skew(
        self, server: Server, key: DpopKey, exp: float
    ) -> None:
        issued(await ask(server, key, CLIENT_KEY.assertion(CLIENT_ID, exp=exp)))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize(
        "exp",
        [NOW - 10, NOW - 3600, 0, -1, NOW + 611, NOW * 1000, 10**400, "soon", None, True, [NOW]],
    )
    async def test_an_expired_or_endless_assertion_is_refused(
        self, server: Server, key: DpopKey, exp: object
    ) -> None:
        changes: dict[str, Any] = {"exp": exp}
        await unauthenticated(server, key, CLIENT_KEY.assertion(CLIENT_ID, **changes))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("claim", ["nbf", "iat"])
    @pytest.mark.parametrize("at", [NOW + 11, NOW + 3600, "now", None, False])
    async def test_an_assertion_of_the_future_is_refused(
        self, server: Server, key: DpopKey, claim: str, at: object
    ) -> None:
        changes: dict[str, Any] = {claim: at}
        await unauthenticated(server, key, CLIENT_KEY.assertion(CLIENT_ID, **changes))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("jti", ["", "j" * 257, None, 5, ["j"], "line\nfeed", "\ud800"])
    async def test_a_jti_that_nobody_could_remember_is_refused(
        self, server: Server, key: DpopKey, jti: object
    ) -> None:
        changes: dict[str, Any] = {"jti": jti}
        await unauthenticated(server, key, CLIENT_KEY.assertion(CLIENT_ID, **changes))


class TestSection3Replay:
    @pytest.mark.rfc("7523", "3")
    async def test_an_assertion_is_good_once(self, server: Server, key: DpopKey) -> None:
        assertion = CLIENT_KEY.assertion(CLIENT_ID)
        issued(await ask(server, key, assertion))
        refusal = await ask(server, key, assertion)
        assert "jti" in refused(refusal, "invalid_client", status=401)

    @pytest.mark.rfc("7523", "3")
    async def test_a_new_signature_over_a_used_jti_is_a_replay(
        self, server: Server, key: DpopKey
    ) -> None:
        first, second = (
            CLIENT_KEY.assertion(CLIENT_ID, jti="the same", exp=NOW + seconds)
            for seconds in (60, 90)
        )
        issued(await ask(server, key, first))
        refused(await ask(server, key, second), "invalid_client", status=401)

    @pytest.mark.rfc("7523", "3")
    async def test_a_used_assertion_is_remembered_until_it_would_be_refused_anyway(
        self, server: Server, key: DpopKey
    ) -> None:
        assertion = CLIENT_KEY.assertion(CLIENT_ID, exp=NOW + 60, jti="the same")
        issued(await ask(server, key, assertion))
        server.clock.advance(60 + 9.9)
        assert "jti" in refused(await ask(server, key, assertion), "invalid_client", status=401)
        server.clock.advance(0.1)
        assert "expired" in refused(await ask(server, key, assertion), "invalid_client", status=401)

    @pytest.mark.rfc("7523", "3")
    async def test_two_clients_may_use_the_same_jti(self, server: Server, key: DpopKey) -> None:
        other = await server.change(SIGNING, client_id="signing-too")
        issued(await ask(server, key, CLIENT_KEY.assertion(CLIENT_ID, jti="the same")))
        fields = asserted(CLIENT_KEY.assertion(other.client_id, jti="the same"))
        issued(await server.client_credentials(key, other, **fields))

    @pytest.mark.rfc("7523", "3")
    async def test_an_assertion_with_a_wrong_signature_burns_no_jti(
        self, server: Server, key: DpopKey
    ) -> None:
        forged = AssertionKey().assertion(CLIENT_ID, jti="the same")
        refused(await ask(server, key, forged), "invalid_client", status=401)
        issued(await ask(server, key, CLIENT_KEY.assertion(CLIENT_ID, jti="the same")))


class TestSection3Signature:
    @pytest.mark.rfc("7523", "3")
    async def test_a_key_that_is_not_registered_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        await unauthenticated(server, key, AssertionKey().assertion(CLIENT_ID))

    @pytest.mark.rfc("7523", "3")
    async def test_another_clients_key_is_refused(self, server: Server, key: DpopKey) -> None:
        theirs = AssertionKey()
        await server.change(SIGNING, client_id="theirs", jwks={"keys": [theirs.public_jwk]})
        await unauthenticated(server, key, theirs.assertion(CLIENT_ID))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("alg", ["none", "NONE", "HS256", "RS256", "ES384", "ES256K", "", 5])
    async def test_an_alg_that_is_not_that_of_the_key_is_refused(
        self, server: Server, key: DpopKey, alg: object
    ) -> None:
        assertion = CLIENT_KEY.assertion(CLIENT_ID, header={"alg": alg})
        await unauthenticated(server, key, assertion)

    @pytest.mark.rfc("7523", "3")
    async def test_an_unsigned_assertion_is_refused(self, server: Server, key: DpopKey) -> None:
        _, claims, _ = CLIENT_KEY.assertion(CLIENT_ID).split(".")
        header = b64url(b'{"alg":"none"}')
        await unauthenticated(server, key, f"{header}.{claims}.")

    @pytest.mark.rfc("7523", "3")
    async def test_changed_claims_are_refused(self, server: Server, key: DpopKey) -> None:
        header, _, signature = CLIENT_KEY.assertion(CLIENT_ID).split(".")
        _, claims, _ = CLIENT_KEY.assertion(CLIENT_ID).split(".")
        await unauthenticated(server, key, f"{header}.{claims}.{signature}")

    @pytest.mark.rfc("7515", "4.1.11")
    async def test_a_critical_extension_is_refused(self, server: Server, key: DpopKey) -> None:
        header = {"crit": ["exp"], "exp": NOW + 60}
        await unauthenticated(server, key, CLIENT_KEY.assertion(CLIENT_ID, header=header))

    @pytest.mark.rfc("7523", "3")
    async def test_a_key_in_the_header_is_not_trusted(self, server: Server, key: DpopKey) -> None:
        theirs = AssertionKey()
        assertion = theirs.assertion(CLIENT_ID, header={"jwk": theirs.public_jwk})
        await unauthenticated(server, key, assertion)

    @pytest.mark.rfc("7523", "3")
    async def test_after_a_rotation_either_registered_key_authenticates(
        self, server: Server, key: DpopKey
    ) -> None:
        new = AssertionKey("PS256")
        await server.change(SIGNING, jwks={"keys": [CLIENT_KEY.public_jwk, new.public_jwk]})
        issued(await ask(server, key))
        issued(await ask(server, key, new.assertion(CLIENT_ID)))

    @pytest.mark.rfc("7523", "3")
    async def test_a_kid_chooses_the_key(self, server: Server, key: DpopKey) -> None:
        jwks = {"keys": [{**CLIENT_KEY.public_jwk, "kid": "one"}]}
        await server.change(SIGNING, jwks=jwks)
        issued(await ask(server, key, CLIENT_KEY.assertion(CLIENT_ID, header={"kid": "one"})))
        other = CLIENT_KEY.assertion(CLIENT_ID, header={"kid": "two"})
        await unauthenticated(server, key, other)

    @pytest.mark.rfc("7523", "3")
    async def test_a_disabled_client_is_refused(self, server: Server, key: DpopKey) -> None:
        await server.change(SIGNING, disabled=True)
        refused(await ask(server, key), "invalid_client", status=401)


class TestKeySeparation:
    """NIST SP 800-57 Part 1 §5.2: a single key shall be used for only one purpose."""

    @pytest.mark.rfc("7523", "2.2")
    async def test_the_clients_key_signs_no_proof(self, server: Server, key: DpopKey) -> None:
        proof_refused(await ask(server, CLIENT_KEY), "client_key")
        issued(await ask(server, key))

    @pytest.mark.rfc("7523", "2.2")
    async def test_none_of_the_registered_keys_signs_a_proof(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(SIGNING, jwks={"keys": [CLIENT_KEY.public_jwk, key.public_jwk]})
        proof_refused(await ask(server, key), "client_key")


class TestSection3Restart:
    """What a lost memory may have held is not taken again."""

    @pytest.fixture
    async def restarted(
        self, template: Path, tmp_path: Path, key: DpopKey
    ) -> AsyncIterator[Server]:
        """Return a server that took the assertion SPENT, and was then started anew."""
        async with running(tmp_path / "data", template=template) as server:
            issued(await ask(server, key, SPENT))
        async with running(tmp_path / "data", template=None) as server:
            yield server

    async def answer(self, server: Server, key: DpopKey, assertion: str) -> httpx.Response:
        # The memory of proofs was lost too: its nonce heals that.
        nonce = challenged(await ask(server, key, assertion), "replay")
        return await ask(server, key, assertion, proof=server.proof(key, nonce=nonce))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("ahead", [0, 10])
    async def test_what_was_used_before_is_refused_however_long_after(
        self, template: Path, tmp_path: Path, key: DpopKey, ahead: int
    ) -> None:
        assertion = CLIENT_KEY.assertion(CLIENT_ID, iat=NOW + ahead, exp=NOW + 600)
        async with running(tmp_path / "data", template=template) as before:
            issued(await ask(before, key, assertion))
            clock = before.clock
        clock.advance(0.5)
        async with running(tmp_path / "data", template=None, clock=clock) as after:
            for seconds in (0, 9, 1, 90, 490):
                clock.advance(seconds)
                response = await ask(after, key, assertion)
                assert response.status_code in {401, 503}
                assert "fresh assertion" in response.json()["error_description"]

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("iat", [NOW - 60, NOW, NOW + 9.9])
    async def test_until_a_fresh_one_can_be_told_from_those_before_all_are_put_off(
        self, restarted: Server, key: DpopKey, iat: float
    ) -> None:
        response = await ask(restarted, key, CLIENT_KEY.assertion(CLIENT_ID, iat=iat))
        description = refused(response, "temporarily_unavailable", status=503)
        wait = int(response.headers["retry-after"])
        assert wait == 11
        assert f"sign a fresh assertion in {wait} seconds" in description
        restarted.clock.advance(wait)
        now = int(restarted.clock.now())
        issued(await ask(restarted, key, CLIENT_KEY.assertion(CLIENT_ID, iat=now, exp=now + 60)))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize("iat", [NOW - 60, NOW, NOW + 9.9])
    async def test_then_one_from_before_is_refused_and_a_fresh_one_taken_at_once(
        self, restarted: Server, key: DpopKey, iat: float
    ) -> None:
        restarted.clock.advance(11)
        old = CLIENT_KEY.assertion(CLIENT_ID, iat=iat)
        description = refused(await ask(restarted, key, old), "invalid_client", status=401)
        assert f"sign a fresh assertion, with an iat from {int(NOW) + 10} on" in description
        issued(await ask(restarted, key, CLIENT_KEY.assertion(CLIENT_ID, iat=NOW + 10)))

    @pytest.mark.rfc("7523", "3")
    async def test_one_dated_later_is_taken(self, restarted: Server, key: DpopKey) -> None:
        assertion = CLIENT_KEY.assertion(CLIENT_ID, iat=NOW + 10)
        issued(await self.answer(restarted, key, assertion))

    @pytest.mark.rfc("7523", "3")
    @pytest.mark.parametrize(
        ("claims", "is_taken"),
        [({"exp": NOW + 609}, False), ({"exp": NOW + 610}, True), ({"nbf": NOW + 10}, True)],
    )
    async def test_without_iat_the_other_times_say_how_old_it_is(
        self, restarted: Server, key: DpopKey, claims: dict[str, Any], *, is_taken: bool
    ) -> None:
        assertion = CLIENT_KEY.assertion(CLIENT_ID, without=("iat",), **claims)
        if is_taken:
            issued(await self.answer(restarted, key, assertion))
        else:
            refused(await ask(restarted, key, assertion), "temporarily_unavailable", status=503)

    @pytest.mark.rfc("7523", "3")
    async def test_the_first_start_of_all_refuses_none_for_its_age(
        self, server: Server, key: DpopKey
    ) -> None:
        issued(await ask(server, key, CLIENT_KEY.assertion(CLIENT_ID, iat=NOW - 300)))
