"""Pushed authorization requests over HTTP (RFC 9126), and binding by them (RFC 9449 §10.1)."""

import asyncio
import dataclasses
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from app.oauth.client import Client
from app.oauth.par import PREFIX
from app.telemetry.audit import EventKind
from tests.answers import challenged, is_uncacheable, proof_refused, refused
from tests.builders import ISSUER, DpopKey
from tests.conftest import Start
from tests.harness import (
    API,
    CLIENT_KEY,
    FORM,
    POSTING,
    REDIRECT_URI,
    SIGNING,
    SPA,
    WEB,
    Server,
    asserted,
    credentials,
    given,
)
from tests.person import ADA, REQUEST, Person, answer_of

PAR = ISSUER + "/par"


@pytest.fixture
async def person(server: Server) -> Person:
    await server.add(ADA)
    return Person(server.http)


async def push(
    server: Server,
    client: Client = SPA,
    key: DpopKey | None = None,
    /,
    *,
    proof: str | None = None,
    **changes: str | None,
) -> httpx.Response:
    """Push a request that is valid but for the changes, with a proof if there is a key."""
    fields, headers = credentials(client, issuer=ISSUER, now=server.clock.now())
    if proof is None and key is not None:
        proof = server.proof(key, htu=PAR)
    if proof is not None:
        headers = [*headers, ("DPoP", proof)]
    asked = {**REQUEST, "client_id": client.client_id}
    return await server.http.post(
        "/par",
        content=urlencode(given({**asked, **fields, **changes})),
        headers=[("Content-Type", FORM), *headers],
    )


async def pushed(
    server: Server, client: Client = SPA, key: DpopKey | None = None, /, **changes: Any
) -> str:
    """Push, and return the request_uri."""
    response = await push(server, client, key, **changes)
    assert response.status_code == 201, response.text
    return str(response.json()["request_uri"])


async def opened(person: Person, uri: str, client: Client = SPA, /, **more: str) -> httpx.Response:
    query = {"client_id": client.client_id, "request_uri": uri, **more}
    return await person.open(f"/authorize?{urlencode(query)}")


async def finished(person: Person, response: httpx.Response) -> httpx.Response:
    """Sign in and consent where asked, until the browser leaves for the client."""
    if response.headers["location"].startswith("/login"):
        response = await person.follow(await person.sign_in(await person.follow(response)))
    if response.headers["location"].startswith("/consent"):
        response = await person.decide(await person.follow(response))
    return response


async def code_of(person: Person, uri: str, client: Client = SPA, /, **more: str) -> str:
    answer = answer_of(await finished(person, await opened(person, uri, client, **more)))
    return answer["code"]


def shown(response: httpx.Response, error: str = "invalid_request_uri") -> bool:
    """Whether the error is on a page, and goes nowhere."""
    return (
        response.status_code == 400
        and response.headers["content-type"] == "text/html; charset=utf-8"
        and "location" not in response.headers
        and error in response.text
    )


@pytest.mark.rfc("9126", "2.2")
class TestTheAnswer:
    async def test_it_is_201_with_a_request_uri_and_its_life(self, server: Server) -> None:
        response = await push(server)
        assert response.status_code == 201
        assert response.headers["content-type"] == "application/json"
        assert is_uncacheable(response)
        members = response.json()
        assert members.keys() == {"request_uri", "expires_in"}
        assert members["request_uri"].startswith("urn:ietf:params:oauth:request_uri:hf_ru_")
        assert members["expires_in"] == 60
        assert "dpop-nonce" not in response.headers

    async def test_the_life_is_a_setting(self, start: Start) -> None:
        server = await start(par_lifetime=600)
        assert (await push(server)).json()["expires_in"] == 600

    @pytest.mark.rfc("9126", "7.1")
    async def test_no_two_are_alike(self, server: Server) -> None:
        first, second = await pushed(server), await pushed(server)
        assert first != second
        assert len(first) == len(PREFIX) + len("hf_ru_") + 43


@pytest.mark.rfc("9126", "2.1")
class TestTheRequest:
    @pytest.mark.parametrize("client", [SPA, WEB, POSTING, SIGNING], ids=lambda c: c.client_id)
    async def test_every_client_authenticates_as_at_the_token_endpoint(
        self, server: Server, client: Client
    ) -> None:
        assert (await push(server, client)).status_code == 201

    async def test_a_wrong_secret_is_an_invalid_client(self, server: Server) -> None:
        refused(await push(server, POSTING, client_secret="x"), "invalid_client", status=401)

    async def test_a_confidential_client_cannot_leave_its_secret_out(self, server: Server) -> None:
        response = await push(server, SPA, client_id=WEB.client_id)
        refused(response, "invalid_client", status=401)

    async def test_a_request_of_nobody_is_an_invalid_client(self, server: Server) -> None:
        refused(await push(server, client_id=None), "invalid_client", status=401)

    @pytest.mark.parametrize("audience", [ISSUER, PAR, ISSUER + "/token"])
    async def test_an_assertion_is_for_the_issuer_or_either_endpoint(
        self, server: Server, audience: str
    ) -> None:
        assertion = CLIENT_KEY.assertion(SIGNING.client_id, aud=audience)
        assert (await push(server, SIGNING, **asserted(assertion))).status_code == 201

    async def test_an_assertion_for_another_endpoint_is_refused(self, server: Server) -> None:
        assertion = CLIENT_KEY.assertion(SIGNING.client_id, aud=ISSUER + "/revoke")
        response = await push(server, SIGNING, **asserted(assertion))
        refused(response, "invalid_client", status=401)

    async def test_an_assertion_is_good_once(self, server: Server) -> None:
        assertion = CLIENT_KEY.assertion(SIGNING.client_id)
        await pushed(server, SIGNING, **asserted(assertion))
        response = await push(server, SIGNING, **asserted(assertion))
        assert "jti" in refused(response, "invalid_client", status=401)

    async def test_a_request_uri_cannot_be_pushed(self, server: Server) -> None:
        response = await push(server, request_uri=await pushed(server))
        assert "request_uri" in refused(response, "invalid_request")

    async def test_an_authenticated_client_need_not_repeat_its_name(
        self, server: Server, person: Person
    ) -> None:
        uri = await pushed(server, WEB, client_id=None)
        assert await code_of(person, uri, WEB)

    async def test_the_name_of_another_client_is_refused(self, server: Server) -> None:
        refused(await push(server, WEB, client_id=SPA.client_id), "invalid_request")


@pytest.mark.rfc("9126", "2.3")
class TestErrors:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": None}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            pytest.param(
                {"redirect_uri": "https://evil.example/"},
                "invalid_request",
                marks=pytest.mark.rfc("9126", "7.2"),
            ),
            ({"scope": "admin"}, "invalid_scope"),
            ({"resource": "https://nowhere.example"}, "invalid_target"),
            ({"resource": "relative"}, "invalid_target"),
            ({"code_challenge": None}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"dpop_jkt": "short"}, "invalid_request"),
            ({"prompt": "none login"}, "invalid_request"),
            ({"max_age": "soon"}, "invalid_request"),
            ({"state": "\x01"}, "invalid_request"),
        ],
    )
    async def test_what_authorize_would_refuse_is_refused_as_json(
        self, server: Server, changes: dict[str, str | None], error: str
    ) -> None:
        assert refused(await push(server, **changes), error)

    async def test_a_client_without_the_code_grant_is_unauthorized(self, server: Server) -> None:
        await server.change(WEB, grant_types=frozenset({"client_credentials"}))
        refused(await push(server, WEB), "unauthorized_client")

    async def test_a_disabled_client_is_an_invalid_client(self, server: Server) -> None:
        await server.change(SPA, disabled=True)
        refused(await push(server), "invalid_client", status=401)

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_other_methods_are_405(self, server: Server, method: str) -> None:
        response = await server.http.request(method, "/par")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")

    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            (b"a=" + b"b" * 65536, FORM, 413),
            (b"{}", "application/json", 415),
            (b"client_id=spa&client_id=spa", FORM, 400),
            (b"client_id=%ff", FORM, 400),
            (b"client_id=spa&state=%00", FORM, 400),
        ],
    )
    async def test_a_bad_body_is_refused(
        self, server: Server, body: bytes, content_type: str, status: int
    ) -> None:
        headers = {"Content-Type": content_type}
        response = await server.http.post("/par", content=body, headers=headers)
        refused(response, "invalid_request", status=status)

    async def test_a_refusal_is_in_the_audit_log(self, server: Server) -> None:
        await push(server, scope="admin")
        event = (await server.audit())[-1]
        assert (event.kind, event.client_id) == (EventKind.REQUEST_REFUSED, SPA.client_id)
        assert event.details["endpoint"] == "par"
        assert event.details["error"] == "invalid_scope"


@pytest.mark.rfc("9126", "4")
class TestOpening:
    async def test_the_whole_flow_leads_to_a_token(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        uri = await pushed(server, resource=API.uri)
        answer = answer_of(await finished(person, await opened(person, uri)))
        assert answer.keys() == {"code", "state", "iss"}
        assert answer["state"] == REQUEST["state"]
        response = await server.redeem(answer["code"], key)
        assert response.status_code == 200
        assert response.json()["scope"] == "read"

    async def test_only_the_client_and_the_uri_travel(self, server: Server, person: Person) -> None:
        uri = await pushed(server)
        sign_in = await opened(person, uri, scope="write", state="other")
        back = dict(parse_qsl(urlsplit(sign_in.headers["location"]).query))["return_to"]
        assert dict(parse_qsl(urlsplit(back).query)).keys() == {
            "client_id",
            "request_uri",
            "opened",
        }

    async def test_other_parameters_in_front_are_ignored(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        uri = await pushed(server)
        front = {"state": "evil", "scope": "write", "redirect_uri": "https://evil.example/"}
        response = await finished(person, await opened(person, uri, **front))
        assert response.headers["location"].startswith(REDIRECT_URI)
        answer = answer_of(response)
        assert answer["state"] == REQUEST["state"]
        assert (await server.redeem(answer["code"], key)).json()["scope"] == "read"

    @pytest.mark.rfc("9126", "2.2")
    async def test_it_is_bound_to_the_client_that_pushed_it(
        self, server: Server, person: Person
    ) -> None:
        uri = await pushed(server)
        assert shown(await opened(person, uri, WEB))
        assert await code_of(person, uri)

    async def test_without_client_id_it_is_refused(self, server: Server, person: Person) -> None:
        uri = await pushed(server)
        response = await person.open(f"/authorize?{urlencode({'request_uri': uri})}")
        assert shown(response, "invalid_request")

    @pytest.mark.parametrize("uri", [PREFIX, PREFIX + "hf_ru_" + "A" * 43, PREFIX + "é"])
    async def test_an_unknown_uri_is_shown_on_a_page(self, person: Person, uri: str) -> None:
        assert shown(await opened(person, uri, redirect_uri=REDIRECT_URI), "invalid_request")

    async def test_a_uri_of_another_host_is_not_fetched(self, person: Person) -> None:
        request = {"request_uri": "https://client.example/request.jwt"}
        answer = answer_of(await person.authorize(request))
        assert answer["error"] == "request_uri_not_supported"

    async def test_request_beside_request_uri_is_refused(
        self, server: Server, person: Person
    ) -> None:
        uri = await pushed(server)
        assert shown(await opened(person, uri, request="a.b.c"), "invalid_request")

    @pytest.mark.rfc("9126", "2.2")
    async def test_it_must_be_opened_within_its_life(self, server: Server, person: Person) -> None:
        uri = await pushed(server)
        server.clock.advance(60)
        assert shown(await opened(person, uri))

    async def test_once_opened_it_lives_as_long_as_the_sign_in(
        self, server: Server, person: Person
    ) -> None:
        uri = await pushed(server)
        server.clock.advance(59)
        sign_in = await opened(person, uri)
        server.clock.advance(1799)
        assert answer_of(await finished(person, sign_in))["code"]

    async def test_a_sign_in_cannot_go_on_for_ever(self, server: Server, person: Person) -> None:
        uri = await pushed(server)
        await opened(person, uri)
        server.clock.advance(1800)
        assert shown(await opened(person, uri))

    async def test_a_reload_resumes_it(self, server: Server, person: Person) -> None:
        uri = await pushed(server)
        await opened(person, uri)
        server.clock.advance(300)
        assert (await opened(person, uri)).headers["location"].startswith("/login?")
        await person.sign_in()
        for _ in range(2):
            page = await person.follow(await opened(person, uri))
            assert page.status_code == 200
        assert answer_of(await person.decide(page))["code"]

    async def test_it_may_be_posted(self, server: Server, person: Person) -> None:
        fields = {"client_id": SPA.client_id, "request_uri": await pushed(server)}
        response = await person.http.post("/authorize", data=fields)
        assert answer_of(await finished(person, await person.follow(response)))["code"]

    async def test_the_sign_in_page_names_the_client_and_takes_the_hint(
        self, server: Server, person: Person
    ) -> None:
        uri = await pushed(server, login_hint="someone@people.example")
        page = await person.follow(await opened(person, uri))
        assert SPA.client_name in page.text
        assert 'value="someone@people.example"' in page.text
        assert "https://client.example" in page.headers["content-security-policy"]

    async def test_a_client_that_changed_since_is_held_to_what_it_is_now(
        self, server: Server, person: Person
    ) -> None:
        uri, other = await pushed(server), await pushed(server)
        await server.change(SPA, scopes=frozenset({"write"}))
        assert answer_of(await opened(person, uri))["error"] == "invalid_scope"
        await server.change(SPA, disabled=True)
        assert shown(await opened(person, other), "invalid_request")


@pytest.mark.rfc("9126", "7.3")
class TestOnce:
    async def test_the_code_uses_it_up(self, server: Server, person: Person) -> None:
        uri = await pushed(server)
        assert await code_of(person, uri)
        assert shown(await opened(person, uri))

    async def test_the_code_uses_it_up_when_nobody_was_asked(
        self, server: Server, person: Person
    ) -> None:
        await code_of(person, await pushed(server))
        uri = await pushed(server)
        assert answer_of(await opened(person, uri))["code"]
        assert shown(await opened(person, uri))

    async def test_a_denial_uses_it_up(self, server: Server, person: Person) -> None:
        await person.sign_in()
        uri = await pushed(server)
        page = await person.follow(await opened(person, uri))
        assert answer_of(await person.decide(page, "deny"))["error"] == "access_denied"
        assert shown(await person.decide(page))
        assert shown(await opened(person, uri))

    async def test_an_error_that_is_no_answer_leaves_it(
        self, server: Server, person: Person
    ) -> None:
        uri = await pushed(server, prompt="none")
        assert answer_of(await opened(person, uri))["error"] == "login_required"
        await code_of(person, await pushed(server))
        assert answer_of(await opened(person, uri))["code"]

    async def test_of_twenty_consents_at_once_one_gets_a_code(
        self, server: Server, person: Person
    ) -> None:
        await person.sign_in()
        page = await person.follow(await opened(person, await pushed(server)))
        answers = await asyncio.gather(*(person.decide(page) for _ in range(20)))
        winners = [answer for answer in answers if answer.status_code == 303]
        assert len(winners) == 1
        assert answer_of(winners[0])["code"]
        assert all(shown(answer) for answer in answers if answer is not winners[0])


class TestFreshSignIn:
    @pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}])
    async def test_it_is_asked_for_once_and_then_satisfied(
        self, server: Server, person: Person, changes: dict[str, str]
    ) -> None:
        await person.code()
        server.clock.advance(61)
        response = await opened(person, await pushed(server, **changes))
        assert response.headers["location"].startswith("/login?")
        after = await person.follow(await person.sign_in(await person.follow(response)))
        assert answer_of(after)["code"]

    async def test_the_consent_page_does_not_ask_again(
        self, server: Server, person: Person
    ) -> None:
        await person.sign_in()
        server.clock.advance(1)
        response = await opened(person, await pushed(server, prompt="login consent"))
        signed_in = await person.sign_in(await person.follow(response))
        consent = await person.follow(await person.follow(signed_in))
        assert answer_of(await person.decide(consent))["code"]

    async def test_the_mark_of_another_request_satisfies_nothing(
        self, server: Server, person: Person
    ) -> None:
        response = await opened(person, await pushed(server))
        back = dict(parse_qsl(urlsplit(response.headers["location"]).query))["return_to"]
        mark = dict(parse_qsl(urlsplit(back).query))["opened"]
        server.clock.advance(1)
        await person.sign_in()
        uri = await pushed(server, prompt="login")
        again = await opened(person, uri, opened=mark)
        assert again.headers["location"].startswith("/login?")


@pytest.mark.rfc("9449", "10.1")
class TestBinding:
    @pytest.mark.parametrize("client", [SPA, WEB], ids=lambda each: each.client_id)
    async def test_a_proof_binds_the_code(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey, client: Client
    ) -> None:
        code = await code_of(person, await pushed(server, client, key), client)
        wrong = await server.redeem(code, other_key, client)
        proof_refused(wrong, "binding", error="invalid_grant")
        assert (await server.redeem(code, key, client)).status_code == 200

    async def test_dpop_jkt_binds_the_code(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await code_of(person, await pushed(server, dpop_jkt=key.jkt))
        wrong = await server.redeem(code, other_key)
        proof_refused(wrong, "binding", error="invalid_grant")

    async def test_a_proof_and_a_dpop_jkt_that_agree_are_taken(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await code_of(person, await pushed(server, SPA, key, dpop_jkt=key.jkt))
        assert (await server.redeem(code, key)).status_code == 200

    async def test_a_proof_and_a_dpop_jkt_that_disagree_are_refused(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        response = await push(server, SPA, key, dpop_jkt=other_key.jkt)
        assert "dpop_jkt" in refused(response, "invalid_request")

    async def test_without_either_any_key_redeems(
        self, server: Server, person: Person, other_key: DpopKey
    ) -> None:
        code = await code_of(person, await pushed(server))
        assert (await server.redeem(code, other_key)).status_code == 200

    async def test_a_dpop_jkt_in_front_changes_nothing(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        uri = await pushed(server, SPA, key)
        code = await code_of(person, uri, dpop_jkt=other_key.jkt)
        proof_refused(await server.redeem(code, other_key), "binding", error="invalid_grant")

    async def test_the_proof_is_for_this_endpoint(self, server: Server, key: DpopKey) -> None:
        proof_refused(await push(server, proof=server.proof(key)), "htu")

    async def test_the_proof_is_good_once(self, server: Server, key: DpopKey) -> None:
        proof = server.proof(key, htu=PAR)
        await pushed(server, proof=proof)
        proof_refused(await push(server, proof=proof), "replay")

    async def test_the_proofs_key_is_not_the_clients(self, server: Server) -> None:
        proof_refused(await push(server, SIGNING, CLIENT_KEY), "client_key")

    @pytest.mark.rfc("9449", "8")
    async def test_a_challenge_consumes_nothing_and_the_retry_gets_a_nonce(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(dpop_nonce="required")
        assertion = asserted(CLIENT_KEY.assertion(SIGNING.client_id))
        nonce = challenged(await push(server, SIGNING, key, **assertion))
        proof = server.proof(key, htu=PAR, nonce=nonce)
        response = await push(server, SIGNING, proof=proof, **assertion)
        assert response.status_code == 201
        assert response.headers["dpop-nonce"] == nonce

    async def test_a_proof_with_a_wrong_form_is_in_the_audit_log(self, server: Server) -> None:
        proof_refused(await push(server, proof="x"), "jwt.form")
        event = (await server.audit())[-1]
        assert (event.client_id, event.check) == (SPA.client_id, "jwt.form")


@pytest.mark.rfc("9126", "5")
class TestRequired:
    async def test_the_metadata_says_whether(self, start: Start) -> None:
        for required in (False, True):
            server = await start(require_par=required)
            path = "/.well-known/oauth-authorization-server"
            document = (await server.http.get(path)).json()
            assert document["require_pushed_authorization_requests"] is required
            assert document["pushed_authorization_request_endpoint"] == PAR

    async def test_the_server_can_require_it_of_all(self, start: Start) -> None:
        server = await start(require_par=True)
        await server.add(ADA)
        person = Person(server.http)
        answer = answer_of(await person.authorize())
        assert answer["error"] == "invalid_request"
        assert answer["state"] == REQUEST["state"]
        assert await code_of(person, await pushed(server))

    @pytest.mark.rfc("9126", "6")
    async def test_it_can_be_required_of_one_client(self, server: Server, person: Person) -> None:
        await server.change(SPA, require_pushed_authorization_requests=True)
        assert answer_of(await person.authorize())["error"] == "invalid_request"
        assert await code_of(person, await pushed(server))

    async def test_others_are_free(self, server: Server, person: Person) -> None:
        await server.add(
            dataclasses.replace(SPA, client_id="other", require_pushed_authorization_requests=True)
        )
        assert (await person.code())["code"]


@pytest.mark.rfc("9126", "7.1")
async def test_only_a_hash_of_the_request_uri_is_stored(server: Server) -> None:
    uri = await pushed(server)
    kept = dict(server.stores.pushed_requests._records._records.items())
    assert len(kept) == 1
    assert uri not in repr(kept)
    assert uri.removeprefix(PREFIX) not in repr(kept)
