"""RFC 6749 §5.2: each error code of the token endpoint, and the order of the checks."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.oauth.client import GrantType
from app.telemetry.audit import EventKind
from tests.answers import issued, proof_refused, refused
from tests.builders import DpopKey
from tests.harness import POSTING, SECRET, SIGNING, SPA, WEB, Server

UNAUTHENTICATED = {"client_secret": "wrong"}
WRONG_VERIFIER = "w" * 43


@dataclass
class Case:
    """A valid redemption, to break one or several things in."""

    server: Server
    key: DpopKey
    code: str
    refresh_token: str

    async def redeem(self, **changes: Any) -> httpx.Response:
        return await self.server.redeem(self.code, self.key, POSTING, **changes)

    async def refresh(self, **changes: Any) -> httpx.Response:
        return await self.server.refresh(self.refresh_token, self.key, POSTING, **changes)


@pytest.fixture
async def case(server: Server, key: DpopKey) -> Case:
    refresh_token = (await server.tokens(key, POSTING))["refresh_token"]
    return Case(server, key, await server.code(POSTING), refresh_token)


class TestSection52Codes:
    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        ("changes", "error", "status"),
        [
            ({"grant_type": None}, "invalid_request", 400),
            ({"code": None}, "invalid_request", 400),
            ({"code": "x" * 300}, "invalid_request", 400),
            ({"client_secret": "wrong"}, "invalid_client", 401),
            ({"client_id": "unknown"}, "invalid_client", 401),
            ({"client_id": None, "client_secret": None}, "invalid_client", 401),
            ({"code": "unknown"}, "invalid_grant", 400),
            ({"code_verifier": WRONG_VERIFIER}, "invalid_grant", 400),
            ({"grant_type": "password"}, "unsupported_grant_type", 400),
            ({"grant_type": "implicit"}, "unsupported_grant_type", 400),
            ({"grant_type": "AUTHORIZATION_CODE"}, "unsupported_grant_type", 400),
            ({"resource": "https://unknown.example"}, "invalid_target", 400),
            ({"grant_type": "client_credentials", "scope": "unknown"}, "invalid_scope", 400),
            ({"grant_type": "client_credentials", "scope": 'a"b'}, "invalid_scope", 400),
        ],
    )
    async def test_one_wrong_thing_has_its_code_and_leaves_the_rest_good(
        self, case: Case, changes: dict[str, str | None], error: str, status: int
    ) -> None:
        before = case.server.rows()
        assert refused(await case.redeem(**changes), error, status=status)
        assert case.server.rows() == before
        issued(await case.redeem())

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("grant_type", list(GrantType))
    async def test_a_grant_the_client_is_not_registered_for_is_unauthorized_client(
        self, case: Case, grant_type: GrantType
    ) -> None:
        others = frozenset(GrantType) - {grant_type}
        await case.server.change(POSTING, grant_types=others)
        credentials: dict[str, Any] = {"code": case.code, "refresh_token": case.refresh_token}
        response = await case.server.token(case.key, POSTING, grant_type=grant_type, **credentials)
        description = refused(response, "unauthorized_client")
        assert all(each in description for each in GrantType)

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        "client", [WEB, POSTING, SIGNING, SPA], ids=lambda each: each.client_id
    )
    async def test_a_401_challenges_for_basic(
        self, server: Server, key: DpopKey, client: Any
    ) -> None:
        await server.change(client, disabled=True)
        response = await server.client_credentials(key, client)
        refused(response, "invalid_client", status=401)
        assert response.headers.get_list("www-authenticate") == ['Basic realm="token"']

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("authorization", ["Bearer x", "DPoP x", "Digest x", "Negotiate"])
    async def test_another_scheme_than_basic_is_invalid_client(
        self, server: Server, key: DpopKey, authorization: str
    ) -> None:
        headers = [("Authorization", authorization)]
        fields = {"client_id": SPA.client_id, "grant_type": "client_credentials"}
        response = await server.post(fields, [("DPoP", server.proof(key)), *headers])
        assert authorization.split(maxsplit=1)[0] in refused(response, "invalid_client", status=401)

    @pytest.mark.rfc("6749", "5.2")
    async def test_unknown_disabled_and_wrong_secret_read_alike(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(POSTING, client_id="closed", disabled=True)
        descriptions = set()
        for client_id in (POSTING.client_id, "closed", "nobody"):
            fields = {"client_id": client_id, "client_secret": "wrong"}
            response = await server.client_credentials(key, POSTING, **fields)
            description = refused(response, "invalid_client", status=401)
            descriptions.add(description.replace(client_id, "…"))
        assert len(descriptions) == 1

    @pytest.mark.rfc("6749", "5.2")
    async def test_no_answer_repeats_a_secret(self, case: Case) -> None:
        wrong = "hf_cs_" + "w" * 43
        response = await case.redeem(client_secret=wrong)
        assert wrong not in response.text
        for changes in ({"code_verifier": WRONG_VERIFIER}, {"redirect_uri": "https://x.example"}):
            response = await case.redeem(**changes)
            assert response.status_code == 400
            assert not [s for s in (SECRET, case.code, WRONG_VERIFIER) if s in response.text]

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("grant_type", ['a"b\\c', "\x20\x7e", "<script>alert(1)</script>"])
    async def test_what_was_received_is_repeated_in_the_characters_allowed(
        self, case: Case, grant_type: str
    ) -> None:
        response = await case.redeem(grant_type=grant_type)
        description = refused(response, "unsupported_grant_type")
        assert grant_type.replace('"', "'").replace("\\", "/") in description

    @pytest.mark.rfc("6749", "5.2")
    async def test_a_refusal_is_in_the_audit_log_with_client_key_and_address(
        self, case: Case
    ) -> None:
        await case.redeem(code_verifier=WRONG_VERIFIER)
        event = (await case.server.audit())[-1]
        assert (event.kind, event.client_id) == (EventKind.REQUEST_REFUSED, POSTING.client_id)
        assert (event.jkt, event.address) == (case.key.jkt, "127.0.0.1")
        assert event.details["error"] == "invalid_grant"

    @pytest.mark.rfc("6749", "5.2")
    async def test_the_audit_log_holds_no_secret(self, case: Case) -> None:
        for changes in ({}, {"client_secret": "wrong" * 8}, {"code_verifier": WRONG_VERIFIER}):
            await case.redeem(**changes)
        await case.refresh()
        secrets = (case.code, case.refresh_token, SECRET, "wrong" * 8, WRONG_VERIFIER, "v" * 43)
        log = repr(await case.server.audit())
        assert not [secret for secret in secrets if secret in log]


class TestOrder:
    """Each check hides those after it, so that nobody learns from an answer what is not theirs."""

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"grant_type": "password"}, "invalid_client"),
            ({"code": "unknown"}, "invalid_client"),
            ({"code_verifier": WRONG_VERIFIER}, "invalid_client"),
            ({"scope": "unknown"}, "invalid_client"),
        ],
    )
    async def test_client_authentication_comes_before_the_grant(
        self, case: Case, changes: dict[str, str], error: str
    ) -> None:
        refused(await case.redeem(**UNAUTHENTICATED, **changes), error, status=401)

    @pytest.mark.rfc("6749", "5.2")
    async def test_the_form_of_a_proof_comes_before_client_authentication(self, case: Case) -> None:
        proof = case.server.proof(case.key, htm="GET")
        proof_refused(await case.redeem(proof=proof, **UNAUTHENTICATED), "htm")

    @pytest.mark.rfc("6749", "5.2")
    async def test_client_authentication_comes_before_the_freshness_of_a_proof(
        self, case: Case
    ) -> None:
        proof = case.server.proof(case.key, iat=0)
        refusal = await case.redeem(proof=proof, **UNAUTHENTICATED)
        refused(refusal, "invalid_client", status=401)

    @pytest.mark.rfc("6749", "5.2")
    async def test_the_proof_comes_before_the_grant(self, case: Case) -> None:
        proof_refused(await case.redeem(proof=[], grant_type="password"), "header.present")
        proof_refused(await case.redeem(proof=[], code="unknown"), "header.present")

    @pytest.mark.rfc("6749", "5.2")
    async def test_the_client_of_a_code_comes_before_its_redirect_uri_and_verifier(
        self, case: Case
    ) -> None:
        foreign = await case.server.code(WEB)
        plain = refused(await case.redeem(code=foreign), "invalid_grant")
        for changes in ({"code_verifier": None}, {"redirect_uri": "https://x.example"}):
            assert refused(await case.redeem(code=foreign, **changes), "invalid_grant") == plain
        assert refused(await case.redeem(code="unknown"), "invalid_grant") == plain

    @pytest.mark.rfc("6749", "5.2")
    async def test_the_key_comes_after_the_verifier(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await server.code(dpop_jkt=key.jkt)
        wrong = await server.redeem(code, other_key, code_verifier=WRONG_VERIFIER)
        refused(wrong, "invalid_grant")
        issued(await server.redeem(code, key))

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        "changes",
        [
            {"proof": []},
            {"client_secret": "wrong"},
            {"grant_type": "password"},
            {"redirect_uri": "https://x.example"},
            {"redirect_uri": None},
            {"code_verifier": WRONG_VERIFIER},
            {"code_verifier": None},
            {"code_verifier": "short"},
            {"resource": "https://unknown.example"},
            {"resource": "no uri"},
            {"headers": [("Authorization", "Basic ?")]},
            {"headers": [("Content-Type", "text/plain")]},
            {"padding": "x" * 70_000},
        ],
    )
    async def test_no_wrong_request_burns_the_code(
        self, case: Case, changes: dict[str, Any]
    ) -> None:
        for _ in range(2):
            assert (await case.redeem(**changes)).status_code in range(400, 416)
        issued(await case.redeem())

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize(
        "changes",
        [
            {"proof": []},
            {"client_secret": "wrong"},
            {"scope": "more"},
            {"scope": "\x01"},
            {"resource": "https://unknown.example"},
        ],
    )
    async def test_no_wrong_request_rotates_a_refresh_token(
        self, case: Case, changes: dict[str, Any]
    ) -> None:
        before = case.server.rows()
        assert (await case.refresh(**changes)).status_code in {400, 401}
        assert case.server.rows() == before
        issued(await case.refresh())


class TestElsewhere:
    """Errors that belong to no endpoint have the form of the section too."""

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("path", ["/nothing", "/token/", "/TOKEN", "//token", "/token;a=b"])
    async def test_a_path_that_is_not_there_is_404(self, server: Server, path: str) -> None:
        response = await server.http.post(server.settings.issuer + path)
        refused(response, "invalid_request", status=404)

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("path", ["/jwks", "/.well-known/oauth-authorization-server"])
    async def test_a_method_that_is_not_there_is_405(self, server: Server, path: str) -> None:
        response = await server.http.post(path)
        refused(response, "invalid_request", status=405)
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
