"""Many clients at once with one token: on every database one of them gets through."""

import asyncio

import pytest

from app.clock import Clock
from app.credentials import digest
from app.management.client_rules import Policy
from app.management.configuration import ClientConfiguration, ConfigurationRequest
from app.management.new_registration_token import NewInitialToken
from app.management.registration import ClientRegistration
from app.management.registration_answer import Information
from app.management.registration_rules import RegistrationRules
from app.management.registration_tokens import RegistrationTokenManagement
from app.oauth.errors import InvalidToken
from app.oauth.software_statement import SoftwareStatements
from app.state.memory import MemoryState
from app.storage.database import SqlDatabase
from app.tokens.registration import RegistrationSuccessors
from tests.builders import ISSUER, FrozenClock

METADATA = {"client_name": "Notes", "redirect_uris": ["https://client.example/callback"]}
AT_ONCE = 10


@pytest.fixture
def clock() -> Clock:
    return FrozenClock()


@pytest.fixture
def rules() -> RegistrationRules:
    statements = SoftwareStatements({}, audience=ISSUER)
    return RegistrationRules(Policy(), statements, scopes=frozenset({"read"}))


@pytest.fixture
def registration(
    database: SqlDatabase, rules: RegistrationRules, clock: Clock
) -> ClientRegistration:
    attempts = MemoryState(clock, born_at=None).attempts
    audit = database.audit_writer
    return ClientRegistration(database, rules, attempts, audit, clock, is_open=False, limit=1)


@pytest.fixture
def configuration(
    database: SqlDatabase, rules: RegistrationRules, clock: Clock
) -> ClientConfiguration:
    successors = RegistrationSuccessors(b"s" * 32)
    return ClientConfiguration(database, rules, successors, database.audit_writer, clock)


@pytest.fixture
async def initial_token(database: SqlDatabase, clock: Clock) -> str:
    management = RegistrationTokenManagement(database, clock, actor="a test")
    return (await management.add(NewInitialToken()))[1]


def apart(answers: list[Information | BaseException]) -> tuple[list[Information], int]:
    """Return the successes, and how many had a token that was no longer good."""
    good = [answer for answer in answers if isinstance(answer, Information)]
    return good, sum(isinstance(answer, InvalidToken) for answer in answers)


async def test_one_of_many_registrations_with_one_initial_token_gets_through(
    database: SqlDatabase, registration: ClientRegistration, initial_token: str
) -> None:
    tries = (registration.register(METADATA, initial_token, "::1") for _ in range(AT_ONCE))
    good, wrong = apart(await asyncio.gather(*tries, return_exceptions=True))
    assert (len(good), wrong) == (1, AT_ONCE - 1)
    async with database.read() as work:
        assert len(await work.clients.list()) == 1


async def test_one_of_many_updates_with_one_registration_token_gets_through(
    database: SqlDatabase,
    registration: ClientRegistration,
    configuration: ClientConfiguration,
    initial_token: str,
) -> None:
    made = await registration.register(METADATA, initial_token, "::1")
    client_id = made.client.client_id
    request = ConfigurationRequest(client_id, made.registration_token, "::1")
    bodies = [
        {**METADATA, "client_id": client_id, "client_name": f"Name {number}"}
        for number in range(AT_ONCE)
    ]
    tries = (configuration.update(request, body) for body in bodies)
    good, wrong = apart(await asyncio.gather(*tries, return_exceptions=True))
    assert (len(good), wrong) == (1, AT_ONCE - 1)
    async with database.read() as work:
        client = await work.clients.find(client_id)
        kept = await work.registrations.find(client_id)
    assert client == good[0].client
    assert kept is not None
    assert kept.token_hash == digest(good[0].registration_token)


async def test_the_same_update_many_times_at_once_has_one_answer(
    registration: ClientRegistration, configuration: ClientConfiguration, initial_token: str
) -> None:
    made = await registration.register(METADATA, initial_token, "::1")
    request = ConfigurationRequest(made.client.client_id, made.registration_token, "::1")
    body = {**METADATA, "client_id": made.client.client_id}
    answers = await asyncio.gather(*(configuration.update(request, body) for _ in range(AT_ONCE)))
    assert len({(each.registration_token, each.client_secret) for each in answers}) == 1
