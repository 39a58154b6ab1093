"""Rich authorization requests over HTTP (RFC 9396)."""

import dataclasses
import json
from typing import Any

import httpx
import pytest

from app.oauth.client import Client
from app.oauth.details_type import DetailsType
from app.oauth.token_family import TokenFamily
from app.telemetry.audit import EventKind
from tests.answers import issued, refused
from tests.builders import DpopKey
from tests.details import ACCOUNTS, LOOK, NAMES, PAY, PAYMENT, PHOTOS, SEE, SHOW, TYPES, written
from tests.device import DEVICE, allowed, ask, poll
from tests.harness import API, FILES, SPA, WEB, Server
from tests.held_tokens import GUARD, described, introspect
from tests.person import ADA, Person, answer_of, forms_of
from tests.rfc.test_rfc9101_jar import JAR, signed
from tests.rfc.test_rfc9126_par import code_of as code_of_pushed
from tests.rfc.test_rfc9126_par import push, pushed
from tests.unit.oauth.token_server import claims_of

ERROR = "invalid_authorization_details"
MARK = pytest.mark.rfc


@pytest.fixture(autouse=True)
async def person(server: Server) -> Person:
    """Ada, and clients that may use every type."""
    await server.add(ADA, GUARD, *TYPES)
    for client in (SPA, WEB, JAR, DEVICE):
        await server.add(dataclasses.replace(client, authorization_details_types=NAMES))
    return Person(server.http)


async def pushing(server: Server, *objects: object, **changes: Any) -> httpx.Response:
    return await push(server, SPA, authorization_details=written(*objects), **changes)


async def code_for(person: Person, *objects: object, **changes: Any) -> str:
    answer = await person.code(authorization_details=written(*objects), **changes)
    assert "code" in answer, answer
    return answer["code"]


async def tokens_for(
    server: Server, key: DpopKey, *objects: dict[str, Any], **code: Any
) -> dict[str, Any]:
    """Redeem a code that was issued for the objects."""
    places = {uri for each in objects for uri in each.get("locations", ())}
    places |= {API.uri for each in objects if each["type"] == ACCOUNTS.type}
    resources = code.pop("resources", tuple(sorted(places)))
    return await server.tokens(key, SPA, authorization_details=objects, resources=resources, **code)


def details_in(tokens: dict[str, Any]) -> Any:
    """Assert that answer and token say the same of the details, and return them."""
    claims = claims_of(tokens["access_token"])
    assert claims.get("authorization_details") == tokens.get("authorization_details")
    return claims.get("authorization_details")


async def replaced(server: Server, found: DetailsType) -> None:
    async with server.parts.database.begin() as unit:
        await unit.details_types.delete(found.type)
        await unit.details_types.add(found)
        await unit.commit()


async def unregistered(server: Server, name: str) -> None:
    async with server.parts.database.begin() as unit:
        assert await unit.details_types.delete(name)
        await unit.commit()


def without(each: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in each.items() if name not in names}


@MARK("9396", "2")
class TestTheParameter:
    async def test_it_is_an_array_of_objects_with_types(self, server: Server) -> None:
        assert (await pushing(server, PAY, SEE, LOOK)).status_code == 201

    async def test_the_same_type_may_come_twice(self, server: Server) -> None:
        assert (await pushing(server, LOOK, SHOW, scope=None)).status_code == 201

    @pytest.mark.parametrize(
        "value",
        [
            "pay",
            "[",
            '"photos"',
            "{}",
            json.dumps(PAY),
            "[]",
            "[1]",
            "[[]]",
            "[null]",
            '[{"type":"photos","type":"photos"}]',
            '[{"type":"photos","n":NaN}]',
            '[{"type":"photos","n":1e999}]',
            '[{"type":"photos","n":9007199254740993}]',
            "[" * 2000,
            f'[{{"type":"photos","n":{"9" * 4000}}}]',
            json.dumps([LOOK] * 11),
        ],
        ids=lambda value: value[:24],
    )
    async def test_whatever_else_it_is_is_refused(self, server: Server, value: str) -> None:
        refused(await push(server, SPA, authorization_details=value), ERROR)

    @pytest.mark.parametrize("type_", [None, 1, "", ["photos"], {}])
    async def test_an_object_without_a_type_is_refused(self, server: Server, type_: object) -> None:
        description = refused(await pushing(server, LOOK, {"type": type_}), ERROR)
        assert description.startswith("authorization_details/1/type: ")

    async def test_an_object_that_names_no_type_is_refused(self, server: Server) -> None:
        assert "/0/type" in refused(await pushing(server, {"actions": ["show"]}), ERROR)

    async def test_the_type_is_compared_in_every_character(self, server: Server) -> None:
        refused(await pushing(server, {"type": "Photos"}), ERROR)

    async def test_objects_within_objects_have_a_bounded_depth(self, server: Server) -> None:
        deep: Any = "x"
        for _ in range(9):
            deep = [deep]
        assert "levels" in refused(await pushing(server, {**LOOK, "albums": deep}), ERROR)

    @pytest.mark.parametrize("character", ["\n", "\0", "\u202e", "\u2066", "\u200b", "\ud800"])
    async def test_characters_that_hide_what_a_person_is_asked_are_refused(
        self, server: Server, character: str
    ) -> None:
        evil = {**PAY, "creditorName": f"Merchant{character}A"}
        assert "/0/creditorName" in refused(await pushing(server, evil), ERROR)
        named = {**LOOK, f"a{character}b": 1}
        refused(await pushing(server, named), ERROR)

    async def test_other_writing_is_kept_as_it_is(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        pay = {**PAY, "creditorName": "Łódź מאפייה 😀"}
        tokens = issued(await server.redeem(await code_for(person, pay), key))
        assert details_in(tokens) == [pay]


@MARK("9396", "11.4")
class TestTheSize:
    async def test_a_large_request_can_be_pushed(self, server: Server, person: Person) -> None:
        large = {**LOOK, "albums": [{"title": "x" * 380} for _ in range(9)]}
        uri = await pushed(server, SPA, authorization_details=written(large))
        assert await code_of_pushed(person, uri)

    @pytest.mark.parametrize("character", ["x", "é", "😀"])
    async def test_more_than_4096_bytes_are_refused(self, server: Server, character: str) -> None:
        size = len(character.encode())
        large = {**LOOK, "actions": [character * (4096 // size)]}
        value = json.dumps([large], ensure_ascii=False)
        response = await push(server, SPA, authorization_details=value)
        assert response.status_code == 400
        assert response.json()["error"] in {ERROR, "invalid_request"}

    async def test_a_plain_request_too_long_for_the_browser_is_refused(
        self, person: Person
    ) -> None:
        long = {**LOOK, "actions": ["ä" * 1900]}
        value = json.dumps([long], ensure_ascii=False)
        answer = answer_of(await person.authorize(authorization_details=value, state="ü" * 900))
        assert answer["error"] == "invalid_request"


@MARK("9396", "2.2")
class TestCommonFields:
    async def test_all_may_be_used(self, server: Server) -> None:
        common = {
            "datatypes": ["a"],
            "privileges": ["b"],
            "identifier": "c",
            "locations": [API.uri],
        }
        assert (await pushing(server, {**SEE, **common})).status_code == 201

    @pytest.mark.parametrize("name", ["locations", "actions", "datatypes", "privileges"])
    @pytest.mark.parametrize("value", ["list", [], [1], ["list", "list"], {"a": 1}, None])
    async def test_they_are_arrays_of_strings(
        self, server: Server, name: str, value: object
    ) -> None:
        description = refused(await pushing(server, {**SEE, name: value}), ERROR)
        assert f"/0/{name} (type '{ACCOUNTS.type}')" in description

    async def test_the_identifier_is_a_string(self, server: Server) -> None:
        assert "/0/identifier" in refused(await pushing(server, {**SEE, "identifier": 1}), ERROR)

    async def test_a_type_that_does_not_define_them_does_not_take_them(
        self, server: Server
    ) -> None:
        assert "/0/identifier" in refused(await pushing(server, {**LOOK, "identifier": "a"}), ERROR)

    @pytest.mark.parametrize("uri", ["https://elsewhere.example", "https://api.example/", "x", ""])
    async def test_a_location_is_the_uri_of_a_registered_resource(
        self, server: Server, uri: str
    ) -> None:
        assert "/0/locations" in refused(await pushing(server, {**LOOK, "locations": [uri]}), ERROR)

    async def test_a_location_is_none_but_that_of_the_types_own_resource(
        self, server: Server
    ) -> None:
        elsewhere = {**SEE, "locations": [API.uri, FILES.uri]}
        assert "/0/locations" in refused(await pushing(server, elsewhere), ERROR)


@MARK("9396", "5")
class TestWhatDoesNotConform:
    @pytest.mark.parametrize(
        ("object_", "pointer"),
        [
            pytest.param({"type": "unknown"}, "/1/type", id="unknown type"),
            pytest.param({**PAY, "debtor": "x"}, "/1/debtor", id="unknown field"),
            pytest.param(
                {**PAY, "instructedAmount": {"currency": "EUR", "amount": "1", "fee": "1"}},
                "/1/instructedAmount",
                id="unknown field within",
            ),
            pytest.param({**PAY, "creditorName": 1}, "/1/creditorName", id="wrong type"),
            pytest.param({**SEE, "days": "90"}, "/1/days", id="text for a number"),
            pytest.param({**SEE, "days": True}, "/1/days", id="truth for a number"),
            pytest.param({**SEE, "days": 0}, "/1/days", id="value out of bounds"),
            pytest.param({**SEE, "actions": ["steal"]}, "/1/actions/0", id="value not listed"),
            pytest.param(
                {**PAY, "instructedAmount": {"currency": "eur", "amount": "1"}},
                "/1/instructedAmount/currency",
                id="value of another pattern",
            ),
            pytest.param(without(PAY, "creditorName"), "/1", id="missing field"),
            pytest.param(
                {**PAY, "instructedAmount": {"currency": "EUR"}},
                "/1/instructedAmount",
                id="missing field within",
            ),
            pytest.param({**PHOTOS.schema, "type": "photos", "a/b~": 1}, "/1/", id="odd name"),
        ],
    )
    async def test_it_is_refused_with_its_type_and_place(
        self, server: Server, object_: dict[str, Any], pointer: str
    ) -> None:
        description = refused(await pushing(server, LOOK, object_), ERROR)
        assert f"authorization_details{pointer}" in description
        assert f"(type '{object_['type']}')" in description

    async def test_the_refusal_does_not_repeat_the_value(self, server: Server) -> None:
        secret = {**PAY, "creditorName": "S3CRET" * 20}
        assert "S3CRET" not in refused(await pushing(server, secret), ERROR)

    async def test_the_client_hears_of_it_at_its_redirect_uri(self, person: Person) -> None:
        answer = answer_of(await person.authorize(authorization_details=written({"type": "no"})))
        assert answer["error"] == ERROR
        assert "/0/type" in answer["error_description"]

    async def test_a_device_hears_of_it_too(self, server: Server) -> None:
        response = await ask(server, DEVICE, authorization_details=written({"type": "no"}))
        refused(response, ERROR)

    async def test_a_hostile_pattern_and_text_cost_no_time(self, server: Server) -> None:
        schema = {
            "type": "object",
            "additionalProperties": False,
            "properties": {"identifier": {"type": "string", "pattern": "^(a+)+$"}},
        }
        await replaced(server, dataclasses.replace(PHOTOS, schema=schema))
        hostile = {"type": PHOTOS.type, "identifier": "a" * 3000 + "b"}
        refused(await pushing(server, hostile), ERROR)


@MARK("9396", "10")
class TestMetadata:
    async def members(self, server: Server) -> dict[str, Any]:
        response = await server.http.get("/.well-known/oauth-authorization-server")
        members: dict[str, Any] = response.json()
        return members

    async def test_it_lists_the_types(self, server: Server) -> None:
        listed = (await self.members(server))["authorization_details_types_supported"]
        assert set(listed) == NAMES

    async def test_it_follows_what_is_registered(self, server: Server) -> None:
        for name in NAMES:
            await unregistered(server, name)
        assert "authorization_details_types_supported" not in await self.members(server)

    async def test_a_client_uses_only_the_types_it_is_registered_for(self, server: Server) -> None:
        await server.change(SPA, authorization_details_types=frozenset({PHOTOS.type}))
        assert (await pushing(server, LOOK)).status_code == 201
        description = refused(await pushing(server, PAY), ERROR)
        assert "registered for photos" in description


@MARK("9396", "3")
class TestTheAuthorizationRequest:
    async def test_what_is_allowed_goes_into_the_token(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        tokens = issued(await server.redeem(await code_for(person, PAY, SEE), key))
        assert details_in(tokens) == [PAY, SEE]

    async def test_it_may_be_pushed(self, server: Server, person: Person, key: DpopKey) -> None:
        uri = await pushed(server, SPA, authorization_details=written(PAY))
        tokens = issued(await server.redeem(await code_of_pushed(person, uri), key))
        assert details_in(tokens) == [PAY]

    @pytest.mark.parametrize("as_text", [False, True])
    async def test_it_may_be_in_a_request_object(
        self, server: Server, person: Person, key: DpopKey, *, as_text: bool
    ) -> None:
        pay = {**PAY, "creditorName": "Bäckerei"}
        inside = signed(authorization_details=written(pay) if as_text else [pay])
        uri = await pushed(server, JAR, request=inside)
        tokens = issued(await server.redeem(await code_of_pushed(person, uri, JAR), key, JAR))
        assert details_in(tokens) == [pay]

    @pytest.mark.parametrize("value", [[], {}, PAY, 1, None, [1], ["photos"]])
    async def test_a_request_object_with_something_else_is_refused(
        self, server: Server, value: object
    ) -> None:
        if value is None:
            value = [None]
        response = await push(server, JAR, request=signed(authorization_details=value))
        refused(response, ERROR)

    async def test_it_may_be_asked_for_by_a_device(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        await person.sign_in()
        value = written(PAY, LOOK)
        code = await allowed(server, person, DEVICE, authorization_details=value)
        assert details_in(issued(await poll(server, code, key))) == [PAY, LOOK]

    async def test_the_audit_log_has_the_types_and_nothing_of_what_is_in_them(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        issued(await server.redeem(await code_for(person, PAY), key))
        told = {event.kind: event.details for event in await server.audit()}
        for kind in (EventKind.CONSENT_GIVEN, EventKind.TOKEN_ISSUED):
            assert told[kind]["authorization_details"] == PAYMENT.type
        assert "Merchant A" not in str(told)


@MARK("9396", "3")
class TestConsent:
    async def page(self, person: Person, *objects: object, **changes: str) -> httpx.Response:
        response = await person.authorize(authorization_details=written(*objects), **changes)
        if response.headers["location"].startswith("/login"):
            response = await person.follow(await person.sign_in(await person.follow(response)))
        assert response.headers["location"].startswith("/consent"), response.headers["location"]
        return await person.follow(response)

    async def test_the_person_is_shown_every_value_under_a_label(self, person: Person) -> None:
        album = {"title": "Beach", "year": 2026}
        text = (await self.page(person, PAY, {**LOOK, "albums": [album]})).text
        for shown in ("Make a payment", "Use your photos", "Amount: Currency", "EUR", "123.50"):
            assert shown in text
        for shown in ("To", "Merchant A", "Account: IBAN", "DE02100100109307118603"):
            assert shown in text
        for shown in ("Albums 1: Title", "Beach", "Albums 1: Year", "2026"):
            assert shown in text

    async def test_what_a_client_writes_is_no_html(self, person: Person) -> None:
        text = (await self.page(person, {**PAY, "creditorName": "<b onclick='x'>&amp;"})).text
        assert "&lt;b onclick=&#39;x&#39;&gt;&amp;amp;" in text
        assert "<b onclick" not in text

    @MARK("9396", "3.1")
    async def test_scopes_and_details_are_shown_together(self, person: Person) -> None:
        text = (await self.page(person, PAY, scope="read")).text
        assert "<code>read</code>" in text
        assert "Merchant A" in text

    async def test_details_allowed_before_are_not_asked_for_again(self, person: Person) -> None:
        await code_for(person, SEE, LOOK)
        again = answer_of(await person.authorize(authorization_details=written(LOOK, SEE)))
        assert again["code"]

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param([{**SEE, "days": 91}], id="another value"),
            pytest.param([{**SEE, "actions": ["list"]}], id="less"),
            pytest.param([{**SEE, "actions": ["balances", "list"]}], id="another order"),
            pytest.param([SEE, SEE], id="the same twice"),
            pytest.param([SEE, LOOK], id="more"),
        ],
    )
    async def test_the_person_is_asked_for_anything_else(
        self, person: Person, other: list[dict[str, Any]]
    ) -> None:
        await code_for(person, SEE)
        page = await self.page(person, *other)
        assert forms_of(page)

    async def test_a_consent_to_scopes_covers_no_details(self, person: Person) -> None:
        await person.code()
        assert forms_of(await self.page(person, SEE, scope="read"))

    async def test_a_consent_to_details_covers_no_scopes(self, person: Person) -> None:
        await code_for(person, SEE, scope=None)
        response = await person.authorize(scope="read")
        assert response.headers["location"].startswith("/consent")

    async def test_a_type_that_is_asked_always_is_asked_each_time(self, person: Person) -> None:
        await code_for(person, PAY)
        assert forms_of(await self.page(person, PAY))
        answer = answer_of(
            await person.authorize(authorization_details=written(PAY), prompt="none")
        )
        assert answer["error"] == "consent_required"

    async def test_the_account_page_shows_what_was_allowed_last(
        self, server: Server, person: Person
    ) -> None:
        await code_for(person, PAY)
        page = await person.open("/account")
        assert page.status_code == 200
        for shown in ("Last allowed: Make a payment", "Amount: Currency", "Merchant A"):
            assert shown in page.text
        await unregistered(server, PAYMENT.type)
        assert "Last allowed: payment_initiation" in (await person.open("/account")).text

    async def test_the_consent_page_of_a_device_shows_them_too(
        self, server: Server, person: Person
    ) -> None:
        await person.sign_in()
        members = (await ask(server, DEVICE, authorization_details=written(PAY))).json()
        page = await person.submit(await person.open("/device"), user_code=members["user_code"])
        assert "Merchant A" in page.text


@MARK("9396", "3.1")
class TestBesideScope:
    async def test_both_may_be_asked_for(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        tokens = issued(await server.redeem(await code_for(person, LOOK, scope="read"), key))
        assert (tokens["scope"], details_in(tokens)) == ("read", [LOOK])

    async def test_who_asks_in_detail_gets_no_scopes_that_it_does_not_name(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        tokens = issued(await server.redeem(await code_for(person, LOOK, scope=None), key))
        assert "scope" not in tokens
        own = issued(await server.client_credentials(key, WEB, authorization_details=written(LOOK)))
        assert "scope" not in own


@MARK("9396", "3.2")
class TestBesideResource:
    async def test_the_token_is_for_the_locations_and_the_resources(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await code_for(person, SHOW, resource=API.uri, scope="read write")
        claims = claims_of(issued(await server.redeem(code, key))["access_token"])
        assert set(claims["aud"]) == {API.uri, FILES.uri}

    async def test_the_token_is_for_the_resource_of_the_type(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        code = await code_for(person, SEE, scope=None)
        assert claims_of(issued(await server.redeem(code, key))["access_token"])["aud"] == API.uri

    async def test_the_person_sees_where_they_are_used(self, person: Person) -> None:
        response = await person.authorize(authorization_details=written(SHOW), scope=None)
        page = await person.follow(await person.sign_in(await person.follow(response)))
        page = await person.follow(page)
        assert "Files" in page.text


@MARK("9396", "6")
class TestTheTokenRequest:
    async def test_a_code_may_give_less(self, server: Server, key: DpopKey) -> None:
        code = await server.code(SPA, authorization_details=(PAY, LOOK))
        tokens = issued(await server.redeem(code, key, authorization_details=written(LOOK)))
        assert details_in(tokens) == [LOOK]

    async def test_a_refresh_may_give_less_and_later_all_again(
        self, server: Server, key: DpopKey
    ) -> None:
        tokens = await tokens_for(server, key, PAY, LOOK)
        value = written(LOOK)
        less = issued(
            await server.refresh(tokens["refresh_token"], key, authorization_details=value)
        )
        assert details_in(less) == [LOOK]
        again = issued(await server.refresh(less["refresh_token"], key))
        assert details_in(again) == [PAY, LOOK]

    @pytest.mark.parametrize(
        "more", [{**LOOK, "keepOriginals": True}, {"type": PHOTOS.type}, SEE, PAY]
    )
    async def test_neither_gives_more(
        self, server: Server, key: DpopKey, more: dict[str, Any]
    ) -> None:
        code = await server.code(SPA, authorization_details=(LOOK,))
        refused(await server.redeem(code, key, authorization_details=written(more)), ERROR)
        tokens = issued(await server.redeem(code, key))
        refused(
            await server.refresh(tokens["refresh_token"], key, authorization_details=written(more)),
            ERROR,
        )

    async def test_a_grant_without_details_gives_none(self, server: Server, key: DpopKey) -> None:
        code = await server.code()
        refused(await server.redeem(code, key, authorization_details=written(LOOK)), ERROR)

    async def test_a_client_asks_for_itself(self, server: Server, key: DpopKey) -> None:
        response = await server.client_credentials(
            key, WEB, authorization_details=written(SEE, LOOK)
        )
        tokens = issued(response)
        assert details_in(tokens) == [SEE, LOOK]
        assert claims_of(tokens["access_token"])["aud"] == API.uri

    async def test_a_client_asks_only_for_what_it_is_registered_for(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(WEB, authorization_details_types=frozenset())
        response = await server.client_credentials(key, WEB, authorization_details=written(LOOK))
        refused(response, ERROR)

    async def test_a_client_that_does_not_ask_gets_none(self, server: Server, key: DpopKey) -> None:
        assert details_in(issued(await server.client_credentials(key, WEB))) is None

    async def test_details_for_another_place_than_the_token_are_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        asked = {"authorization_details": written(SHOW), "resource": API.uri}
        refused(await server.client_credentials(key, WEB, **asked), ERROR)
        code = await server.code(SPA, authorization_details=(SHOW,), resources=(API.uri, FILES.uri))
        refused(await server.redeem(code, key, **asked), ERROR)


@MARK("9396", "6.1")
class TestComparing:
    GRANTED: tuple[dict[str, Any], ...] = (
        {**SEE, "datatypes": ["a", "b"], "locations": [API.uri]},
        PAY,
    )

    async def asked(self, server: Server, key: DpopKey, *objects: dict[str, Any]) -> httpx.Response:
        code = await server.code(SPA, authorization_details=self.GRANTED, resources=(API.uri,))
        return await server.redeem(code, key, authorization_details=written(*objects))

    @pytest.mark.parametrize(
        "less",
        [
            GRANTED,
            GRANTED[::-1],
            ({**GRANTED[0], "actions": ["list"]},),
            ({**GRANTED[0], "actions": ["balances", "list"], "datatypes": ["b"]},),
            ({**PAY, "actions": ["status"]}, GRANTED[0]),
        ],
    )
    async def test_values_of_the_common_arrays_may_be_left_out(
        self, server: Server, key: DpopKey, less: tuple[dict[str, Any], ...]
    ) -> None:
        assert details_in(issued(await self.asked(server, key, *less))) == list(less)

    @pytest.mark.parametrize(
        "more",
        [
            pytest.param([{**GRANTED[0], "actions": ["list", "history"]}], id="a further action"),
            pytest.param([without(GRANTED[0], "datatypes")], id="a field left out"),
            pytest.param([{**GRANTED[0], "privileges": ["x"]}], id="a further field"),
            pytest.param([{**GRANTED[0], "days": 89}], id="another value"),
            pytest.param([{**PAY, "creditorAccount": {}}], id="less within a field"),
            pytest.param([PAY, PAY], id="the same object twice"),
            pytest.param(
                [{**PAY, "actions": ["initiate"]}, {**PAY, "actions": ["status"]}], id="in parts"
            ),
        ],
    )
    async def test_anything_else_is_more(
        self, server: Server, key: DpopKey, more: list[dict[str, Any]]
    ) -> None:
        assert "more than was granted" in refused(await self.asked(server, key, *more), ERROR)

    async def test_each_object_finds_the_granted_one_that_it_is_within(
        self, server: Server, key: DpopKey
    ) -> None:
        wide, narrow = {**SEE, "actions": ["list", "balances"]}, {**SEE, "actions": ["list"]}
        granted = (wide, narrow)
        code = await server.code(SPA, authorization_details=granted, resources=(API.uri,))
        value = written(narrow, wide)
        assert details_in(issued(await server.redeem(code, key, authorization_details=value)))


@MARK("9396", "7")
class TestTheTokenResponse:
    async def test_it_says_what_the_token_carries(self, server: Server, key: DpopKey) -> None:
        tokens = await tokens_for(server, key, PAY, SEE)
        assert tokens["authorization_details"] == [PAY, SEE]

    async def test_it_says_nothing_where_there_are_none(self, server: Server, key: DpopKey) -> None:
        assert details_in(await server.tokens(key)) is None

    async def test_a_refresh_keeps_them(self, server: Server, key: DpopKey) -> None:
        tokens = await tokens_for(server, key, PAY, SEE)
        for _ in range(2):
            tokens = issued(await server.refresh(tokens["refresh_token"], key))
            assert details_in(tokens) == [PAY, SEE]

    async def test_a_type_that_is_registered_no_more_is_left_out(
        self, server: Server, key: DpopKey
    ) -> None:
        tokens = await tokens_for(server, key, PAY, LOOK)
        await unregistered(server, PAYMENT.type)
        assert details_in(issued(await server.refresh(tokens["refresh_token"], key))) == [LOOK]


@MARK("9396", "8")
async def test_a_token_request_is_held_to_the_types_too(server: Server, key: DpopKey) -> None:
    odd = {"type": PHOTOS.type, "unknown": 1}
    for objects in ([odd], [{"type": "no"}], "no array"):
        code = await server.code(SPA, authorization_details=(LOOK,))
        value = json.dumps(objects)
        refused(await server.redeem(code, key, authorization_details=value), ERROR)


@MARK("9396", "9.1")
class TestTheAccessToken:
    async def test_it_carries_only_what_is_for_its_audience(
        self, server: Server, key: DpopKey
    ) -> None:
        code = await server.code(
            SPA, authorization_details=(SEE, SHOW, LOOK), resources=(API.uri, FILES.uri)
        )
        tokens = issued(await server.redeem(code, key, resource=API.uri))
        assert details_in(tokens) == [SEE, LOOK]
        tokens = issued(
            await server.refresh(tokens["refresh_token"], key, resource=FILES.uri, scope="write")
        )
        assert details_in(tokens) == [SHOW, LOOK]

    async def test_the_grant_is_stored_with_all(self, server: Server, key: DpopKey) -> None:
        code = await server.code(SPA, authorization_details=(SEE, SHOW), resources=(API.uri,))
        issued(await server.redeem(code, key))
        family = await server.family_of(code)
        assert isinstance(family, TokenFamily)
        assert family.authorization_details == (SEE, SHOW)


@MARK("9396", "9.2")
class TestIntrospection:
    async def token(self, server: Server, key: DpopKey, client: Client = SPA) -> str:
        tokens = await server.tokens(
            key,
            client,
            authorization_details=(SEE, SHOW, LOOK),
            resources=(API.uri, FILES.uri),
        )
        return str(tokens["access_token"])

    async def test_a_resource_server_sees_what_is_for_it(
        self, server: Server, key: DpopKey
    ) -> None:
        members = described(await introspect(server, GUARD, await self.token(server, key)))
        assert members["authorization_details"] == [SEE, LOOK]

    async def test_the_client_sees_all(self, server: Server, key: DpopKey) -> None:
        token = await self.token(server, key, WEB)
        members = described(await introspect(server, WEB, token))
        assert members["authorization_details"] == [SEE, SHOW, LOOK]

    async def test_the_client_sees_those_of_its_refresh_token(
        self, server: Server, key: DpopKey
    ) -> None:
        tokens = await server.tokens(key, WEB, authorization_details=(PAY,))
        members = described(await introspect(server, WEB, tokens["refresh_token"]))
        assert members["authorization_details"] == [PAY]

    async def test_a_token_without_details_says_nothing_of_them(
        self, server: Server, key: DpopKey
    ) -> None:
        token = (await server.tokens(key, WEB))["access_token"]
        assert "authorization_details" not in described(await introspect(server, WEB, token))
