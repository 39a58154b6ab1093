"""Redeeming a code: start from a valid redemption, break one thing."""

import asyncio
import dataclasses
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from app.credentials import digest
from app.dpop.errors import ProofRefused
from app.oauth.client import Client
from app.oauth.errors import InvalidGrant, InvalidRequest, InvalidTarget, OAuthError
from app.oauth.token_family import Status, family_id_of
from app.oauth.token_response import TokenResponse
from app.telemetry.audit import EventKind
from tests.builders import ISSUER, NOW, DpopKey

from .token_server import (
    API,
    CONFIDENTIAL,
    FILES,
    PUBLIC,
    REDIRECT_URI,
    SECRET,
    USER,
    TokenServer,
    basic,
    claims_of,
    form,
)

OTHER = dataclasses.replace(PUBLIC, client_id="other")


async def status_of(server: TokenServer, code: str) -> Status | None:
    family = await server.family_of(code)
    return family.status if family else None


class TestRedemption:
    @pytest.mark.rfc("6749", "4.1.4")
    @pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL])
    async def test_a_code_is_redeemed_for_tokens(
        self, server: TokenServer, key: DpopKey, client: Client
    ) -> None:
        code = await server.issue_code(client)
        response = await server.redeem(code, key, client)
        claims = claims_of(response.access_token)
        assert claims["sub"] == USER.user_id
        assert claims["aud"] == ISSUER
        assert claims["auth_time"] == NOW - 10
        assert claims["family_id"] == family_id_of(digest(code))
        assert claims["cnf"] == {"jkt": key.jkt}
        assert (response.token_type, response.scope) == ("DPoP", "read write")
        assert response.refresh_token
        assert response.refresh_token.startswith("hf_rt_")

    @pytest.mark.rfc("6749", "5.1")
    async def test_only_a_client_with_the_grant_gets_a_refresh_token(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(PUBLIC, grant_types=frozenset({"authorization_code"}))
        code = await server.issue_code()
        assert (await server.redeem(code, key)).refresh_token is None
        assert await status_of(server, code) is Status.ACTIVE

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_a_missing_code_is_an_invalid_request(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        with pytest.raises(InvalidRequest, match="code is missing"):
            await server.redeem("", key)

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("code", ["x", "hf_ac_" + "A" * 43])
    async def test_an_unknown_code_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey, code: str
    ) -> None:
        with pytest.raises(InvalidGrant):
            await server.redeem(code, key)

    @pytest.mark.rfc("6749", "4.1.2")
    async def test_an_expired_code_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code()
        server.clock.advance(60)
        with pytest.raises(InvalidGrant):
            await server.redeem(code, key)
        assert await server.family_of(code) is None

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_the_code_of_another_client_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(OTHER)
        with pytest.raises(InvalidGrant):
            await server.redeem(await server.issue_code(), key, OTHER)

    async def test_the_code_of_a_person_who_was_disabled_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code()
        await server.disable_user()
        with pytest.raises(InvalidGrant, match="no active account"):
            await server.redeem(code, key)

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_the_scope_parameter_means_nothing_here(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        response = await server.redeem(await server.issue_code(), key, scope="admin  all")
        assert response.scope == "read write"


class TestRedirectUri:
    @pytest.mark.rfc("6749", "4.1.3")
    @pytest.mark.parametrize(
        "uri", [REDIRECT_URI + "/", REDIRECT_URI.upper(), REDIRECT_URI + "?a=1"]
    )
    @pytest.mark.parametrize("sent", ["sent", "not sent"])
    async def test_a_redirect_uri_must_be_identical(
        self, server: TokenServer, key: DpopKey, uri: str, sent: str
    ) -> None:
        code = await server.issue_code(redirect_uri_sent=sent == "sent")
        with pytest.raises(InvalidGrant, match="redirect_uri"):
            await server.redeem(code, key, redirect_uri=uri)

    @pytest.mark.rfc("6749", "4.1.3")
    async def test_a_redirect_uri_that_was_sent_must_be_sent_again(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        with pytest.raises(InvalidRequest, match="redirect_uri is missing"):
            await server.redeem(await server.issue_code(), key, redirect_uri=None)

    @pytest.mark.rfc("6749", "4.1.3")
    @pytest.mark.parametrize("uri", [None, REDIRECT_URI])
    async def test_a_redirect_uri_that_was_not_sent_may_be_left_out(
        self, server: TokenServer, key: DpopKey, uri: str | None
    ) -> None:
        code = await server.issue_code(redirect_uri_sent=False)
        assert (await server.redeem(code, key, redirect_uri=uri)).access_token


class TestPkce:
    @pytest.mark.rfc("7636", "4.6")
    async def test_a_wrong_verifier_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        with pytest.raises(InvalidGrant, match="code_verifier"):
            await server.redeem(await server.issue_code(), key, code_verifier="w" * 43)

    @pytest.mark.rfc("7636", "4.5")
    @pytest.mark.parametrize("verifier", [None, "v" * 42])
    async def test_a_missing_or_malformed_verifier_is_an_invalid_request(
        self, server: TokenServer, key: DpopKey, verifier: str | None
    ) -> None:
        with pytest.raises(InvalidRequest, match="code_verifier"):
            await server.redeem(await server.issue_code(), key, code_verifier=verifier)


class TestKeyBinding:
    @pytest.mark.rfc("9449", "10")
    async def test_a_code_bound_to_the_key_is_redeemed_with_it(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code(dpop_jkt=key.jkt)
        assert (await server.redeem(code, key)).access_token

    @pytest.mark.rfc("9449", "10")
    async def test_a_code_bound_to_another_key_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await server.issue_code(dpop_jkt=other_key.jkt)
        with pytest.raises(ProofRefused) as caught:
            await server.redeem(code, key)
        assert (caught.value.error, caught.value.check) == ("invalid_grant", "binding")

    @pytest.mark.rfc("9449", "5")
    async def test_a_public_clients_family_is_bound_to_the_key(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        response = await server.tokens(key)
        assert (await server.stored(response.refresh_token))[1].jkt == key.jkt

    @pytest.mark.rfc("9449", "5")
    async def test_a_confidential_clients_family_is_bound_to_the_client(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        response = await server.tokens(key, CONFIDENTIAL)
        assert (await server.stored(response.refresh_token))[1].jkt is None

    async def test_a_confidential_clients_family_is_bound_to_the_key_where_so_registered(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(CONFIDENTIAL, dpop_bound_refresh_tokens=True)
        response = await server.tokens(key, CONFIDENTIAL)
        assert (await server.stored(response.refresh_token))[1].jkt == key.jkt


class TestResource:
    @pytest.mark.rfc("8707", "2.2")
    async def test_the_granted_resources_are_the_audience(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code(resources=(API.uri, FILES.uri))
        response = await server.redeem(code, key)
        assert claims_of(response.access_token)["aud"] == [API.uri, FILES.uri]

    @pytest.mark.rfc("8707", "2.2")
    async def test_one_of_the_granted_resources_may_be_chosen_and_the_family_keeps_all(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code(resources=(API.uri, FILES.uri))
        response = await server.redeem(code, key, resource=FILES.uri)
        assert claims_of(response.access_token)["aud"] == FILES.uri
        assert response.scope == "write"
        family = await server.family_of(code)
        assert family
        assert family.resources == (API.uri, FILES.uri)
        assert family.scopes == PUBLIC.scopes

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_resource_that_was_not_granted_is_refused_and_the_code_lives_on(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code(resources=(API.uri,))
        with pytest.raises(InvalidTarget):
            await server.redeem(code, key, resource=FILES.uri)
        assert (await server.redeem(code, key)).access_token


WRONG_REQUESTS: list[dict[str, str | None]] = [
    {"redirect_uri": "https://client.example/other"},
    {"code_verifier": "w" * 43},
    {"code_verifier": None},
]


class TestOnce:
    """RFC 6749 §4.1.2 and §10.5: a code is used once, and its second use ends its tokens."""

    @pytest.mark.rfc("6749", "4.1.2")
    @pytest.mark.parametrize("wrong", WRONG_REQUESTS)
    async def test_a_wrong_request_does_not_burn_a_live_code(
        self, server: TokenServer, key: DpopKey, wrong: dict[str, Any]
    ) -> None:
        code = await server.issue_code()
        with pytest.raises(OAuthError):
            await server.redeem(code, key, **wrong)
        assert (await server.redeem(code, key)).access_token
        assert await status_of(server, code) is Status.ACTIVE

    async def test_a_request_with_the_wrong_key_does_not_burn_a_live_code(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await server.issue_code(dpop_jkt=key.jkt)
        with pytest.raises(ProofRefused):
            await server.redeem(code, other_key)
        assert (await server.redeem(code, key)).access_token

    @pytest.mark.rfc("6749", "4.1.2")
    async def test_a_second_valid_request_revokes_the_family(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code()
        response = await server.redeem(code, key)
        with pytest.raises(InvalidGrant, match="used before"):
            await server.redeem(code, key)
        assert await status_of(server, code) is Status.REVOKED
        assert await server.committed() == [EventKind.CODE_REPLAYED]
        with pytest.raises(InvalidGrant):
            await server.refresh(response.refresh_token, key)

    async def test_a_second_valid_request_revokes_whatever_key_it_comes_with(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey
    ) -> None:
        code = await server.issue_code(dpop_jkt=key.jkt)
        await server.redeem(code, key)
        with pytest.raises(InvalidGrant):
            await server.redeem(code, other_key)
        assert await status_of(server, code) is Status.REVOKED

    async def test_other_families_of_the_person_live_on(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        other = await server.tokens(key)
        code = await server.issue_code()
        await server.redeem(code, key)
        with pytest.raises(InvalidGrant):
            await server.redeem(code, key)
        assert (await server.refresh(other.refresh_token, key)).access_token

    @pytest.mark.rfc("6749", "10.5")
    @pytest.mark.parametrize("wrong", WRONG_REQUESTS)
    @pytest.mark.parametrize("later", [0, 3600])
    async def test_a_used_code_without_what_belongs_to_it_revokes_nothing(
        self, server: TokenServer, key: DpopKey, wrong: dict[str, Any], later: int
    ) -> None:
        code = await server.issue_code()
        await server.redeem(code, key)
        server.clock.advance(later)
        with pytest.raises(OAuthError):
            await server.redeem(code, key, **wrong)
        assert await status_of(server, code) is Status.ACTIVE
        assert await server.committed() == []

    @pytest.mark.rfc("6749", "10.5")
    @pytest.mark.parametrize("later", [0, 3600])
    async def test_a_used_code_in_the_hands_of_another_client_revokes_nothing(
        self, server: TokenServer, key: DpopKey, later: int
    ) -> None:
        await server.change(OTHER)
        code = await server.issue_code()
        await server.redeem(code, key)
        server.clock.advance(later)
        with pytest.raises(InvalidGrant):
            await server.redeem(code, key, OTHER)
        assert await status_of(server, code) is Status.ACTIVE

    @pytest.mark.rfc("6749", "10.5")
    async def test_a_replay_is_known_long_after_the_code_is_forgotten(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code()
        await server.redeem(code, key)
        server.clock.advance(7 * 24 * 3600)
        with pytest.raises(InvalidGrant, match="used before"):
            await server.redeem(code, key)
        assert await status_of(server, code) is Status.REVOKED
        assert await server.committed() == [EventKind.CODE_REPLAYED]

    @pytest.mark.parametrize("later", [0, 3600])
    async def test_a_replay_may_leave_out_a_redirect_uri_that_was_never_sent(
        self, server: TokenServer, key: DpopKey, later: int
    ) -> None:
        code = await server.issue_code(redirect_uri_sent=False)
        await server.redeem(code, key, redirect_uri=None)
        server.clock.advance(later)
        with pytest.raises(InvalidGrant):
            await server.redeem(code, key, redirect_uri=None)
        assert await status_of(server, code) is Status.REVOKED

    async def test_replays_after_the_first_add_no_events_of_their_own(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code()
        await server.redeem(code, key)
        for _ in range(3):
            with pytest.raises(InvalidGrant):
                await server.redeem(code, key)
        assert await server.committed() == [EventKind.CODE_REPLAYED]

    async def test_a_family_without_refresh_token_is_a_tombstone_too(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(PUBLIC, grant_types=frozenset({"authorization_code"}))
        code = await server.issue_code()
        await server.redeem(code, key)
        with pytest.raises(InvalidGrant):
            await server.redeem(code, key)
        assert await status_of(server, code) is Status.REVOKED

    async def test_a_code_that_a_failover_brought_back_is_not_redeemed_twice(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code()
        stored = await server.state.codes.find(digest(code))
        assert stored
        await server.redeem(code, key)
        await server.state.codes.put(digest(code), stored.code)
        with pytest.raises(InvalidGrant, match="used before"):
            await server.redeem(code, key)
        assert await status_of(server, code) is Status.REVOKED
        assert await server.committed() == [EventKind.CODE_REPLAYED]


class TestRaces:
    @pytest.mark.rfc("6749", "10.5")
    @pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL])
    async def test_of_twenty_redemptions_at_once_one_succeeds_and_its_family_ends_revoked(
        self, server: TokenServer, key: DpopKey, client: Client
    ) -> None:
        code = await server.issue_code(client)
        results = await asyncio.gather(
            *(server.redeem(code, key, client) for _ in range(20)), return_exceptions=True
        )
        won = [result for result in results if isinstance(result, TokenResponse)]
        lost = [result for result in results if isinstance(result, InvalidGrant)]
        assert (len(won), len(lost)) == (1, 19)
        assert await status_of(server, code) is Status.REVOKED
        assert await server.committed() == [EventKind.CODE_REPLAYED]
        with pytest.raises(InvalidGrant):
            await server.refresh(won[0].refresh_token, key, client)

    @pytest.mark.rfc("6749", "10.5")
    async def test_a_replay_that_commits_before_the_winner_leaves_a_mark_that_revokes_it(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code()
        stored = await server.state.codes.find(digest(code))
        assert stored
        await server.state.codes.spend(digest(code))
        with pytest.raises(InvalidGrant):
            await server.redeem(code, key)
        await server.state.codes.put(digest(code), stored.code)
        winner = await server.redeem(code, key)
        assert winner.access_token
        assert await status_of(server, code) is Status.REVOKED
        with pytest.raises(InvalidGrant):
            await server.refresh(winner.refresh_token, key)

    async def test_a_request_of_its_own_for_each_of_two_codes_succeeds(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        codes = [await server.issue_code() for _ in range(10)]
        await asyncio.gather(*(server.redeem(code, key) for code in codes))
        families = [await server.family_of(code) for code in codes]
        assert all(family and family.status is Status.ACTIVE for family in families)


class TestFailure:
    async def test_if_the_tokens_cannot_be_kept_the_code_is_spent_and_nothing_is_written(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code()
        server.refuse_inserts("refresh_tokens")
        with pytest.raises(IntegrityError):
            await server.redeem(code, key)
        stored = await server.state.codes.find(digest(code))
        assert stored
        assert stored.spent
        assert await server.family_of(code) is None


async def test_a_code_needs_no_authorization_header_of_a_public_client(
    server: TokenServer, key: DpopKey
) -> None:
    fields = form(grant_type="authorization_code", code=await server.issue_code())
    with pytest.raises(OAuthError) as caught:
        await server.post(fields, key, authorization=basic(PUBLIC.client_id, SECRET))
    assert caught.value.error == "invalid_client"
