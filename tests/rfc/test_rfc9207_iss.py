"""Issuer identification in authorization responses (RFC 9207)."""

import pytest

from tests.builders import ISSUER
from tests.conftest import Start
from tests.harness import Server
from tests.person import ADA, Person, answer_of


@pytest.fixture
async def person(server: Server) -> Person:
    await server.add(ADA)
    return Person(server.http)


@pytest.mark.rfc("9207", "2")
class TestIss:
    async def test_a_success_names_the_issuer(self, person: Person) -> None:
        assert (await person.code())["iss"] == ISSUER

    @pytest.mark.rfc("9207", "2.2")
    @pytest.mark.parametrize("changes", [{"scope": "admin"}, {"prompt": "none"}])
    async def test_an_error_names_the_issuer(self, person: Person, changes: dict[str, str]) -> None:
        answer = answer_of(await person.authorize(changes))
        assert answer["error"]
        assert answer["iss"] == ISSUER

    async def test_a_denial_names_the_issuer(self, person: Person) -> None:
        await person.sign_in()
        page = await person.follow(await person.authorize())
        answer = answer_of(await person.decide(page, "deny"))
        assert (answer["error"], answer["iss"]) == ("access_denied", ISSUER)

    @pytest.mark.rfc("9207", "2.3")
    async def test_it_is_the_issuer_of_the_metadata(self, start: Start) -> None:
        server = await start(issuer="https://as.example")
        await server.add(ADA)
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        answer = answer_of(await Person(server.http).authorize(scope="admin"))
        assert answer["iss"] == metadata["issuer"] == "https://as.example"
        assert metadata["authorization_response_iss_parameter_supported"] is True

    async def test_a_client_cannot_send_one_of_its_own(self, person: Person) -> None:
        assert (await person.code(iss="https://evil.example"))["iss"] == ISSUER
