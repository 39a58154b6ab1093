"""Refreshing: start from a valid refresh, break one thing."""

import asyncio
import dataclasses

import pytest
from sqlalchemy.exc import IntegrityError

from app.dpop.errors import ProofRefused
from app.oauth.client import Client
from app.oauth.errors import (
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    TemporarilyUnavailable,
)
from app.oauth.token_family import Status
from app.oauth.token_response import TokenResponse
from app.telemetry.audit import EventKind
from app.tokens.refresh_tokens import ChainedRefreshTokens
from tests.builders import DpopKey

from .token_server import API, CONFIDENTIAL, FILES, PUBLIC, USER, TokenServer, claims_of

OTHER = dataclasses.replace(PUBLIC, client_id="other")


class TestRefresh:
    @pytest.mark.rfc("6749", "6")
    @pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL])
    async def test_a_refresh_token_gives_new_tokens_of_the_same_family(
        self, server: TokenServer, key: DpopKey, client: Client
    ) -> None:
        first = await server.tokens(key, client)
        second = await server.refresh(first.refresh_token, key, client)
        before, after = claims_of(first.access_token), claims_of(second.access_token)
        assert second.refresh_token
        assert second.refresh_token.startswith("hf_rt_")
        assert second.refresh_token != first.refresh_token
        assert after["jti"] != before["jti"]
        assert after["sub"] == USER.user_id
        assert (after["family_id"], after["auth_time"]) == (
            before["family_id"],
            before["auth_time"],
        )
        assert (second.token_type, second.scope) == ("DPoP", "read write")

    @pytest.mark.rfc("6749", "6")
    async def test_a_chain_of_refreshes_goes_on(self, server: TokenServer, key: DpopKey) -> None:
        token = (await server.tokens(key)).refresh_token
        seen = {token}
        for _ in range(5):
            server.clock.advance(3600)
            token = (await server.refresh(token, key)).refresh_token
            seen.add(token)
        assert len(seen) == 6

    @pytest.mark.rfc("6749", "6")
    async def test_a_missing_refresh_token_is_an_invalid_request(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        with pytest.raises(InvalidRequest, match="refresh_token is missing"):
            await server.refresh(None, key)

    @pytest.mark.rfc("6749", "5.2")
    @pytest.mark.parametrize("token", ["x", "hf_rt_" + "A" * 43])
    async def test_an_unknown_refresh_token_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey, token: str
    ) -> None:
        with pytest.raises(InvalidGrant):
            await server.refresh(token, key)

    @pytest.mark.rfc("6749", "6")
    async def test_the_refresh_token_of_another_client_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(OTHER)
        first = await server.tokens(key)
        with pytest.raises(InvalidGrant):
            await server.refresh(first.refresh_token, key, OTHER)
        assert (await server.refresh(first.refresh_token, key)).access_token

    async def test_a_family_ends_when_its_lifetime_does_however_often_it_was_refreshed(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        token = (await server.tokens(key)).refresh_token
        server.clock.advance(server.lifetimes.refresh_token - 1)
        last = await server.refresh(token, key)
        assert last.expires_in == 1
        stored, family = await server.stored(last.refresh_token)
        assert stored.expires_at <= family.expires_at
        server.clock.advance(1)
        with pytest.raises(InvalidGrant, match="expired"):
            await server.refresh(last.refresh_token, key)

    async def test_a_revoked_family_gives_no_tokens(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        _, family = await server.stored(first.refresh_token)
        async with server.database.begin() as unit:
            await unit.families.revoke(family.family_id)
            await unit.commit()
        with pytest.raises(InvalidGrant, match="revoked"):
            await server.refresh(first.refresh_token, key)

    async def test_a_person_who_was_disabled_gets_no_tokens(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        await server.disable_user()
        with pytest.raises(InvalidGrant, match="no active account"):
            await server.refresh(first.refresh_token, key)
        stored, _ = await server.stored(first.refresh_token)
        assert stored.status is Status.ACTIVE


class TestKeyBinding:
    @pytest.mark.rfc("9449", "5")
    async def test_a_live_token_with_a_wrong_key_is_an_invalid_grant_and_nothing_is_revoked(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        with pytest.raises(ProofRefused) as caught:
            await server.refresh(first.refresh_token, other_key)
        assert (caught.value.error, caught.value.check) == ("invalid_grant", "binding")
        assert (await server.refresh(first.refresh_token, key)).access_token

    @pytest.mark.rfc("9449", "5")
    @pytest.mark.parametrize("later", [1, 3600])
    async def test_a_used_token_with_a_wrong_key_revokes_nothing(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey, later: int
    ) -> None:
        first = await server.tokens(key)
        second = await server.refresh(first.refresh_token, key)
        server.clock.advance(later)
        with pytest.raises(ProofRefused):
            await server.refresh(first.refresh_token, other_key)
        assert (await server.refresh(second.refresh_token, key)).access_token

    @pytest.mark.rfc("9449", "5")
    async def test_a_confidential_client_may_refresh_with_a_new_key(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey
    ) -> None:
        first = await server.tokens(key, CONFIDENTIAL)
        second = await server.refresh(first.refresh_token, other_key, CONFIDENTIAL)
        assert claims_of(second.access_token)["cnf"] == {"jkt": other_key.jkt}

    async def test_a_confidential_client_may_not_where_its_tokens_are_tied_to_the_key(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey
    ) -> None:
        await server.change(CONFIDENTIAL, dpop_bound_refresh_tokens=True)
        first = await server.tokens(key, CONFIDENTIAL)
        with pytest.raises(ProofRefused):
            await server.refresh(first.refresh_token, other_key, CONFIDENTIAL)
        assert (await server.refresh(first.refresh_token, key, CONFIDENTIAL)).access_token

    async def test_a_bound_token_is_not_refreshed_without_a_proof(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        await server.change(PUBLIC, dpop_bound_access_tokens=False)
        with pytest.raises(ProofRefused) as caught:
            await server.refresh(first.refresh_token, None)
        assert caught.value.error == "invalid_grant"


class TestNarrowing:
    @pytest.mark.rfc("6749", "6")
    async def test_less_may_be_asked_for_and_the_next_refresh_may_have_all_again(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        second = await server.refresh(first.refresh_token, key, scope="read")
        assert (second.scope, claims_of(second.access_token)["scope"]) == ("read", "read")
        assert (await server.refresh(second.refresh_token, key)).scope == "read write"

    @pytest.mark.rfc("6749", "6")
    async def test_more_than_was_granted_is_refused_and_the_token_lives_on(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(PUBLIC, scopes=frozenset({"read", "write", "admin"}))
        first = await server.tokens(key)
        with pytest.raises(InvalidScope):
            await server.refresh(first.refresh_token, key, scope="read admin")
        stored, _ = await server.stored(first.refresh_token)
        assert stored.status is Status.ACTIVE

    @pytest.mark.rfc("8707", "2.2")
    async def test_one_of_the_granted_resources_may_be_asked_for(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        code = await server.issue_code(resources=(API.uri, FILES.uri))
        first = await server.redeem(code, key)
        second = await server.refresh(first.refresh_token, key, resource=API.uri)
        assert claims_of(second.access_token)["aud"] == API.uri
        third = await server.refresh(second.refresh_token, key)
        assert claims_of(third.access_token)["aud"] == [API.uri, FILES.uri]

    @pytest.mark.rfc("8707", "2.2")
    async def test_a_resource_that_was_not_granted_is_refused_and_the_token_lives_on(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.redeem(await server.issue_code(resources=(API.uri,)), key)
        with pytest.raises(InvalidTarget):
            await server.refresh(first.refresh_token, key, resource=FILES.uri)
        assert (await server.refresh(first.refresh_token, key)).access_token


class TestRetry:
    """An answer that was lost: within 30 s the same request gets the same successor."""

    async def test_a_retry_gets_the_same_successor_and_a_new_access_token(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        second = await server.refresh(first.refresh_token, key)
        server.clock.advance(server.lifetimes.refresh_retry)
        again = await server.refresh(first.refresh_token, key)
        assert again.refresh_token == second.refresh_token
        assert again.access_token != second.access_token
        assert await server.committed() == []

    async def test_a_retry_by_the_same_confidential_client_may_come_with_a_new_key(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey
    ) -> None:
        first = await server.tokens(key, CONFIDENTIAL)
        second = await server.refresh(first.refresh_token, key, CONFIDENTIAL)
        again = await server.refresh(first.refresh_token, other_key, CONFIDENTIAL)
        assert again.refresh_token == second.refresh_token
        assert claims_of(again.access_token)["cnf"] == {"jkt": other_key.jkt}

    async def test_a_retry_may_not_ask_for_more(self, server: TokenServer, key: DpopKey) -> None:
        first = await server.tokens(key)
        await server.refresh(first.refresh_token, key)
        with pytest.raises(InvalidScope):
            await server.refresh(first.refresh_token, key, scope="admin")

    async def test_a_retry_after_the_successor_was_used_is_refused_and_nothing_is_revoked(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        second = await server.refresh(first.refresh_token, key)
        third = await server.refresh(second.refresh_token, key)
        with pytest.raises(InvalidGrant, match="successor is in use"):
            await server.refresh(first.refresh_token, key)
        assert await server.committed() == [EventKind.SUCCESSOR_USED]
        assert (await server.refresh(third.refresh_token, key)).access_token

    async def test_a_retry_survives_one_rotation_of_the_deployments_secret(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        second = await server.refresh(first.refresh_token, key)
        server.use_refresh_tokens(ChainedRefreshTokens(b"new" * 16, previous=b"secret" * 8))
        again = await server.refresh(first.refresh_token, key)
        assert again.refresh_token == second.refresh_token

    async def test_a_retry_whose_secret_is_gone_is_an_invalid_grant(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        second = await server.refresh(first.refresh_token, key)
        server.use_refresh_tokens(ChainedRefreshTokens(b"new" * 16))
        with pytest.raises(InvalidGrant):
            await server.refresh(first.refresh_token, key)
        assert (await server.refresh(second.refresh_token, key)).access_token


class TestReplay:
    @pytest.mark.rfc("9700", "4.14.2")
    @pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL])
    async def test_a_used_token_after_the_window_revokes_the_family(
        self, server: TokenServer, key: DpopKey, client: Client
    ) -> None:
        first = await server.tokens(key, client)
        second = await server.refresh(first.refresh_token, key, client)
        server.clock.advance(server.lifetimes.refresh_retry + 1)
        with pytest.raises(InvalidGrant, match="used before"):
            await server.refresh(first.refresh_token, key, client)
        _, family = await server.stored(second.refresh_token)
        assert family.status is Status.REVOKED
        assert await server.committed() == [EventKind.REFRESH_REPLAYED]
        with pytest.raises(InvalidGrant):
            await server.refresh(second.refresh_token, key, client)

    async def test_a_second_replay_changes_nothing_more(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        await server.refresh(first.refresh_token, key)
        server.clock.advance(3600)
        for _ in range(3):
            with pytest.raises(InvalidGrant):
                await server.refresh(first.refresh_token, key)
        assert await server.committed() == [EventKind.REFRESH_REPLAYED]

    async def test_a_used_token_in_the_hands_of_another_client_revokes_nothing(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        await server.change(OTHER)
        first = await server.tokens(key)
        second = await server.refresh(first.refresh_token, key)
        server.clock.advance(3600)
        with pytest.raises(InvalidGrant):
            await server.refresh(first.refresh_token, key, OTHER)
        assert (await server.refresh(second.refresh_token, key)).access_token


class TestRotationOff:
    """RFC 6749 §6: the server MAY issue a new refresh token. FAPI 2.0 §5.3.2.1: it does not."""

    @pytest.mark.rfc("6749", "6")
    @pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL])
    async def test_the_same_refresh_token_comes_back_and_stays_good(
        self, server: TokenServer, key: DpopKey, client: Client
    ) -> None:
        await server.change(client, rotate_refresh_tokens=False)
        first = await server.tokens(key, client)
        for _ in range(3):
            server.clock.advance(3600)
            response = await server.refresh(first.refresh_token, key, client)
            assert response.refresh_token == first.refresh_token

    @pytest.mark.rfc("9700", "4.14.2")
    async def test_a_public_clients_token_that_no_key_binds_rotates_nevertheless(
        self, server: TokenServer
    ) -> None:
        await server.change(PUBLIC, rotate_refresh_tokens=False, dpop_bound_access_tokens=False)
        first = await server.redeem(await server.issue_code(), None)
        second = await server.refresh(first.refresh_token, None)
        assert (first.token_type, second.token_type) == ("Bearer", "Bearer")
        assert second.refresh_token != first.refresh_token


class TestRaces:
    @pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL])
    async def test_of_twenty_refreshes_at_once_one_rotates_and_all_get_its_successor(
        self, server: TokenServer, key: DpopKey, client: Client
    ) -> None:
        first = await server.tokens(key, client)
        results = await asyncio.gather(
            *(server.refresh(first.refresh_token, key, client) for _ in range(20))
        )
        successors = {result.refresh_token for result in results}
        assert len(successors) == 1
        assert len({result.access_token for result in results}) == 20
        assert successors != {first.refresh_token}
        stored, family = await server.stored(successors.pop())
        assert (stored.status, family.status) == (Status.ACTIVE, Status.ACTIVE)

    async def test_of_many_keys_at_once_only_the_right_one_gets_tokens(
        self, server: TokenServer, key: DpopKey, other_key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        keys = [key, other_key] * 10
        results = await asyncio.gather(
            *(server.refresh(first.refresh_token, one) for one in keys), return_exceptions=True
        )
        assert [isinstance(result, TokenResponse) for result in results] == [True, False] * 10

    async def test_a_replay_beside_the_use_of_the_successor_ends_revoked(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        second = await server.refresh(first.refresh_token, key)
        server.clock.advance(3600)
        await asyncio.gather(
            server.refresh(first.refresh_token, key),
            server.refresh(second.refresh_token, key),
            return_exceptions=True,
        )
        _, family = await server.stored(second.refresh_token)
        assert family.status is Status.REVOKED


class TestFailure:
    async def test_if_the_successor_cannot_be_kept_the_token_lives_on(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        server.refuse_inserts("refresh_tokens")
        with pytest.raises(IntegrityError):
            await server.refresh(first.refresh_token, key)
        stored, _ = await server.stored(first.refresh_token)
        assert (stored.status, stored.successor_hash) == (Status.ACTIVE, None)

    async def test_if_no_key_signs_the_token_lives_on(
        self, server: TokenServer, key: DpopKey
    ) -> None:
        first = await server.tokens(key)
        await server.withdraw_signing_keys()
        with pytest.raises(TemporarilyUnavailable):
            await server.refresh(first.refresh_token, key)
        stored, _ = await server.stored(first.refresh_token)
        assert stored.status is Status.ACTIVE
