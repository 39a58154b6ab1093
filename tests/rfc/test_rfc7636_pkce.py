"""RFC 7636, PKCE: what the token endpoint does with a verifier.

What the authorization endpoint does with a challenge is in test_rfc6749_authorize.py.
"""

import pytest

from app.oauth.client import Client
from tests.answers import issued, refused
from tests.builders import DpopKey, s256
from tests.harness import SPA, VERIFIER, WEB, Server

RFC_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
RFC_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class TestSection41Verifier:
    @pytest.mark.rfc("7636", "4.1")
    @pytest.mark.parametrize(
        "verifier", ["v" * 43, "v" * 128, "-._~" * 11, "AZaz09" * 8, RFC_VERIFIER]
    )
    async def test_43_to_128_unreserved_characters_are_taken(
        self, server: Server, key: DpopKey, verifier: str
    ) -> None:
        code = await server.code(code_challenge=s256(verifier))
        issued(await server.redeem(code, key, code_verifier=verifier))

    @pytest.mark.rfc("7636", "4.1")
    @pytest.mark.parametrize(
        "verifier",
        ["v" * 42, "v" * 129, "v" * 300, "v" * 43 + "+", "v" * 43 + "=", " " * 43, "é" * 43],
    )
    async def test_anything_else_is_refused_and_leaves_the_code_good(
        self, server: Server, key: DpopKey, verifier: str
    ) -> None:
        code = await server.code(code_challenge=s256(verifier))
        refusal = await server.redeem(code, key, code_verifier=verifier)
        assert "code_verifier" in refused(refusal, "invalid_request")
        code = await server.code()
        await server.redeem(code, key, code_verifier=verifier)
        issued(await server.redeem(code, key))


class TestSection45TokenRequest:
    @pytest.mark.rfc("7636", "4.5")
    @pytest.mark.parametrize("client", [SPA, WEB], ids=lambda each: each.client_id)
    async def test_a_missing_verifier_is_refused_and_leaves_the_code_good(
        self, server: Server, key: DpopKey, client: Client
    ) -> None:
        code = await server.code(client)
        refusal = await server.redeem(code, key, client, code_verifier=None)
        assert "code_verifier is missing" in refused(refusal, "invalid_request")
        issued(await server.redeem(code, key, client))


class TestSection46Verification:
    @pytest.mark.rfc("7636", "4.6")
    async def test_the_challenge_of_appendix_b_takes_its_verifier(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code(code_challenge=RFC_CHALLENGE)
        issued(await server.redeem(code, key, code_verifier=RFC_VERIFIER))

    @pytest.mark.rfc("7636", "4.6")
    @pytest.mark.parametrize(
        "verifier",
        ["w" * 43, VERIFIER + "v", VERIFIER.upper(), s256(VERIFIER)],
        ids=["another", "longer", "upper case", "the challenge itself"],
    )
    async def test_a_wrong_verifier_is_invalid_grant_and_leaves_the_code_good(
        self, server: Server, key: DpopKey, verifier: str
    ) -> None:
        code = await server.code()
        refused(await server.redeem(code, key, code_verifier=verifier), "invalid_grant")
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("7636", "4.6")
    async def test_the_answer_to_a_wrong_verifier_tells_neither_verifier_nor_challenge(
        self, server: Server, key: DpopKey
    ) -> None:
        response = await server.redeem(await server.code(), key, code_verifier="w" * 43)
        assert "w" * 43 not in response.text
        assert s256(VERIFIER) not in response.text
