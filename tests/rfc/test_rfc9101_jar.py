"""Signed authorization requests by value, at /authorize and through /par (RFC 9101)."""

import dataclasses
import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from app.oauth.client import AuthMethod, Client
from app.oauth.request_object import MAX_LIFETIME
from app.oauth.signed_jwt import ALGS
from tests.answers import refused
from tests.builders import ISSUER, NOW, DpopKey, b64url
from tests.harness import (
    API,
    FILES,
    FORM,
    REDIRECT_URI,
    SPA,
    WEB,
    Server,
    asserted,
    credentials,
)
from tests.person import ADA, REQUEST, Person, answer_of
from tests.unit.oauth.token_server import AssertionKey

KEY = AssertionKey()
OTHER_KEY = AssertionKey()
# Signs its requests, and authenticates by its secret.
JAR = dataclasses.replace(
    WEB,
    client_id="jar",
    client_name="A client that signs",
    jwks={"keys": [KEY.public_jwk]},
    request_object_signing_alg="ES256",
)
PUBLIC = dataclasses.replace(JAR, client_id="public", auth_method=SPA.auth_method, secrets=())


@pytest.fixture(autouse=True)
async def person(server: Server) -> Person:
    await server.add(ADA, JAR, PUBLIC)
    return Person(server.http)


def claims(client: Client = JAR, /, **changes: Any) -> dict[str, Any]:
    """Return the claims of a valid object but for the changes; what is None is left out."""
    valid: dict[str, Any] = {
        "iss": client.client_id,
        "aud": ISSUER,
        "iat": int(NOW),
        "nbf": int(NOW),
        "exp": int(NOW) + 60,
        "jti": "once",
        **REQUEST,
        "client_id": client.client_id,
    }
    changed = valid | changes
    return {name: value for name, value in changed.items() if value is not None}


def signed(
    client: Client = JAR,
    /,
    *,
    key: DpopKey = KEY,
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Sign an object that is valid but for what the arguments break."""
    protected = {"typ": "oauth-authz-req+jwt", "alg": key.alg} | (header or {})
    protected = {name: value for name, value in protected.items() if value is not None}
    return key.sign(protected, claims(client, **changes))


async def authorize(
    person: Person, request: str, client: Client = JAR, /, **front: str
) -> httpx.Response:
    query = {"client_id": client.client_id, "request": request, **front}
    return await person.open(f"/authorize?{urlencode(query)}")


async def push(server: Server, client: Client, /, **fields: str) -> httpx.Response:
    own, headers = credentials(client, issuer=ISSUER, now=server.clock.now())
    body = urlencode({**own, **fields})
    return await server.http.post("/par", content=body, headers=[("Content-Type", FORM), *headers])


async def finished(person: Person, response: httpx.Response) -> httpx.Response:
    if response.headers["location"].startswith("/login"):
        response = await person.follow(await person.sign_in(await person.follow(response)))
    if response.headers["location"].startswith("/consent"):
        response = await person.decide(await person.follow(response))
    return response


def shown(response: httpx.Response, error: str = "invalid_request_object") -> bool:
    """Whether the error is on a page, and goes nowhere."""
    return (
        response.status_code == 400
        and response.headers["content-type"] == "text/html; charset=utf-8"
        and "location" not in response.headers
        and error in response.text
    )


@pytest.mark.rfc("9101", "5")
class TestByValue:
    async def test_the_whole_flow_leads_to_a_token(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        response = await finished(person, await authorize(person, signed()))
        assert response.headers["location"].startswith(REDIRECT_URI)
        answer = answer_of(response)
        assert answer.keys() == {"code", "state", "iss"}
        assert answer["state"] == REQUEST["state"]
        token = await server.redeem(answer["code"], key, JAR)
        assert token.json()["scope"] == "read"

    async def test_a_public_client_may_sign_too(self, person: Person) -> None:
        response = await authorize(person, signed(PUBLIC), PUBLIC)
        assert answer_of(await finished(person, response))["code"]

    @pytest.mark.rfc("9101", "6.3")
    async def test_only_the_parameters_in_the_object_count(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        front = {"scope": "write", "state": "evil", "redirect_uri": "https://evil.example/"}
        response = await finished(person, await authorize(person, signed(), **front))
        assert response.headers["location"].startswith(REDIRECT_URI)
        answer = answer_of(response)
        assert answer["state"] == REQUEST["state"]
        assert (await server.redeem(answer["code"], key, JAR)).json()["scope"] == "read"

    @pytest.mark.rfc("9101", "6.3")
    async def test_what_the_object_lacks_is_not_taken_from_beside_it(self, person: Person) -> None:
        response = await authorize(person, signed(response_type=None), response_type="code")
        assert answer_of(response)["error"] == "invalid_request"

    async def test_client_id_must_stand_beside_the_object(self, person: Person) -> None:
        response = await person.open(f"/authorize?{urlencode({'request': signed()})}")
        assert shown(response, "invalid_request")

    async def test_client_id_beside_the_object_must_be_the_one_inside(
        self, server: Server, person: Person
    ) -> None:
        other = await server.change(JAR, client_id="other")
        answer = answer_of(await authorize(person, signed(other, client_id="jar"), other))
        assert answer["error"] == "invalid_request_object"
        assert answer_of(await authorize(person, signed(iss="jar"), other))["error"] == (
            "invalid_request_object"
        )

    async def test_an_unknown_client_is_shown_a_page(self, person: Person) -> None:
        unknown = dataclasses.replace(JAR, client_id="unknown")
        assert shown(await authorize(person, signed(unknown), unknown), "invalid_request")

    async def test_it_may_be_posted(self, person: Person) -> None:
        fields = {"client_id": JAR.client_id, "request": signed()}
        response = await person.http.post("/authorize", data=fields)
        assert answer_of(await finished(person, await person.follow(response)))["code"]

    @pytest.mark.rfc("9101", "4")
    async def test_numbers_and_lists_are_parameters_too(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        request = signed(max_age=3600, resource=[API.uri, FILES.uri], scope="read write")
        answer = answer_of(await finished(person, await authorize(person, request)))
        response = await server.redeem(answer["code"], key, JAR, resource=FILES.uri)
        assert response.json()["scope"] == "write"

    @pytest.mark.rfc("9101", "4")
    async def test_claims_that_are_no_parameters_are_ignored(self, person: Person) -> None:
        request = signed(claims={"userinfo": None}, unknown=[1, {}], nonce=5)
        assert answer_of(await finished(person, await authorize(person, request)))["code"]

    @pytest.mark.rfc("9449", "10")
    async def test_a_dpop_jkt_in_the_object_binds_the_code(
        self, server: Server, person: Person, key: DpopKey, other_key: DpopKey
    ) -> None:
        response = await authorize(person, signed(dpop_jkt=key.jkt))
        code = answer_of(await finished(person, response))["code"]
        wrong = await server.redeem(code, other_key, JAR)
        assert wrong.json()["error"] == "invalid_grant"
        assert (await server.redeem(code, key, JAR)).status_code == 200


@pytest.mark.rfc("9101", "6.2")
class TestTheSignature:
    """Until it is verified nothing in the object can be trusted: errors are shown on a page."""

    async def test_another_key_is_refused(self, person: Person) -> None:
        assert shown(await authorize(person, signed(key=OTHER_KEY)))

    async def test_the_key_that_the_kid_names_must_have_signed(
        self, server: Server, person: Person
    ) -> None:
        keys = [KEY.public_jwk | {"kid": "a"}, OTHER_KEY.public_jwk | {"kid": "b"}]
        await server.change(JAR, jwks={"keys": keys})
        assert shown(await authorize(person, signed(header={"kid": "b"})))
        response = await authorize(person, signed(header={"kid": "a"}))
        assert response.headers["location"].startswith("/login")

    async def test_a_changed_claim_breaks_it(self, person: Person) -> None:
        header, _, signature = signed().split(".")
        payload = b64url(json.dumps(claims(scope="write")).encode())
        assert shown(await authorize(person, f"{header}.{payload}.{signature}"))

    @pytest.mark.rfc("9101", "10.1")
    @pytest.mark.parametrize("alg", ["none", "HS256", "PS256", "ES384", "", None, 5])
    async def test_another_algorithm_than_the_registered_is_refused(
        self, person: Person, alg: Any
    ) -> None:
        assert shown(await authorize(person, signed(header={"alg": alg})))

    async def test_an_unsigned_object_is_refused(self, person: Person) -> None:
        header = b64url(json.dumps({"alg": "none"}).encode())
        payload = b64url(json.dumps(claims()).encode())
        assert shown(await authorize(person, f"{header}.{payload}."))

    @pytest.mark.parametrize("alg", ["RS256", "PS512", "EdDSA", "ES512"])
    async def test_any_asymmetric_algorithm_may_be_registered(
        self, server: Server, person: Person, alg: str
    ) -> None:
        key = AssertionKey(alg)
        jwks = {"keys": [key.public_jwk]}
        await server.change(JAR, jwks=jwks, request_object_signing_alg=alg)
        response = await authorize(person, signed(key=key))
        assert response.headers["location"].startswith("/login")

    async def test_a_client_without_a_registered_algorithm_cannot_sign(
        self, server: Server, person: Person
    ) -> None:
        await server.change(JAR, request_object_signing_alg=None)
        assert shown(await authorize(person, signed()))

    @pytest.mark.rfc("9101", "10.8")
    @pytest.mark.parametrize(
        "typ", [None, "JWT", "jwt", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"]
    )
    async def test_the_type_may_be_its_own_or_that_of_any_jwt(
        self, person: Person, typ: str | None
    ) -> None:
        response = await authorize(person, signed(header={"typ": typ}))
        assert response.headers["location"].startswith("/login")

    @pytest.mark.rfc("9101", "10.8")
    @pytest.mark.parametrize("typ", ["dpop+jwt", "at+jwt", "", 5, ["JWT"]])
    async def test_another_type_is_refused(self, person: Person, typ: Any) -> None:
        assert shown(await authorize(person, signed(header={"typ": typ})))

    async def test_an_unknown_critical_extension_is_refused(self, person: Person) -> None:
        header = {"crit": ["b64"], "b64": False}
        assert shown(await authorize(person, signed(header=header)))

    @pytest.mark.parametrize(
        "value",
        [
            "x",
            "a.b",
            "a.b.c",
            "a.b.c.d.e",
            "..",
            "é.é.é",
            "e30.e30.",
            "bnVsbA.e30.AA",
            "W10.e30.AA",
        ],
    )
    async def test_what_is_no_jwt_is_refused(self, person: Person, value: str) -> None:
        assert shown(await authorize(person, value), "invalid_request")

    async def test_a_member_that_is_there_twice_is_refused(self, person: Person) -> None:
        payload = json.dumps(claims())[:-1] + ', "scope": "write"}'
        request = KEY.sign_raw(b'{"alg": "ES256"}', payload.encode())
        assert shown(await authorize(person, request))

    async def test_an_object_beyond_8_kib_is_refused(self, person: Person) -> None:
        assert shown(await authorize(person, signed(unknown="x" * 8192)), "invalid_request")

    async def test_a_redirect_uri_that_is_not_registered_is_not_followed(
        self, person: Person
    ) -> None:
        request = signed(redirect_uri="https://evil.example/")
        assert shown(await authorize(person, request), "invalid_request")


FLAWS = [
    pytest.param({"iss": None}, id="no iss"),
    pytest.param({"iss": "other"}, id="iss of another"),
    pytest.param({"client_id": None}, id="no client_id"),
    pytest.param({"client_id": "spa"}, id="client_id of another"),
    pytest.param({"aud": None}, id="no aud"),
    pytest.param({"aud": "https://other.example"}, id="aud of another"),
    pytest.param({"aud": ["https://other.example"]}, id="aud list without us"),
    pytest.param({"aud": ISSUER + "/"}, id="aud with a slash"),
    pytest.param({"aud": {}}, id="aud an object"),
    pytest.param({"exp": None}, id="no exp"),
    pytest.param({"exp": int(NOW) - 10}, id="expired"),
    pytest.param({"exp": int(NOW) + MAX_LIFETIME + 11}, id="exp too far ahead"),
    pytest.param({"exp": str(int(NOW) + 60)}, id="exp a string"),
    pytest.param({"exp": True}, id="exp a boolean"),
    pytest.param({"exp": 1e300}, id="exp beyond all time"),
    pytest.param({"nbf": int(NOW) + 11}, id="not yet good"),
    pytest.param({"iat": int(NOW) + 11}, id="from the future"),
    pytest.param({"iat": "now"}, id="iat a string"),
    pytest.param({"sub": "jar"}, id="sub the client_id"),
    pytest.param({"request": "a.b.c"}, id="request inside"),
    pytest.param({"request_uri": "urn:x:y"}, id="request_uri inside"),
]


@pytest.mark.rfc("9101", "6")
class TestTheClaims:
    @pytest.mark.parametrize("changes", FLAWS)
    async def test_a_flaw_is_told_at_the_clients_own_redirect_uri(
        self, person: Person, changes: dict[str, Any]
    ) -> None:
        response = await authorize(person, signed(**changes))
        assert response.headers["location"].startswith(REDIRECT_URI)
        answer = answer_of(response)
        assert answer["error"] == "invalid_request_object"
        assert answer["iss"] == ISSUER

    @pytest.mark.parametrize("changes", FLAWS)
    async def test_a_flaw_is_told_at_the_par_endpoint(
        self, server: Server, changes: dict[str, Any]
    ) -> None:
        response = await push(server, JAR, request=signed(**changes))
        assert refused(response, "invalid_request_object")

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": [ISSUER]},
            {"aud": ["https://other.example", ISSUER]},
            {"nbf": None, "iat": None, "jti": None},
            {"nbf": int(NOW) + 10, "iat": int(NOW) + 10},
            {"exp": int(NOW) - 9},
            {"exp": int(NOW) + MAX_LIFETIME + 10},
            {"exp": NOW + 0.5},
            {"sub": "ada"},
        ],
    )
    async def test_what_is_within_the_rules_is_taken(
        self, person: Person, changes: dict[str, Any]
    ) -> None:
        response = await authorize(person, signed(**changes))
        assert response.headers["location"].startswith("/login")

    @pytest.mark.parametrize("value", [None, True, 1.5, {}, [1], [None]])
    async def test_a_parameter_of_the_wrong_type_is_refused(
        self, person: Person, value: Any
    ) -> None:
        request = KEY.sign({"alg": "ES256"}, claims() | {"scope": value})
        assert shown(await authorize(person, request))

    async def test_a_flaw_of_the_request_itself_keeps_its_own_error(self, person: Person) -> None:
        answer = answer_of(await authorize(person, signed(scope="admin")))
        assert answer["error"] == "invalid_scope"
        assert answer["state"] == REQUEST["state"]

    async def test_a_parameter_that_may_stand_once_cannot_be_a_list(self, person: Person) -> None:
        answer = answer_of(await authorize(person, signed(scope=["read", "write"])))
        assert answer["error"] == "invalid_request"


class TestTravelling:
    async def test_the_object_may_expire_while_the_person_signs_in(
        self, server: Server, person: Person
    ) -> None:
        sign_in = await authorize(person, signed())
        server.clock.advance(600)
        consent = await person.follow(await person.sign_in(await person.follow(sign_in)))
        page = await person.follow(consent)
        server.clock.advance(600)
        assert answer_of(await person.decide(page))["code"]

    async def test_but_not_for_ever(self, server: Server, person: Person) -> None:
        sign_in = await authorize(person, signed())
        server.clock.advance(1800)
        response = await person.follow(await person.sign_in(await person.follow(sign_in)))
        assert answer_of(response)["error"] == "invalid_request_object"

    @pytest.mark.parametrize("mark", ["", "x", "~~", "1800000000.0~-~AAAA", "9e999~-~x"])
    async def test_a_mark_that_the_server_did_not_make_is_worth_nothing(
        self, server: Server, person: Person, mark: str
    ) -> None:
        server.clock.advance(120)
        answer = answer_of(await authorize(person, signed(), opened=mark))
        assert answer["error"] == "invalid_request_object"

    @pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": 60}, {"max_age": 0}])
    async def test_a_fresh_sign_in_is_asked_for_once_and_then_satisfied(
        self, server: Server, person: Person, changes: dict[str, Any]
    ) -> None:
        await finished(person, await authorize(person, signed()))
        server.clock.advance(61)
        now = int(server.clock.now())
        response = await authorize(person, signed(exp=now + 60, **changes))
        assert response.headers["location"].startswith("/login?")
        after = await person.follow(await person.sign_in(await person.follow(response)))
        assert answer_of(after)["code"]

    async def test_the_sign_in_page_names_the_client_and_takes_the_hint(
        self, person: Person
    ) -> None:
        response = await authorize(person, signed(login_hint="someone@people.example"))
        page = await person.follow(response)
        assert JAR.client_name in page.text
        assert 'value="someone@people.example"' in page.text


@pytest.mark.rfc("9126", "3")
class TestThroughPar:
    async def test_the_pushed_object_makes_the_request(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        response = await push(server, JAR, request=signed(), scope="write", state="ignored")
        assert response.status_code == 201, response.text
        server.clock.advance(59)
        query = {"client_id": "jar", "request_uri": response.json()["request_uri"]}
        sign_in = await person.open(f"/authorize?{urlencode(query)}")
        server.clock.advance(600)
        answer = answer_of(await finished(person, sign_in))
        assert answer["state"] == REQUEST["state"]
        assert (await server.redeem(answer["code"], key, JAR)).json()["scope"] == "read"

    async def test_the_object_must_be_the_authenticated_clients(self, server: Server) -> None:
        request = signed(PUBLIC)
        assert refused(await push(server, JAR, request=request), "invalid_request_object")

    async def test_what_the_object_asks_is_checked_at_once(self, server: Server) -> None:
        response = await push(server, JAR, request=signed(scope="admin"))
        refused(response, "invalid_scope")

    async def test_a_wrong_signature_is_refused(self, server: Server) -> None:
        response = await push(server, JAR, request=signed(key=OTHER_KEY))
        assert refused(response, "invalid_request_object")

    async def test_an_object_is_no_client_assertion(self, server: Server) -> None:
        await server.change(JAR, auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=())
        fields = asserted(signed(jti="a"))
        body = urlencode({**fields, "request": signed()})
        response = await server.http.post("/par", content=body, headers={"Content-Type": FORM})
        refused(response, "invalid_client", status=401)


@pytest.mark.rfc("9101", "10.5")
class TestRequired:
    @pytest.fixture(autouse=True)
    async def _required(self, server: Server, person: Person) -> None:
        assert person.http is server.http
        await server.change(JAR, require_signed_request_object=True)

    async def test_plain_parameters_are_refused(self, person: Person) -> None:
        answer = answer_of(await person.authorize(client_id="jar"))
        assert answer["error"] == "invalid_request"
        assert answer["state"] == REQUEST["state"]

    async def test_a_signed_request_is_taken(self, person: Person) -> None:
        assert answer_of(await finished(person, await authorize(person, signed())))["code"]

    async def test_plain_parameters_cannot_be_pushed_either(self, server: Server) -> None:
        response = await push(server, JAR, **REQUEST | {"client_id": "jar"})
        assert refused(response, "invalid_request")

    async def test_a_signed_request_can_be_pushed(self, server: Server, person: Person) -> None:
        response = await push(server, JAR, request=signed())
        query = {"client_id": "jar", "request_uri": response.json()["request_uri"]}
        sign_in = await person.open(f"/authorize?{urlencode(query)}")
        assert answer_of(await finished(person, sign_in))["code"]

    @pytest.mark.rfc("9126", "6")
    async def test_where_par_is_required_a_signed_request_must_be_pushed(
        self, server: Server, person: Person
    ) -> None:
        await server.change(JAR, require_pushed_authorization_requests=True)
        answer = answer_of(await authorize(person, signed()))
        assert answer["error"] == "invalid_request"


@pytest.mark.rfc("9101", "10.5")
async def test_the_metadata_tells_what_is_taken(server: Server) -> None:
    document = (await server.http.get("/.well-known/oauth-authorization-server")).json()
    assert document["request_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert document["request_object_signing_alg_values_supported"] == list(ALGS)
    assert not {"none", "HS256"} & set(ALGS)
