"""RFC 7592: clients read, change and remove their own registration."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from app.credentials import digest
from app.oauth.client import AuthMethod, Client
from app.telemetry.audit import EventKind
from tests.answers import is_uncacheable, refused
from tests.builders import DpopKey
from tests.conftest import Start
from tests.harness import (
    CLIENT_KEY,
    REDIRECT_URI,
    WEB,
    Headers,
    Server,
    credentials,
    listening,
    running,
)
from tests.held_tokens import introspect
from tests.registration import (
    METADATA,
    SETTINGS,
    Registered,
    answered,
    bearer,
    initial_token,
    metadata,
    open_server,
    registered,
    unauthorized,
)


@pytest.fixture
async def server(start: Start) -> Server:
    return await open_server(start)


@pytest.fixture
async def client(server: Server) -> Registered:
    return await registered(server)


async def stored(client: Registered) -> Client:
    found = await client.server.parts.database.clients.find(client.client_id)
    assert found is not None
    return found


async def changed(client: Registered, **changes: Any) -> None:
    """Change the client as an administrator does."""
    await client.server.add(dataclasses.replace(await stored(client), **changes))


async def authenticates(client: Registered, secret: str) -> bool:
    """Whether the client gets beyond its authentication at /token with the secret."""
    server = client.server
    headers: Headers = credentials(
        await stored(client), issuer=server.settings.issuer, now=server.clock.now(), secret=secret
    )[1]
    response = await server.post({"grant_type": "authorization_code"}, headers)
    return response.status_code != 401


class TestSection2Endpoint:
    @pytest.mark.rfc("7592", "2")
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    @pytest.mark.parametrize("token", [None, "hf_rat_wrong", "", "hf_rat_" + "A" * 43])
    async def test_without_the_right_token_nothing_is_told_or_done(
        self, client: Registered, method: str, token: str | None
    ) -> None:
        before = client.server.rows()
        body = metadata(client_id=client.client_id)
        response = await client.server.http.request(
            method, client.uri, headers=bearer(token), json=body
        )
        unauthorized(response, presented=token is not None)
        assert client.server.rows() == before
        answered(await client.read())

    @pytest.mark.rfc("7592", "2")
    @pytest.mark.rfc("6750", "3.1")
    @pytest.mark.parametrize("scheme", ["DPoP", "Basic", "hf_rat"])
    async def test_the_token_is_a_bearer_token(self, client: Registered, scheme: str) -> None:
        fields = {"Authorization": f"{scheme} {client.token}"}
        unauthorized(await client.server.http.get(client.uri, headers=fields))

    @pytest.mark.rfc("7592", "2")
    async def test_the_token_is_good_for_one_client_only(self, client: Registered) -> None:
        other = await registered(client.server)
        unauthorized(await client.read(token=other.token))
        unauthorized(await client.delete(token=other.token))
        answered(await other.read())

    @pytest.mark.rfc("7592", "2")
    async def test_the_token_is_good_at_this_endpoint_only(
        self, client: Registered, key: DpopKey
    ) -> None:
        server = client.server
        response = await server.post(
            {"grant_type": "authorization_code", "code": "x"},
            [("Authorization", f"Bearer {client.token}"), ("DPoP", server.proof(key))],
        )
        assert response.status_code in {400, 401}
        body = (await introspect(server, WEB, client.token)).json()
        assert body == {"active": False}

    @pytest.mark.rfc("7592", "2.1")
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_clients_that_do_not_exist_or_did_not_register_themselves_answer_alike(
        self, client: Registered, method: str
    ) -> None:
        server = client.server
        answers = []
        for client_id in (client.client_id, WEB.client_id, "nobody", "%00", "%ED%A0%80", "a" * 999):
            response = await server.http.request(
                method,
                f"/register/{client_id}",
                headers=bearer("hf_rat_wrong"),
                json=metadata(client_id=client_id),
            )
            unauthorized(response)
            answers.append((response.content, response.headers["www-authenticate"]))
        assert len(set(answers)) == 1

    @pytest.mark.rfc("7592", "2")
    @pytest.mark.parametrize("method", ["POST", "PATCH"])
    async def test_other_methods_are_not_answered(self, client: Registered, method: str) -> None:
        response = await client.server.http.request(
            method, client.uri, headers=bearer(client.token), json={}
        )
        assert response.status_code == 405

    @pytest.mark.rfc("7592", "2.1")
    async def test_a_disabled_client_is_forbidden_to_read_change_or_remove_itself(
        self, client: Registered
    ) -> None:
        await changed(client, disabled=True)
        for response in (await client.read(), await client.put(), await client.delete()):
            refused(response, "access_denied", status=403)
        assert (await stored(client)).disabled

    @pytest.mark.rfc("7592", "2")
    async def test_refusals_are_audited(self, client: Registered) -> None:
        unauthorized(await client.read(token="hf_rat_wrong"))
        last = (await client.server.audit())[-1]
        assert last.kind is EventKind.REQUEST_REFUSED
        assert last.client_id == client.client_id
        assert last.details["error"] == "invalid_token"
        assert "hf_rat_wrong" not in str(last)


class TestSection21Read:
    @pytest.mark.rfc("7592", "2.1")
    @pytest.mark.rfc("7592", "3")
    async def test_reading_answers_what_is_registered(self, client: Registered) -> None:
        members = answered(await client.read())
        assert members == {
            name: each for name, each in client.members.items() if name != "client_secret"
        }

    @pytest.mark.rfc("7592", "2.1")
    async def test_reading_changes_no_token_that_could_be_lost(self, client: Registered) -> None:
        for _ in range(2):
            members = answered(await client.read())
            assert members["registration_access_token"] == client.token

    @pytest.mark.rfc("7592", "2.1")
    async def test_what_an_administrator_changed_is_read(self, client: Registered) -> None:
        await changed(client, scopes=frozenset({"read"}))
        assert answered(await client.read())["scope"] == "read"


class TestSection22Update:
    @pytest.mark.rfc("7592", "2.2")
    async def test_an_update_takes_the_place_of_all_metadata(self, server: Server) -> None:
        client = await registered(
            server, software_id="one", scope="read", contacts=["a@client.example"]
        )
        members = await client.updated(client_name="Renamed")
        assert members["client_name"] == "Renamed"
        # Omitted fields are deleted, or get their default.
        assert not members.keys() & {"software_id", "contacts"}
        assert members["scope"] == "read write"
        assert (await stored(client)).metadata == {}

    @pytest.mark.rfc("7592", "2.2")
    async def test_the_client_keeps_its_id_and_the_day_it_came(self, client: Registered) -> None:
        client.server.clock.advance(3600)
        before = client.members
        members = await client.updated()
        for member in ("client_id", "client_id_issued_at", "registration_client_uri"):
            assert members[member] == before[member]

    @pytest.mark.rfc("7592", "2.2")
    @pytest.mark.parametrize("client_id", [..., None, "", "another", 7, ["x"]])
    async def test_an_update_names_the_client(self, client: Registered, client_id: object) -> None:
        body = metadata(client_id=client_id)
        assert client.client_id in refused(await client.put(body), "invalid_request")
        answered(await client.read())

    @pytest.mark.rfc("7592", "2.2")
    @pytest.mark.parametrize(
        "member",
        [
            "registration_access_token",
            "registration_client_uri",
            "client_secret_expires_at",
            "client_id_issued_at",
        ],
    )
    async def test_an_update_leaves_out_what_is_the_servers(
        self, client: Registered, member: str
    ) -> None:
        response = await client.put(**{member: client.members[member]})
        assert member in refused(response, "invalid_request")

    @pytest.mark.rfc("7592", "2.2")
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"redirect_uris": ["http://client.example/"]}, "invalid_redirect_uri"),
            ({"scope": "admin"}, "invalid_client_metadata"),
            ({"client_name": 1}, "invalid_client_metadata"),
            ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
            ({"software_statement": "a.b.c"}, "invalid_software_statement"),
        ],
    )
    async def test_a_refused_update_changes_nothing_and_keeps_the_token(
        self, client: Registered, changes: dict[str, Any], error: str
    ) -> None:
        before = await stored(client)
        refused(await client.put(**changes), error)
        assert await stored(client) == before
        answered(await client.read())

    @pytest.mark.rfc("7592", "2.2")
    @pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain"])
    async def test_an_update_is_json(self, client: Registered, content_type: str) -> None:
        fields = bearer(client.token) | {"Content-Type": content_type}
        response = await client.server.http.put(client.uri, content=b"{}", headers=fields)
        refused(response, "invalid_request", status=415)

    @pytest.mark.rfc("7592", "2.2")
    async def test_what_an_administrator_gave_may_be_kept(self, client: Registered) -> None:
        await changed(client, scopes=frozenset({"read", "metrics"}), dpop_nonce="required")
        members = await client.updated(scope="read metrics")
        assert members["scope"] == "metrics read"
        assert (await stored(client)).dpop_nonce == "required"

    @pytest.mark.rfc("9396", "10")
    async def test_types_of_authorization_details_are_an_administrators_gift(
        self, client: Registered
    ) -> None:
        asked = {"authorization_details_types": ["payment", "message"]}
        assert "authorization_details_types" not in await client.updated(**asked)
        await changed(client, authorization_details_types=frozenset({"payment"}))
        assert answered(await client.read())["authorization_details_types"] == ["payment"]
        assert (await client.updated(**asked))["authorization_details_types"] == ["payment"]
        await client.updated()
        assert (await stored(client)).authorization_details_types == frozenset()

    @pytest.mark.rfc("7592", "2.2")
    async def test_grants_that_came_with_an_initial_access_token_may_be_kept(
        self, server: Server
    ) -> None:
        token = await initial_token(server, grant_types=frozenset({"client_credentials"}))
        asked: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": ...}
        client = await registered(server, token=token, **asked)
        assert (await client.updated(**asked))["grant_types"] == ["client_credentials"]

    @pytest.mark.rfc("7592", "2.2")
    async def test_a_client_stays_public_or_confidential(self, server: Server) -> None:
        for before, after in (("none", "client_secret_basic"), ("client_secret_post", "none")):
            client = await registered(server, token_endpoint_auth_method=before)
            said = refused(
                await client.put(token_endpoint_auth_method=after), "invalid_client_metadata"
            )
            assert "public or confidential" in said

    @pytest.mark.rfc("7592", "2.2")
    async def test_an_update_withdraws_what_an_administrator_vouched_for(
        self, client: Registered
    ) -> None:
        await changed(client, unverified=False)
        await client.updated()
        assert not (await stored(client)).unverified
        await client.updated(client_name="Your bank")
        assert (await stored(client)).unverified

    @pytest.mark.rfc("7592", "2.2")
    async def test_an_update_is_audited_and_names_what_changed(self, client: Registered) -> None:
        await client.updated(client_name="Renamed", client_secret=client.members["client_secret"])
        last = (await client.server.audit())[-1]
        assert last.kind is EventKind.CLIENT_CHANGED
        assert last.client_id == client.client_id
        assert last.details["changed"] == "client_name registration_access_token"


class TestSection22ClientSecret:
    @pytest.mark.rfc("7592", "2.2")
    async def test_an_update_with_the_secret_keeps_it_and_shows_it(
        self, client: Registered
    ) -> None:
        secret = client.members["client_secret"]
        members = await client.updated(client_secret=secret)
        assert members["client_secret"] == secret
        assert members["client_secret_expires_at"] == 0
        assert await authenticates(client, secret)

    @pytest.mark.rfc("7592", "2.2")
    @pytest.mark.parametrize("secret", ["hf_cs_of_my_own_choice", "", 7, ["x"]])
    async def test_a_client_cannot_choose_its_secret(
        self, client: Registered, secret: object
    ) -> None:
        said = refused(await client.put(client_secret=secret), "invalid_client_metadata")
        assert "client_secret" in said
        assert "my_own_choice" not in said
        assert await authenticates(client, client.members["client_secret"])

    @pytest.mark.rfc("7592", "2.1")
    async def test_an_update_without_the_secret_gets_a_new_one_and_the_old_one_ends(
        self, client: Registered
    ) -> None:
        old = client.members["client_secret"]
        new = (await client.updated())["client_secret"]
        assert new != old
        assert new.startswith("hf_cs_")
        assert await authenticates(client, new)
        # For as long as the answer could be asked for again.
        assert await authenticates(client, old)
        client.server.clock.advance(300)
        assert not await authenticates(client, old)
        assert await authenticates(client, new)

    @pytest.mark.rfc("7592", "2.2")
    async def test_a_client_that_takes_to_keys_has_no_secret_any_more(
        self, client: Registered
    ) -> None:
        keys: dict[str, Any] = {"jwks": {"keys": [CLIENT_KEY.public_jwk]}}
        members = await client.updated(token_endpoint_auth_method="private_key_jwt", **keys)
        assert not members.keys() & {"client_secret", "client_secret_expires_at"}
        assert (await stored(client)).secrets == ()

    @pytest.mark.rfc("7592", "2.2")
    async def test_a_client_that_takes_to_a_secret_gets_one(self, server: Server) -> None:
        keys: dict[str, Any] = {"jwks": {"keys": [CLIENT_KEY.public_jwk]}}
        client = await registered(server, token_endpoint_auth_method="private_key_jwt", **keys)
        members = await client.updated()
        assert (await stored(client)).auth_method is AuthMethod.CLIENT_SECRET_BASIC
        assert await authenticates(client, members["client_secret"])

    @pytest.mark.rfc("7592", "2.2")
    async def test_a_secret_that_an_administrator_is_replacing_still_counts(
        self, client: Registered
    ) -> None:
        secret = client.members["client_secret"]
        ends = client.server.clock.now() + 60
        before = await stored(client)
        ending = dataclasses.replace(before.secrets[0], expires_at=ends)
        await changed(client, secrets=(before.secrets[0].__class__(digest("new")), ending))
        members = await client.updated(client_secret=secret)
        assert members["client_secret_expires_at"] == int(ends)


class TestSection23Delete:
    @pytest.mark.rfc("7592", "2.3")
    async def test_deleting_answers_204_without_a_body(self, client: Registered) -> None:
        response = await client.delete()
        assert response.status_code == 204
        assert response.content == b""
        assert is_uncacheable(response)

    @pytest.mark.rfc("7592", "2.3")
    async def test_a_deleted_client_is_unknown_everywhere(self, client: Registered) -> None:
        await client.delete()
        for response in (await client.read(), await client.put(), await client.delete()):
            unauthorized(response)
        response = await client.server.http.get(
            "/authorize", params={"client_id": client.client_id, "redirect_uri": REDIRECT_URI}
        )
        assert response.status_code == 400

    @pytest.mark.rfc("7592", "2.3")
    async def test_the_tokens_of_a_deleted_client_end(self, server: Server, key: DpopKey) -> None:
        client = await registered(
            server,
            token_endpoint_auth_method="none",
            grant_types=["authorization_code", "refresh_token"],
        )
        public = await stored(client)
        code = await server.code(public)
        tokens = (await server.redeem(code, key, public)).json()
        await client.delete()
        assert await server.is_revoked(code)
        refused(
            await server.refresh(tokens["refresh_token"], key, public), "invalid_client", status=401
        )

    @pytest.mark.rfc("7592", "2.3")
    async def test_a_deletion_is_audited(self, client: Registered) -> None:
        await client.delete()
        last = (await client.server.audit())[-1]
        assert last.kind is EventKind.CLIENT_DELETED
        assert last.client_id == client.client_id


class TestSection3Response:
    @pytest.mark.rfc("7592", "3")
    async def test_every_answer_has_the_token_and_the_uri(self, client: Registered) -> None:
        for response in (await client.read(), await client.put()):
            members = answered(response)
            assert members["registration_client_uri"] == client.uri
            assert members["registration_access_token"].startswith("hf_rat_")


class TestSection5Rotation:
    @pytest.mark.rfc("7592", "5")
    async def test_every_update_changes_the_token(self, client: Registered) -> None:
        first = client.token
        await client.updated()
        second = client.token
        await client.updated()
        assert len({first, second, client.token}) == 3
        for old in (first, second):
            unauthorized(await client.read(token=old))
            unauthorized(await client.delete(token=old))
        answered(await client.read())

    @pytest.mark.rfc("7592", "5")
    async def test_the_token_is_stored_as_a_hash_after_an_update_too(
        self, client: Registered
    ) -> None:
        await client.updated()
        async with client.server.parts.database.read() as unit:
            registration = await unit.registrations.find(client.client_id)
        assert registration is not None
        assert registration.token_hash == digest(client.token)

    @pytest.mark.rfc("7592", "5")
    async def test_an_update_whose_answer_was_lost_is_answered_the_same_again(
        self, client: Registered
    ) -> None:
        lost = answered(await client.put(client_name="Renamed"))
        again = answered(await client.put(client_name="Renamed"))
        assert again == lost
        client.members = again
        answered(await client.read())
        assert await authenticates(client, again["client_secret"])

    @pytest.mark.rfc("7592", "5")
    async def test_an_update_with_its_secret_is_answered_the_same_again(
        self, client: Registered
    ) -> None:
        asked = {"client_name": "Renamed", "client_secret": client.members["client_secret"]}
        lost = answered(await client.put(**asked))
        assert answered(await client.put(**asked)) == lost

    @pytest.mark.rfc("7592", "5")
    async def test_another_update_with_the_token_before_is_refused(
        self, client: Registered
    ) -> None:
        answered(await client.put(client_name="Renamed"))
        unauthorized(await client.put(client_name="Another name"))
        assert (await stored(client)).client_name == "Renamed"

    @pytest.mark.rfc("7592", "5")
    async def test_the_answer_is_not_given_again_once_it_arrived(self, client: Registered) -> None:
        old = client.token
        await client.updated()
        answered(await client.read())
        unauthorized(await client.put(token=old))

    @pytest.mark.rfc("7592", "5")
    async def test_the_answer_is_not_given_again_after_five_minutes(
        self, client: Registered
    ) -> None:
        answered(await client.put())
        client.server.clock.advance(301)
        unauthorized(await client.put())

    @pytest.mark.rfc("7592", "5")
    async def test_the_answer_is_not_given_again_to_a_client_that_was_disabled(
        self, client: Registered
    ) -> None:
        answered(await client.put())
        await changed(client, disabled=True)
        unauthorized(await client.put())

    @pytest.mark.rfc("7592", "5")
    @pytest.mark.parametrize("run", [running, listening], ids=["in process", "uvicorn"])
    async def test_of_updates_at_once_with_one_token_one_wins(
        self, template: Path, tmp_path: Path, run: Any
    ) -> None:
        async with run(tmp_path / "data", template=template, **SETTINGS) as server:
            client = await registered(server)
            names = [f"Name {number}" for number in range(10)]
            responses = await asyncio.gather(*(client.put(client_name=name) for name in names))
            winners = [each for each in responses if each.status_code == 200]
            assert len(winners) == 1
            for loser in responses:
                if loser is not winners[0]:
                    unauthorized(loser)
            client.members = answered(winners[0])
            assert (await stored(client)).client_name == client.members["client_name"]
            answered(await client.read())

    @pytest.mark.rfc("7592", "5")
    async def test_of_an_update_and_a_deletion_at_once_one_comes_first(
        self, client: Registered
    ) -> None:
        updated, deleted = await asyncio.gather(client.put(), client.delete())
        assert sorted((updated.status_code, deleted.status_code)) in ([200, 401], [204, 401])

    @pytest.mark.rfc("7592", "5")
    async def test_metadata_that_was_valid_stays_so(self, client: Registered) -> None:
        body = {
            name: each
            for name, each in client.members.items()
            if name not in {"registration_access_token", "registration_client_uri"}
            and not name.startswith(("client_secret_", "client_id_"))
        }
        assert METADATA.items() <= body.items()
        members = answered(await client.put(body))
        made = {"registration_access_token"}
        assert {name: each for name, each in members.items() if name not in made} == {
            name: each for name, each in client.members.items() if name not in made
        }
