"""Step-up at the authorization server (RFC 9470): how and when a person signed in."""

from typing import Any

import pytest

from app.credentials import Kind, digest, mint
from app.oauth.authentication_context import PASSWORD
from app.state.session import Session
from tests.answers import issued, refused
from tests.builders import DpopKey
from tests.harness import API, SPA, WEB, Server
from tests.held_tokens import GUARD, described, introspect
from tests.person import ADA, Person, answer_of
from tests.rfc.test_rfc9126_par import code_of as code_of_pushed
from tests.rfc.test_rfc9126_par import push, pushed
from tests.unit.oauth.token_server import claims_of

STRONGER = "urn:example:phishing-resistant"


@pytest.fixture
async def person(server: Server) -> Person:
    await server.add(ADA)
    return Person(server.http)


async def is_asked_to_sign_in(person: Person, **changes: str) -> bool:
    location: str = (await person.authorize(**changes)).headers["location"]
    return location.startswith("/login")


async def tokens_of(server: Server, key: DpopKey, person: Person, **changes: str) -> dict[str, Any]:
    """Go all the way to the tokens."""
    return issued(await server.redeem((await person.code(**changes))["code"], key))


@pytest.mark.rfc("9470", "4")
class TestTheAuthorizationRequest:
    async def test_the_way_of_this_server_can_be_asked_for(self, person: Person) -> None:
        assert (await person.code(acr_values=PASSWORD))["code"]

    async def test_one_of_several_ways_is_enough(self, person: Person) -> None:
        assert (await person.code(acr_values=f"{STRONGER} {PASSWORD}"))["code"]

    async def test_who_signed_in_that_way_is_not_asked_again(self, person: Person) -> None:
        await person.code()
        assert not await is_asked_to_sign_in(person, acr_values=PASSWORD)

    @pytest.mark.parametrize("acr", [None, STRONGER])
    async def test_who_signed_in_another_way_must_sign_in_anew(
        self, server: Server, person: Person, acr: str | None
    ) -> None:
        now, value = server.clock.now(), mint(Kind.SESSION)
        session = Session(ADA.user_id, now, csrf="x", expires_at=now + 60, acr=acr)
        await server.stores.sessions.put(digest(value), session)
        person.http.cookies.set("holdfast_session", value)
        assert not await is_asked_to_sign_in(person)
        assert await is_asked_to_sign_in(person, acr_values=PASSWORD)
        assert (await person.code(acr_values=PASSWORD))["code"]

    async def test_under_prompt_none_the_need_to_sign_in_is_an_error(self, person: Person) -> None:
        answer = answer_of(await person.authorize(acr_values=PASSWORD, prompt="none"))
        assert answer["error"] == "login_required"

    async def test_a_sign_in_older_than_max_age_is_made_anew(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        await person.code()
        server.clock.advance(301)
        assert await is_asked_to_sign_in(person, max_age="300")
        token = (await tokens_of(server, key, person, max_age="300"))["access_token"]
        assert claims_of(token)["auth_time"] == int(server.clock.now())

    async def test_max_age_0_brings_a_new_sign_in_and_its_time_into_the_token(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        await person.code()
        server.clock.advance(1)
        token = (await tokens_of(server, key, person, max_age="0"))["access_token"]
        assert claims_of(token)["auth_time"] == int(server.clock.now())

    async def test_a_sign_in_within_max_age_is_enough(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        await person.code()
        began = int(server.clock.now())
        server.clock.advance(299)
        assert not await is_asked_to_sign_in(person, max_age="300")
        token = (await tokens_of(server, key, person, max_age="300"))["access_token"]
        assert claims_of(token)["auth_time"] == began

    async def test_both_may_be_asked_for_at_once(self, server: Server, person: Person) -> None:
        await person.code()
        server.clock.advance(301)
        assert await is_asked_to_sign_in(person, acr_values=PASSWORD, max_age="300")
        assert (await person.code(acr_values=PASSWORD, max_age="300"))["code"]

    async def test_both_may_be_pushed(self, server: Server, person: Person, key: DpopKey) -> None:
        uri = await pushed(server, acr_values=PASSWORD, max_age="0")
        tokens = issued(await server.redeem(await code_of_pushed(person, uri), key))
        claims = claims_of(tokens["access_token"])
        assert claims["acr"] == PASSWORD
        assert claims["auth_time"] == int(server.clock.now())


@pytest.mark.rfc("9470", "5")
class TestWhatCannotBeMet:
    async def test_the_client_is_told_before_the_person_is_asked(self, person: Person) -> None:
        answer = answer_of(await person.authorize(acr_values=STRONGER))
        assert answer["error"] == "unmet_authentication_requirements"
        assert PASSWORD in answer["error_description"]
        assert STRONGER in answer["error_description"]
        assert "code" not in answer

    async def test_that_holds_for_who_is_signed_in_too(self, person: Person) -> None:
        await person.code()
        answer = answer_of(await person.authorize(acr_values=STRONGER))
        assert answer["error"] == "unmet_authentication_requirements"

    async def test_a_pushed_request_is_refused_at_once(self, server: Server) -> None:
        response = await push(server, acr_values=STRONGER)
        refused(response, "unmet_authentication_requirements")

    async def test_a_value_is_compared_in_every_character(self, person: Person) -> None:
        answer = answer_of(await person.authorize(acr_values=PASSWORD.lower()))
        assert answer["error"] == "unmet_authentication_requirements"


@pytest.mark.rfc("9470", "6")
class TestTheToken:
    async def test_it_says_how_and_when_the_person_signed_in(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        began = int(server.clock.now())
        claims = claims_of((await tokens_of(server, key, person))["access_token"])
        assert (claims["acr"], claims["auth_time"]) == (PASSWORD, began)

    async def test_a_refresh_changes_neither(
        self, server: Server, person: Person, key: DpopKey
    ) -> None:
        began = int(server.clock.now())
        tokens = await tokens_of(server, key, person)
        for _ in range(2):
            server.clock.advance(3600)
            tokens = issued(await server.refresh(tokens["refresh_token"], key))
            claims = claims_of(tokens["access_token"])
            assert (claims["acr"], claims["auth_time"]) == (PASSWORD, began)

    async def test_a_clients_own_token_says_neither(self, server: Server, key: DpopKey) -> None:
        token = issued(await server.client_credentials(key))["access_token"]
        assert claims_of(token).keys().isdisjoint({"acr", "auth_time"})

    async def test_introspection_says_both(self, server: Server, key: DpopKey) -> None:
        await server.add(GUARD)
        now = server.clock.now()
        tokens = await server.tokens(key, SPA, resources=(API.uri,), acr=PASSWORD, auth_time=now)
        members = described(await introspect(server, GUARD, tokens["access_token"]))
        assert (members["acr"], members["auth_time"]) == (PASSWORD, int(now))

    async def test_introspection_of_a_clients_own_token_says_neither(
        self, server: Server, key: DpopKey
    ) -> None:
        token = issued(await server.client_credentials(key))["access_token"]
        members = described(await introspect(server, WEB, token))
        assert members.keys().isdisjoint({"acr", "auth_time"})


@pytest.mark.rfc("9470", "7")
async def test_the_metadata_names_the_ways(server: Server) -> None:
    members = (await server.http.get("/.well-known/oauth-authorization-server")).json()
    assert members["acr_values_supported"] == [PASSWORD]
