"""What one replica takes, no other takes again; what one learns, all know."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.credentials import digest
from app.management.client_types import ClientType
from app.management.clients import WithSecret
from app.management.new_client import ClientChange, NewClient
from app.oauth.client import GrantType
from app.oauth.token_family import family_id_of
from app.storage.database import open_database
from app.tokens.errors import RotationTooEarly
from tests.answers import challenged, issued, proof_refused
from tests.builders import DpopKey
from tests.device import PATH, decide
from tests.harness import CLIENT_KEY, SIGNING, WEB, asserted, credentials
from tests.person import Person
from tests.unit.oauth.token_server import basic

from .calling import Balancer, Caller, TokenRequest, calling, statuses
from .processes import Deployment, Replica, best_of_three, until

ROUNDS = 8
# invalid_client, and too many of them.
REFUSED = {401, 429}


@pytest.fixture(scope="module")
def replicas(shared: Deployment) -> list[Replica]:
    return shared.start(2)


@pytest.fixture
async def caller(shared: Deployment, replicas: list[Replica]) -> AsyncIterator[Caller]:
    async with calling(shared) as made:
        await made.learn_nonce(replicas[0])
        yield made


async def test_a_code_wins_once(caller: Caller, replicas: list[Replica], key: DpopKey) -> None:
    for _ in range(ROUNDS):
        code = await caller.code()
        requests = [caller.redemption(code, key) for _ in range(6)]
        answers = await caller.at_once(requests, replicas)
        assert statuses(answers) == [200] + [400] * 5
        assert {each.json().get("error") for each in answers} == {None, "invalid_grant"}


async def test_a_code_used_on_two_replicas_ends_its_family(
    caller: Caller, replicas: list[Replica], shared: Deployment, key: DpopKey
) -> None:
    code = await caller.code()
    await caller.at_once([caller.redemption(code, key) for _ in range(2)], replicas)
    database = open_database(shared.database_url)
    async with database.read() as unit:
        family = await unit.families.find(family_id_of(digest(code)))
    await database.close()
    assert family is not None
    assert family.status == "revoked"


async def test_a_proof_wins_once(caller: Caller, replicas: list[Replica], key: DpopKey) -> None:
    for _ in range(ROUNDS):
        answers = await caller.at_once([caller.own(key)] * 6, replicas)
        assert statuses(answers) == [200] + [400] * 5
        for refusal in answers:
            if refusal.status_code == 400:
                proof_refused(refusal, "replay", issuer=caller.issuer)


async def test_a_refresh_token_has_one_successor_on_every_replica(
    caller: Caller, replicas: list[Replica], key: DpopKey
) -> None:
    first = issued(await caller.send(caller.redemption(await caller.code(), key), replicas[0]))
    presented = first["refresh_token"]
    for _ in range(ROUNDS):
        requests = [caller.refreshing(presented, key) for _ in range(6)]
        answers = [issued(each) for each in await caller.at_once(requests, replicas)]
        successors = {each["refresh_token"] for each in answers}
        assert len(successors) == 1
        assert len({each["access_token"] for each in answers}) == 6
        presented = successors.pop()


async def test_a_client_assertion_wins_once(
    caller: Caller, replicas: list[Replica], key: DpopKey
) -> None:
    for _ in range(ROUNDS):
        now = int(time.time())
        # The first Redis of all has forgotten nothing, so no assertion is too old for it.
        assertion = CLIENT_KEY.assertion(
            SIGNING.client_id, aud=caller.issuer, iat=now, exp=now + 60
        )
        fields = {"grant_type": "client_credentials", **asserted(assertion)}
        requests = [caller.request(key, SIGNING, fields) for _ in range(6)]
        answers = await caller.at_once(requests, replicas)
        assert statuses(answers) == [200] + [401] * 5
        assert {each.json().get("error") for each in answers} == {None, "invalid_client"}


async def test_a_nonce_of_one_replica_is_good_on_the_others(
    caller: Caller, replicas: list[Replica]
) -> None:
    # A wrong clock earns a challenge; from then on this key must send nonces, wherever it goes.
    key, late = DpopKey(), time.time() - 120
    caller.nonce = None
    nonce = challenged(
        await caller.send(caller.own(key, iat=late), replicas[0]), "iat", issuer=caller.issuer
    )
    assert issued(await caller.send(caller.own(key, iat=late, nonce=nonce), replicas[1]))


async def test_a_key_that_was_given_a_nonce_owes_one_to_every_replica(
    caller: Caller, replicas: list[Replica]
) -> None:
    key = DpopKey()
    assert issued(await caller.send(caller.own(key), replicas[0]))
    caller.nonce = None
    for replica in replicas:
        answer = await caller.send(caller.own(key, iat=time.time() + 8), replica)
        assert answer.json()["error"] == "use_dpop_nonce"


async def test_a_person_signs_in_on_one_replica_and_consents_on_another(
    caller: Caller, replicas: list[Replica], key: DpopKey
) -> None:
    balancer = Balancer([each.port for each in replicas])
    async with httpx.AsyncClient(transport=balancer, base_url=caller.issuer) as http:
        answer = await Person(http).code()
    assert issued(await caller.send(caller.redemption(answer["code"], key), replicas[0]))


async def test_a_device_asks_one_replica_its_person_another_and_its_code_wins_once(
    caller: Caller, replicas: list[Replica], key: DpopKey
) -> None:
    balancer = Balancer([each.port for each in replicas])
    async with httpx.AsyncClient(transport=balancer, base_url=caller.issuer) as http:
        fields, headers = credentials(WEB, issuer=caller.issuer, now=time.time())
        asked = await http.post(PATH, data={**fields, "scope": "read"}, headers=headers)
        codes = asked.json()
        person = Person(http)
        await person.sign_in()
        assert (await decide(person, codes["user_code"])).status_code == 200
    poll = {"grant_type": GrantType.DEVICE_CODE, "device_code": codes["device_code"]}
    requests = [caller.request(key, WEB, poll) for _ in range(6)]
    answers = await caller.at_once(requests, replicas)
    assert statuses(answers) == [200] + [400] * 5
    assert {each.json().get("error") for each in answers} == {None, "invalid_grant"}


async def test_a_client_disabled_from_the_command_line_is_refused_by_all(
    caller: Caller, replicas: list[Replica], shared: Deployment, key: DpopKey
) -> None:
    shared.cli("client", "update", WEB.client_id, "--disable")
    await until(lambda: _all_answer(caller, replicas, key, REFUSED), "a refusal by all")
    shared.cli("client", "update", WEB.client_id, "--enable")
    await until(lambda: _all_answer(caller, replicas, key, {200}), "tokens from all")
    assert issued(await caller.send(caller.own(key), replicas[0]))


async def test_a_disabled_client_is_refused_by_all_within_a_second(
    caller: Caller, replicas: list[Replica], shared: Deployment, key: DpopKey
) -> None:
    async def refused_in() -> float:
        async with shared.management() as management:
            await until(lambda: _all_answer(caller, replicas, key, {200}), "tokens from all")
            await management.clients.update(WEB.client_id, ClientChange(disabled=True))
            took = await until(
                lambda: _all_answer(caller, replicas, key, REFUSED), "a refusal by all"
            )
            await management.clients.update(WEB.client_id, ClientChange(disabled=False))
            return took

    assert await best_of_three(refused_in) < 1
    await until(lambda: _all_answer(caller, replicas, key, {200}), "tokens from all")


async def test_a_secret_that_was_rotated_counts_on_all_within_a_second(
    caller: Caller, replicas: list[Replica], shared: Deployment, key: DpopKey
) -> None:
    async def counted_in() -> float:
        new = NewClient(type=ClientType.SERVICE, client_name="A service")
        async with shared.management() as management:
            added = await management.clients.add(new)
            for replica in replicas:
                assert issued(await caller.send(_with_secret(caller, key, added), replica))
            rotated = await management.clients.rotate_secret(added.client.client_id)

        async def old_is_refused() -> bool:
            sent = [caller.send(_with_secret(caller, key, added), each) for each in replicas]
            return {answer.status_code for answer in await asyncio.gather(*sent)} <= REFUSED

        took = await until(old_is_refused, "a refusal of the old secret by all")
        for replica in replicas:
            assert issued(await caller.send(_with_secret(caller, key, rotated), replica))
        return took

    assert await best_of_three(counted_in) < 1


async def _all_answer(
    caller: Caller, replicas: list[Replica], key: DpopKey, expected: set[int]
) -> bool:
    answers = await caller.at_once([caller.own(key) for _ in replicas], replicas)
    return {answer.status_code for answer in answers} <= expected


def _with_secret(caller: Caller, key: DpopKey, made: WithSecret) -> TokenRequest:
    assert made.client_secret is not None
    authorization = basic(made.client.client_id, made.client_secret)
    return replace(caller.own(key), headers=(("Authorization", authorization),))


class TestKeys:
    async def test_a_next_key_is_not_rotated_before_all_could_have_seen_it(
        self, shared: Deployment, replicas: list[Replica]
    ) -> None:
        assert replicas
        async with shared.management() as management:
            with pytest.raises(RotationTooEarly):
                await management.keys.rotate()

    async def test_a_rotated_key_signs_everywhere_within_a_second(
        self, caller: Caller, replicas: list[Replica], shared: Deployment, key: DpopKey
    ) -> None:
        async def all_sign_with(kid: str) -> bool:
            answers = await caller.at_once([caller.own(key), caller.own(key)], replicas)
            return {_kid(issued(each)["access_token"]) for each in answers} == {kid}

        async def rotated_in() -> float:
            async with shared.management() as management:
                kid = await management.keys.rotate(now=True)
            return await until(lambda: all_sign_with(kid), "signing with the new key on all")

        assert await best_of_three(rotated_in) < 1

    async def test_a_new_key_is_published_everywhere_within_a_second(
        self, caller: Caller, replicas: list[Replica], shared: Deployment
    ) -> None:
        async def published_in() -> float:
            async with shared.management() as management:
                await management.keys.rotate(now=True)
                known = {row.kid for row in await management.keys.list()}

            async def all_publish() -> bool:
                return all([known == await _published(caller, each) for each in replicas])

            return await until(all_publish, "the new key in every key set")

        assert await best_of_three(published_in) < 1

    async def test_what_a_retired_key_signed_verifies_until_it_expires(
        self, caller: Caller, replicas: list[Replica], shared: Deployment, key: DpopKey
    ) -> None:
        requests = [caller.own(key), caller.own(key)]
        tokens = [issued(each)["access_token"] for each in await caller.at_once(requests, replicas)]
        async with shared.management() as management:
            await management.keys.rotate(now=True)
            newest = await management.keys.rotate(now=True)

        async def all_know() -> bool:
            return all([newest in await _published(caller, each) for each in replicas])

        await until(all_know, "the newest key in every key set")
        for replica in replicas:
            for token in tokens:
                assert await _verifies(caller, replica, token)

    async def test_no_replica_signs_with_a_key_that_another_does_not_publish(
        self, caller: Caller, replicas: list[Replica], shared: Deployment, key: DpopKey
    ) -> None:
        async with shared.management() as management:
            await management.keys.rotate(now=True)
            for _ in range(ROUNDS):
                token = issued(await caller.send(caller.own(key), replicas[0]))["access_token"]
                assert _kid(token) in await _published(caller, replicas[1])

    async def test_a_revoked_key_leaves_every_key_set_within_a_second(
        self, caller: Caller, replicas: list[Replica], shared: Deployment
    ) -> None:
        async def gone_in() -> float:
            async with shared.management() as management:
                rows = await management.keys.list()
                kid = next(row.kid for row in rows if row.state == "active")
                await management.keys.revoke(kid)

            async def none_publishes() -> bool:
                return all([kid not in await _published(caller, each) for each in replicas])

            return await until(none_publishes, "the end of the key in every key set")

        assert await best_of_three(gone_in) < 1


async def _key_set(caller: Caller, replica: Replica) -> KeySet:
    answer = await caller.http.get(replica.url + "/jwks")
    assert answer.status_code == 200
    return KeySet.import_key_set(answer.json())


async def _published(caller: Caller, replica: Replica) -> set[str]:
    return {str(key.kid) for key in await _key_set(caller, replica)}


async def _verifies(caller: Caller, replica: Replica, token: str) -> bool:
    keys = await _key_set(caller, replica)
    try:
        return bool(jwt.decode(token, keys, algorithms=["ES256"]).claims["exp"])
    except (JoseError, ValueError):
        return False


def _kid(token: str) -> str:
    header = token.split(".", maxsplit=1)[0]
    return str(json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])
