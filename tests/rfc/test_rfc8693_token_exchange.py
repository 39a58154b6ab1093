"""RFC 8693, token exchange, over HTTP: who may swap which token, and for what at most."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from app.credentials import digest
from app.oauth.client import AuthMethod, Client, ClientSecret, GrantType
from app.oauth.details_type import DetailsType
from app.oauth.ports import ResourceServer
from app.telemetry.audit import EventKind
from tests.answers import issued, refused
from tests.builders import ISSUER, DpopKey
from tests.conftest import Start
from tests.harness import API, FILES, SECRET, SPA, USER, WEB, Server
from tests.held_tokens import described, introspect, is_active, revoke
from tests.unit.oauth.token_server import claims_of

GRANT = GrantType.TOKEN_EXCHANGE.value
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"

BACKEND = ResourceServer("https://backend.example", "Backend", frozenset({"read", "audit"}), 240)

# The API of the harness, as a client: people's tokens are sent to it, and it calls the backend.
GATEWAY = Client(
    client_id="gateway",
    client_name="An API that calls another",
    auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    grant_types=frozenset({GrantType.CLIENT_CREDENTIALS, GrantType.TOKEN_EXCHANGE}),
    scopes=frozenset({"read", "write"}),
    secrets=(ClientSecret(digest(SECRET)),),
    resource_uris=(API.uri,),
    exchange_audiences=(BACKEND.uri,),
    may_impersonate=True,
    may_delegate=True,
)
# The backend, as a client: it may exchange what the gateway sends it for tokens for the files.
WORKER = dataclasses.replace(
    GATEWAY,
    client_id="worker",
    resource_uris=(BACKEND.uri,),
    exchange_audiences=(FILES.uri, BACKEND.uri),
)
# A client with every right to exchange, to which nobody sends tokens.
STRANGER = dataclasses.replace(
    GATEWAY,
    client_id="stranger",
    resource_uris=(FILES.uri,),
    exchange_audiences=(BACKEND.uri, API.uri, FILES.uri),
)

GATEWAY_KEY = DpopKey()
WORKER_KEY = DpopKey()


@pytest.fixture(autouse=True)
async def _registered(server: Server) -> None:
    await register(server)


async def register(server: Server) -> None:
    await server.add(BACKEND, GATEWAY, WORKER, STRANGER)


async def sent(server: Server, key: DpopKey, client: Client = SPA, **code: Any) -> str:
    """Return a person's token as it is sent to the API."""
    token: str = (await server.tokens(key, client, **{"resources": (API.uri,), **code}))[
        "access_token"
    ]
    return token


async def own(server: Server, key: DpopKey = GATEWAY_KEY, client: Client = GATEWAY) -> str:
    """Return a token of the client's own, as an actor_token."""
    token: str = issued(await server.client_credentials(key, client))["access_token"]
    return token


async def exchange(
    server: Server,
    subject: str | None,
    *,
    key: DpopKey | None = GATEWAY_KEY,
    client: Client = GATEWAY,
    **changes: Any,
) -> httpx.Response:
    """Exchange the subject token by a request that is valid but for the changes."""
    fields: dict[str, Any] = {
        "grant_type": GRANT,
        "subject_token": subject,
        "subject_token_type": ACCESS_TOKEN,
        "audience": BACKEND.uri,
    }
    if changes.get("actor_token") is not None:
        fields["actor_token_type"] = ACCESS_TOKEN
    return await server.token(key, client, **fields | changes)


async def exchanged(server: Server, subject: str, **changes: Any) -> str:
    """Exchange the subject token, and return the new one."""
    token: str = issued(await exchange(server, subject, **changes))["access_token"]
    return token


def signed_again(server: Server, token: str, **claims: Any) -> str:
    """Return the token with these claims, signed by the server's own key."""
    key = server.parts.keyring.active()
    signer = DpopKey(key.alg, ECKey.import_key(key.private_jwk))
    header = {"typ": "at+jwt", "alg": key.alg, "kid": key.kid}
    return signer.sign(header, {**claims_of(token), **claims})


class TestSection21Request:
    @pytest.mark.rfc("8693", "2.1")
    @pytest.mark.parametrize("name", ["subject_token", "subject_token_type"])
    async def test_what_is_required_is_required(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        missing: dict[str, Any] = {name: None}
        response = await exchange(server, await sent(server, key), **missing)
        assert name in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "2.1")
    async def test_an_actor_token_needs_its_type(self, server: Server, key: DpopKey) -> None:
        subject, actor = await sent(server, key), await own(server)
        response = await exchange(server, subject, actor_token=actor, actor_token_type=None)
        assert "actor_token_type" in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "2.1")
    async def test_an_actor_token_type_needs_its_token(self, server: Server, key: DpopKey) -> None:
        response = await exchange(server, await sent(server, key), actor_token_type=ACCESS_TOKEN)
        assert "actor_token" in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "2.1")
    @pytest.mark.parametrize(
        "name", ["subject_token_type", "actor_token_type", "requested_token_type"]
    )
    @pytest.mark.parametrize("word", ["refresh_token", "id_token", "saml2", "x"])
    async def test_other_types_of_token_are_refused(
        self, server: Server, key: DpopKey, name: str, word: str
    ) -> None:
        subject, actor = await sent(server, key), await own(server)
        kind = f"urn:ietf:params:oauth:token-type:{word}"
        fields: dict[str, Any] = {"actor_token": actor, name: kind}
        response = await exchange(server, subject, **fields)
        description = refused(response, "invalid_request")
        assert name in description
        assert kind in description

    @pytest.mark.rfc("8693", "2.1")
    @pytest.mark.parametrize("name", ["subject_token_type", "requested_token_type"])
    async def test_our_access_tokens_go_by_the_name_of_jwt_too(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        kind: dict[str, Any] = {name: JWT}
        members = issued(await exchange(server, await sent(server, key), **kind))
        assert members["issued_token_type"] == (
            JWT if name == "requested_token_type" else ACCESS_TOKEN
        )

    @pytest.mark.rfc("8693", "2.1")
    @pytest.mark.parametrize("name", ["audience", "resource"])
    async def test_the_target_is_named_by_audience_or_by_resource(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        target = {"audience": None, name: BACKEND.uri}
        token = await exchanged(server, await sent(server, key), **target)
        assert claims_of(token)["aud"] == BACKEND.uri

    @pytest.mark.rfc("8693", "2.1")
    async def test_audience_and_resource_together_are_several_targets(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(GATEWAY, exchange_audiences=(BACKEND.uri, API.uri))
        token = await exchanged(server, await sent(server, key), resource=API.uri)
        assert set(claims_of(token)["aud"]) == {BACKEND.uri, API.uri}

    @pytest.mark.rfc("8693", "2.1")
    async def test_the_only_target_allowed_needs_no_name(
        self, server: Server, key: DpopKey
    ) -> None:
        token = await exchanged(server, await sent(server, key), audience=None)
        assert claims_of(token)["aud"] == BACKEND.uri

    @pytest.mark.rfc("8693", "2.2")
    async def test_of_several_targets_one_must_be_named(self, server: Server, key: DpopKey) -> None:
        await server.change(GATEWAY, exchange_audiences=(BACKEND.uri, API.uri))
        response = await exchange(server, await sent(server, key), audience=None)
        assert BACKEND.uri in refused(response, "invalid_target")

    @pytest.mark.rfc("8693", "2.2")
    @pytest.mark.parametrize("name", ["audience", "resource"])
    @pytest.mark.parametrize("uri", [API.uri, "https://nowhere.example", "backend"])
    async def test_a_target_that_the_client_was_not_allowed_is_refused(
        self, server: Server, key: DpopKey, name: str, uri: str
    ) -> None:
        target: dict[str, Any] = {"audience": None, name: uri}
        response = await exchange(server, await sent(server, key), **target)
        assert uri in refused(response, "invalid_target")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_target_that_is_not_registered_any_more_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key)
        await server.remove(BACKEND)
        refused(await exchange(server, subject), "invalid_target")

    async def test_the_metadata_names_the_grant(self, server: Server) -> None:
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        assert GRANT in metadata["grant_types_supported"]


class TestSection22Response:
    @pytest.mark.rfc("8693", "2.2")
    @pytest.mark.rfc("9449", "5")
    async def test_the_answer_says_what_was_issued_and_has_no_refresh_token(
        self, server: Server, key: DpopKey
    ) -> None:
        members = issued(await exchange(server, await sent(server, key)))
        assert members.keys() == {
            "access_token",
            "token_type",
            "expires_in",
            "scope",
            "issued_token_type",
        }
        assert members["issued_token_type"] == ACCESS_TOKEN
        assert members["scope"] == "read"

    @pytest.mark.rfc("8693", "4")
    async def test_an_impersonating_token_is_the_persons_in_the_clients_hand(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key)
        old, new = claims_of(subject), claims_of(await exchanged(server, subject))
        assert new["sub"] == old["sub"] == USER.user_id
        assert new["client_id"] == GATEWAY.client_id
        assert new["cnf"] == {"jkt": GATEWAY_KEY.jkt}
        assert new["auth_time"] == old["auth_time"]
        assert new["family_id"] == old["family_id"]
        assert new["jti"] != old["jti"]
        assert "act" not in new

    @pytest.mark.rfc("8693", "4")
    async def test_a_delegated_token_names_the_actor(self, server: Server, key: DpopKey) -> None:
        subject, actor = await sent(server, key), await own(server)
        claims = claims_of(await exchanged(server, subject, actor_token=actor))
        assert claims["sub"] == USER.user_id
        assert claims["act"] == {"sub": GATEWAY.client_id}

    @pytest.mark.rfc("8693", "4")
    async def test_a_chain_of_delegation_nests_the_actors(
        self, server: Server, key: DpopKey
    ) -> None:
        token = await delegated_twice(server, key)
        assert claims_of(token)["act"] == {"sub": "worker", "act": {"sub": "gateway"}}

    @pytest.mark.rfc("8693", "4")
    async def test_an_impersonator_does_not_hide_who_acted_before(
        self, server: Server, key: DpopKey
    ) -> None:
        first = await exchanged(server, await sent(server, key), actor_token=await own(server))
        second = await exchanged(server, first, client=WORKER, key=WORKER_KEY)
        assert claims_of(second)["act"] == {"sub": "gateway"}

    @pytest.mark.rfc("8693", "4")
    @pytest.mark.rfc("7662", "2.2")
    async def test_introspection_shows_who_acts(self, server: Server, key: DpopKey) -> None:
        token = await delegated_twice(server, key)
        members = described(await introspect(server, WORKER, token))
        assert members["act"] == {"sub": "worker", "act": {"sub": "gateway"}}
        assert members["sub"] == USER.user_id
        assert "exchanged_from" not in members

    @pytest.mark.rfc("8693", "4")
    async def test_a_person_can_be_the_actor(self, server: Server, key: DpopKey) -> None:
        boss = dataclasses.replace(USER, user_id="usr_boss", email="boss@example.com")
        await server.add(boss)
        actor = await sent(server, DpopKey(), user_id=boss.user_id)
        token = await exchanged(server, await sent(server, key), actor_token=actor)
        assert claims_of(token)["act"] == {"sub": boss.user_id}
        assert claims_of(token)["sub"] == USER.user_id

    @pytest.mark.rfc("8693", "4")
    async def test_a_clients_own_token_can_be_the_subject(
        self, server: Server, key: DpopKey
    ) -> None:
        asked = await server.client_credentials(key, WEB, resource=API.uri)
        token = await exchanged(server, issued(asked)["access_token"])
        assert claims_of(token)["sub"] == WEB.client_id
        assert claims_of(token)["client_id"] == GATEWAY.client_id
        assert await is_active(server, GATEWAY, token)
        await server.change(WEB, disabled=True)
        assert not await is_active(server, GATEWAY, token)


async def delegated_twice(server: Server, key: DpopKey) -> str:
    """Let the gateway act for the person, and then the worker for both."""
    first = await exchanged(server, await sent(server, key), actor_token=await own(server))
    actor = await own(server, WORKER_KEY, WORKER)
    return await exchanged(server, first, client=WORKER, key=WORKER_KEY, actor_token=actor)


class TestPolicy:
    """What an administrator did not allow is refused."""

    @pytest.mark.rfc("8693", "2.1")
    async def test_a_client_without_the_grant_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(
            GATEWAY, grant_types=frozenset({GrantType.CLIENT_CREDENTIALS.value})
        )
        response = await exchange(server, await sent(server, key), client=client)
        refused(response, "unauthorized_client")

    @pytest.mark.rfc("8693", "2.1")
    async def test_the_grant_alone_allows_nothing(self, server: Server, key: DpopKey) -> None:
        client = await server.change(
            GATEWAY, may_impersonate=False, may_delegate=False, exchange_audiences=()
        )
        subject = await sent(server, key)
        refused(await exchange(server, subject, client=client), "unauthorized_client")
        actor = await own(server)
        response = await exchange(server, subject, client=client, actor_token=actor)
        refused(response, "unauthorized_client")

    @pytest.mark.rfc("8693", "2.1")
    async def test_one_that_may_delegate_only_must_send_an_actor(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(GATEWAY, may_impersonate=False)
        subject = await sent(server, key)
        assert "actor_token" in refused(await exchange(server, subject), "unauthorized_client")
        issued(await exchange(server, subject, actor_token=await own(server)))

    @pytest.mark.rfc("8693", "2.1")
    async def test_one_that_may_impersonate_only_must_send_none(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(GATEWAY, may_delegate=False)
        subject, actor = await sent(server, key), await own(server)
        refused(await exchange(server, subject, actor_token=actor), "unauthorized_client")
        issued(await exchange(server, subject))

    @pytest.mark.rfc("8693", "2.1")
    async def test_a_client_without_targets_is_refused(self, server: Server, key: DpopKey) -> None:
        await server.change(GATEWAY, exchange_audiences=())
        response = await exchange(server, await sent(server, key), audience=API.uri)
        refused(response, "unauthorized_client")

    @pytest.mark.rfc("8693", "2.1")
    async def test_a_public_client_is_refused_whatever_it_was_allowed(
        self, server: Server, key: DpopKey
    ) -> None:
        public = dataclasses.replace(
            GATEWAY, client_id="public", auth_method=AuthMethod.NONE, secrets=()
        )
        await server.add(public)
        subject = await sent(server, key)
        for holder in (key, GATEWAY_KEY):
            response = await exchange(server, subject, client=public, key=holder)
            refused(response, "unauthorized_client")


class TestPossession:
    """A token is taken from the one it was sent to, or by its own key, and from nobody else."""

    @pytest.mark.rfc("8693", "2.2")
    @pytest.mark.rfc("9449", "9")
    async def test_a_stolen_token_is_bound_to_no_key_of_another_client(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key)
        for client in (STRANGER, WORKER):
            response = await exchange(server, subject, client=client, key=WORKER_KEY)
            assert "subject_token" in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_the_client_it_was_issued_to_needs_the_key_too(
        self, server: Server, key: DpopKey, other_key: DpopKey
    ) -> None:
        holder = await server.change(
            WEB, may_impersonate=True, exchange_audiences=(BACKEND.uri, API.uri)
        )
        subject = await sent(server, key, holder)
        response = await exchange(server, subject, client=holder, key=other_key)
        refused(response, "invalid_request")
        claims = claims_of(await exchanged(server, subject, client=holder, key=key))
        assert claims["cnf"] == {"jkt": key.jkt}

    @pytest.mark.rfc("8693", "2.2")
    async def test_whoever_holds_the_key_may_exchange_what_was_not_sent_to_it(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key)
        claims = claims_of(await exchanged(server, subject, client=STRANGER, key=key))
        assert claims["cnf"] == {"jkt": key.jkt}

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_client_that_the_audience_names_by_its_id_is_taken(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(default_audience=GATEWAY.client_id)
        await register(server)
        subject = (await server.tokens(key))["access_token"]
        assert claims_of(subject)["aud"] == GATEWAY.client_id
        issued(await exchange(server, subject))
        refused(await exchange(server, subject, client=STRANGER), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_resource_server_that_is_not_registered_any_more_speaks_for_nobody(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key)
        await server.remove(API)
        refused(await exchange(server, subject), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_token_for_nobody_in_particular_needs_its_key(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = (await server.tokens(key))["access_token"]
        refused(await exchange(server, subject), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_stolen_actor_token_makes_nobody_the_actor(
        self, server: Server, key: DpopKey
    ) -> None:
        stolen = await own(server, WORKER_KEY, WORKER)
        response = await exchange(server, await sent(server, key), actor_token=stolen)
        assert "actor_token" in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_the_actors_key_does_not_open_a_stolen_subject_token(
        self, server: Server, key: DpopKey
    ) -> None:
        stolen = (await server.tokens(key))["access_token"]
        response = await exchange(server, stolen, actor_token=await own(server))
        assert "subject_token" in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_delegated_token_is_no_actor_token(self, server: Server, key: DpopKey) -> None:
        for actor in (None, await own(server)):
            first = await exchanged(server, await sent(server, key), actor_token=actor)
            response = await exchange(server, await sent(server, key), actor_token=first)
            assert "exchange" in refused(response, "invalid_request")

    @pytest.mark.rfc("9449", "5")
    async def test_the_exchange_needs_a_proof(self, server: Server, key: DpopKey) -> None:
        response = await exchange(server, await sent(server, key), key=None)
        assert response.json()["error"] == "invalid_dpop_proof"

    @pytest.mark.rfc("9449", "5")
    async def test_a_bound_token_is_exchanged_for_no_bearer_token(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(allow_bearer=True)
        await register(server)
        loose = await server.change(GATEWAY, dpop_bound_access_tokens=False)
        subject = await sent(server, key)
        response = await exchange(server, subject, client=loose, key=None)
        assert "DPoP proof" in refused(response, "invalid_request")
        issued(await exchange(server, subject, client=loose))

    @pytest.mark.rfc("9449", "5")
    async def test_a_bound_actor_token_makes_no_bearer_token_either(
        self, start: Start, key: DpopKey
    ) -> None:
        server = await start(allow_bearer=True)
        await register(server)
        await server.change(SPA, dpop_bound_access_tokens=False)
        subject = (await server.tokens(None, SPA, resources=(API.uri,)))["access_token"]
        loose = await server.change(GATEWAY, dpop_bound_access_tokens=False)
        actor = await sent(server, key)
        response = await exchange(server, subject, client=loose, key=None, actor_token=actor)
        assert "DPoP proof" in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_bearer_token_is_taken_from_the_one_it_was_sent_to_only(
        self, start: Start
    ) -> None:
        server = await start(allow_bearer=True)
        await register(server)
        await server.change(SPA, dpop_bound_access_tokens=False)
        subject = (await server.tokens(None, SPA, resources=(API.uri,)))["access_token"]
        refused(await exchange(server, subject, client=STRANGER), "invalid_request")
        loose = await server.change(STRANGER, dpop_bound_access_tokens=False)
        refused(await exchange(server, subject, client=loose, key=None), "invalid_request")
        claims = claims_of(await exchanged(server, subject))
        assert claims["cnf"] == {"jkt": GATEWAY_KEY.jkt}


class TestNeverMore:
    """The new token is never wider or longer than what it was exchanged for."""

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_scope_that_the_subject_token_lacks_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        client = await server.change(GATEWAY, scopes=frozenset({"read", "audit"}))
        response = await exchange(server, await sent(server, key), client=client, scope="audit")
        refused(response, "invalid_scope")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_scope_that_the_client_is_not_registered_for_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(GATEWAY, scopes=frozenset({"write"}))
        subject = await sent(server, key)
        refused(await exchange(server, subject, scope="read"), "invalid_scope")
        refused(await exchange(server, subject), "invalid_scope")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_scope_that_the_target_does_not_know_is_left_out(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(GATEWAY, exchange_audiences=(BACKEND.uri, FILES.uri))
        subject = await sent(server, key, resources=(API.uri, FILES.uri))
        assert claims_of(subject)["scope"] == "read write"
        assert issued(await exchange(server, subject))["scope"] == "read"
        assert issued(await exchange(server, subject, audience=FILES.uri))["scope"] == "write"

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_chain_does_not_win_back_a_scope(self, server: Server, key: DpopKey) -> None:
        await server.change(GATEWAY, exchange_audiences=(BACKEND.uri, FILES.uri))
        subject = await sent(server, key, resources=(API.uri, FILES.uri))
        first = await exchanged(server, subject, scope="read")
        response = await exchange(
            server, first, client=WORKER, key=WORKER_KEY, audience=FILES.uri, scope="write"
        )
        refused(response, "invalid_scope")

    @pytest.mark.rfc("8693", "2.2")
    async def test_the_new_token_ends_with_the_subject_token_at_the_latest(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key)
        server.clock.advance(50.5)
        members = issued(await exchange(server, subject))
        assert members["expires_in"] <= 70
        assert claims_of(members["access_token"])["exp"] == claims_of(subject)["exp"]

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_chain_of_exchanges_does_not_live_longer(
        self, server: Server, key: DpopKey
    ) -> None:
        await server.change(GATEWAY, exchange_audiences=(BACKEND.uri, API.uri))
        first = token = await sent(server, key)
        for _ in range(3):
            server.clock.advance(30)
            token = await exchanged(server, token, audience=API.uri)
            assert claims_of(token)["exp"] <= claims_of(first)["exp"]
        server.clock.advance(30)
        refused(await exchange(server, token), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_the_new_token_ends_with_the_actor_token_at_the_latest(
        self, server: Server, key: DpopKey
    ) -> None:
        actor = await own(server)
        server.clock.advance(250)
        token = await exchanged(server, await sent(server, key), actor_token=actor)
        assert claims_of(token)["exp"] == claims_of(actor)["exp"]

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_shorter_life_of_the_target_counts(self, server: Server, key: DpopKey) -> None:
        brief = dataclasses.replace(BACKEND, uri="https://brief.example", access_token_lifetime=20)
        await server.add(brief)
        await server.change(GATEWAY, exchange_audiences=(brief.uri,))
        members = issued(await exchange(server, await sent(server, key), audience=brief.uri))
        assert members["expires_in"] == 20

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_chain_has_an_end(self, server: Server, key: DpopKey) -> None:
        await server.change(GATEWAY, exchange_audiences=(API.uri,))
        token = await sent(server, key)
        for _ in range(16):
            token = await exchanged(server, token, audience=None)
        response = await exchange(server, token, audience=None)
        assert "too many times" in refused(response, "invalid_request")


class TestMayAct:
    @pytest.mark.rfc("8693", "4")
    @pytest.mark.parametrize(
        "may_act",
        [
            {"sub": "gateway"},
            {"client_id": "gateway"},
            {"iss": ISSUER, "sub": "gateway"},
        ],
    )
    @pytest.mark.parametrize("delegates", [True, False])
    async def test_the_party_it_names_may_exchange(
        self, server: Server, key: DpopKey, may_act: dict[str, Any], *, delegates: bool
    ) -> None:
        subject = signed_again(server, await sent(server, key), may_act=may_act)
        actor = await own(server) if delegates else None
        token = await exchanged(server, subject, actor_token=actor)
        # Or whoever it is sent to next could do what it forbids.
        assert claims_of(token)["may_act"] == may_act

    @pytest.mark.rfc("8693", "4")
    @pytest.mark.parametrize(
        "may_act",
        [
            {"sub": "worker"},
            {"client_id": "worker", "sub": "gateway"},
            {"iss": "https://other.example", "sub": "gateway"},
            {"sub": "gateway", "email": "x@example.com"},
            {"iss": ISSUER},
            {},
            "gateway",
            None,
        ],
    )
    @pytest.mark.parametrize("delegates", [True, False])
    async def test_another_party_may_not(
        self, server: Server, key: DpopKey, may_act: object, *, delegates: bool
    ) -> None:
        subject = signed_again(server, await sent(server, key), may_act=may_act)
        actor = await own(server) if delegates else None
        response = await exchange(server, subject, actor_token=actor)
        assert "may_act" in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "4")
    async def test_the_client_of_an_actor_that_it_does_not_name_may_not(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = signed_again(server, await sent(server, key), may_act={"sub": "gateway"})
        actor = await sent(server, DpopKey())
        response = await exchange(server, subject, actor_token=actor)
        assert USER.user_id in refused(response, "invalid_request")


class TestUnusableTokens:
    """RFC 8693 §2.2.2: invalid for any reason: invalid_request."""

    @pytest.mark.rfc("8693", "2.2")
    @pytest.mark.parametrize("name", ["subject_token", "actor_token"])
    async def test_a_refresh_token_is_refused_whatever_it_is_called(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        tokens = await server.tokens(key, WEB, resources=(API.uri,))
        fields = {"actor_token": await own(server), name: tokens["refresh_token"]}
        for kind in (ACCESS_TOKEN, JWT):
            kinds = {f"{name}_type": kind}
            response = await exchange(server, tokens["access_token"], **{**fields, **kinds})
            assert name in refused(response, "invalid_request")
        issued(await server.refresh(tokens["refresh_token"], key, WEB))

    @pytest.mark.rfc("8693", "2.2")
    @pytest.mark.parametrize("name", ["subject_token", "actor_token"])
    async def test_what_this_server_did_not_sign_is_refused(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        subject, actor = await sent(server, key), await own(server)
        kid = server.parts.keyring.active().kid
        forged = key.sign({"typ": "at+jwt", "alg": "ES256", "kid": kid}, claims_of(subject))
        for token in ("x", "a.b.c", forged):
            fields: dict[str, Any] = {"actor_token": actor, name: token}
            assert name in refused(await exchange(server, subject, **fields), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_an_expired_token_is_refused(self, server: Server, key: DpopKey) -> None:
        subject = await sent(server, key)
        server.clock.advance(120)
        refused(await exchange(server, subject), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    @pytest.mark.parametrize("name", ["subject_token", "actor_token"])
    async def test_a_token_that_was_revoked_is_refused(
        self, server: Server, key: DpopKey, name: str
    ) -> None:
        subject, actor = await sent(server, key, WEB), await own(server)
        dead, client = {"subject_token": (subject, WEB), "actor_token": (actor, GATEWAY)}[name]
        assert (await revoke(server, client, dead)).status_code == 200
        response = await exchange(server, subject, actor_token=actor)
        assert name in refused(response, "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_token_of_a_revoked_grant_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        tokens = await server.tokens(key, WEB, resources=(API.uri,))
        assert (await revoke(server, WEB, tokens["refresh_token"])).status_code == 200
        refused(await exchange(server, tokens["access_token"]), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_the_token_of_a_disabled_person_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key)
        await server.disable(USER)
        refused(await exchange(server, subject), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_the_token_of_a_disabled_client_is_refused(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key, WEB)
        await server.change(WEB, disabled=True)
        refused(await exchange(server, subject), "invalid_request")

    @pytest.mark.rfc("8693", "2.2")
    async def test_a_disabled_client_cannot_exchange(self, server: Server, key: DpopKey) -> None:
        subject = await sent(server, key)
        await server.change(GATEWAY, disabled=True)
        refused(await exchange(server, subject), "invalid_client", status=401)


class TestTheEnd:
    """A token ends with everything that it was exchanged for."""

    @pytest.mark.rfc("7009", "2.1")
    async def test_revoking_the_grant_ends_every_token_of_the_chain(
        self, server: Server, key: DpopKey
    ) -> None:
        tokens = await server.tokens(key, WEB, resources=(API.uri,))
        first = await exchanged(server, tokens["access_token"])
        second = await exchanged(server, first, client=WORKER, key=WORKER_KEY)
        assert await is_active(server, WORKER, second)
        assert (await revoke(server, WEB, tokens["refresh_token"])).status_code == 200
        assert not await is_active(server, GATEWAY, first)
        assert not await is_active(server, WORKER, second)

    @pytest.mark.rfc("7009", "2.1")
    @pytest.mark.parametrize("which", ["subject", "actor", "between"])
    async def test_revoking_one_token_ends_those_exchanged_for_it(
        self, server: Server, key: DpopKey, which: str
    ) -> None:
        subject, actor = await sent(server, key, WEB), await own(server)
        first = await exchanged(server, subject, actor_token=actor)
        second = await exchanged(server, first, client=WORKER, key=WORKER_KEY)
        dead, client = {
            "subject": (subject, WEB),
            "actor": (actor, GATEWAY),
            "between": (first, GATEWAY),
        }[which]
        assert (await revoke(server, client, dead)).status_code == 200
        assert not await is_active(server, WORKER, second)

    @pytest.mark.rfc("7662", "4")
    @pytest.mark.parametrize("client", [WEB, GATEWAY, WORKER], ids=lambda c: c.client_id)
    async def test_disabling_a_client_ends_the_tokens_that_went_through_it(
        self, server: Server, key: DpopKey, client: Client
    ) -> None:
        first = await exchanged(server, await sent(server, key, WEB))
        second = await exchanged(server, first, client=WORKER, key=WORKER_KEY)
        await server.add(dataclasses.replace(WORKER, client_id="looking"))
        looking = dataclasses.replace(WORKER, client_id="looking")
        assert await is_active(server, looking, second)
        await server.change(client, disabled=True)
        assert not await is_active(server, looking, second)

    @pytest.mark.rfc("7662", "4")
    async def test_disabling_the_actor_ends_the_delegation(
        self, server: Server, key: DpopKey
    ) -> None:
        boss = dataclasses.replace(USER, user_id="usr_boss", email="boss@example.com")
        await server.add(boss)
        actor = await sent(server, DpopKey(), user_id=boss.user_id)
        token = await exchanged(server, await sent(server, key), actor_token=actor)
        assert await is_active(server, GATEWAY, token)
        await server.disable(boss)
        assert not await is_active(server, GATEWAY, token)

    @pytest.mark.rfc("7009", "2.1")
    async def test_the_client_may_revoke_what_it_was_given(
        self, server: Server, key: DpopKey
    ) -> None:
        subject = await sent(server, key, WEB)
        token = await exchanged(server, subject)
        assert (await revoke(server, GATEWAY, token)).status_code == 200
        assert not await is_active(server, GATEWAY, token)
        assert await is_active(server, WEB, subject)


class TestAudit:
    async def test_the_log_says_who_acts_for_whom(self, server: Server, key: DpopKey) -> None:
        subject, actor = await sent(server, key), await own(server)
        token = await exchanged(server, subject, actor_token=actor)
        event = (await server.audit())[-1]
        assert (event.kind, event.client_id, event.user_id) == (
            EventKind.TOKEN_ISSUED,
            GATEWAY.client_id,
            USER.user_id,
        )
        assert event.family_id == claims_of(subject)["family_id"]
        expected = {
            "grant_type": GRANT,
            "jti": claims_of(token)["jti"],
            "subject": USER.user_id,
            "subject_client": SPA.client_id,
            "subject_jti": claims_of(subject)["jti"],
            "actor": GATEWAY.client_id,
            "actor_jti": claims_of(actor)["jti"],
        }
        assert event.details.items() >= expected.items()

    async def test_the_log_has_a_refusal_too(self, server: Server, key: DpopKey) -> None:
        await exchange(server, await sent(server, key), client=STRANGER)
        event = (await server.audit())[-1]
        assert (event.kind, event.client_id) == (EventKind.REQUEST_REFUSED, STRANGER.client_id)
        assert event.details["grant_type"] == GRANT

    async def test_an_exchange_writes_no_row(self, server: Server, key: DpopKey) -> None:
        subject = await sent(server, key)
        before = server.rows()
        await exchanged(server, subject)
        assert server.rows() == before


class TestAuthorizationDetails:
    """RFC 9396 beside RFC 8693: never more than the subject token and the client have."""

    ANYWHERE: Mapping[str, Any] = {"type": "anywhere", "actions": ["read", "list"]}
    AT_API: Mapping[str, Any] = {"type": "at_api", "actions": ["read"]}

    @pytest.fixture(autouse=True)
    async def _types(self, server: Server) -> None:
        schema = {"type": "object", "properties": {"actions": {"type": "array"}}}
        async with server.parts.database.begin() as unit:
            await unit.details_types.add(DetailsType("anywhere", "Anywhere", schema))
            await unit.details_types.add(DetailsType("at_api", "The API", schema, API.uri))
            await unit.commit()

    async def subject(self, server: Server, key: DpopKey) -> str:
        token = await sent(server, key, authorization_details=(self.ANYWHERE, self.AT_API))
        assert claims_of(token)["authorization_details"] == [self.ANYWHERE, self.AT_API]
        return token

    async def allow(self, server: Server, *types: str) -> None:
        await server.change(GATEWAY, authorization_details_types=frozenset(types))

    @pytest.mark.rfc("9396", "6")
    async def test_a_client_registered_for_no_types_gets_none(
        self, server: Server, key: DpopKey
    ) -> None:
        members = issued(await exchange(server, await self.subject(server, key)))
        assert "authorization_details" not in members
        assert "authorization_details" not in claims_of(members["access_token"])

    @pytest.mark.rfc("9396", "6")
    async def test_details_of_one_resource_are_not_carried_to_another(
        self, server: Server, key: DpopKey
    ) -> None:
        await self.allow(server, "anywhere", "at_api")
        members = issued(await exchange(server, await self.subject(server, key)))
        assert members["authorization_details"] == [self.ANYWHERE]

    @pytest.mark.rfc("9396", "6")
    @pytest.mark.parametrize(
        "more",
        [
            {"type": "anywhere", "actions": ["read", "write"]},
            {"type": "anywhere"},
            {"type": "at_api", "actions": ["read"]},
        ],
    )
    async def test_more_than_the_subject_token_and_the_client_have_is_refused(
        self, server: Server, key: DpopKey, more: dict[str, Any]
    ) -> None:
        await self.allow(server, "anywhere")
        subject = await self.subject(server, key)
        response = await exchange(server, subject, authorization_details=json.dumps([more]))
        refused(response, "invalid_authorization_details")

    @pytest.mark.rfc("9396", "6")
    async def test_less_may_be_asked_for(self, server: Server, key: DpopKey) -> None:
        await self.allow(server, "anywhere")
        less = {"type": "anywhere", "actions": ["read"]}
        subject = await self.subject(server, key)
        token = await exchanged(server, subject, authorization_details=json.dumps([less]))
        assert claims_of(token)["authorization_details"] == [less]
