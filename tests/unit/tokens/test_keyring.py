import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.oauth.errors import TemporarilyUnavailable
from app.storage.standalone import StandaloneKeys
from app.tokens.errors import KeyUnreadable
from app.tokens.keyring import BLIND_LIMIT, Keyring
from app.tokens.lifecycle import KeyLifecycle
from app.tokens.ports import KeyState
from app.tokens.sealing import Sealer
from app.tokens.signing_key import SigningKey
from tests.builders import FrozenClock

from .conftest import LONGEST, MAX_AGE, OTHER_SECRET


def published(keyring: Keyring) -> list[object]:
    return [jwk["kid"] for jwk in keyring.jwks()["keys"]]


async def test_a_keyring_that_read_nothing_yet_signs_nothing(
    store: StandaloneKeys, sealer: Sealer, clock: FrozenClock
) -> None:
    keyring = Keyring(store, sealer, clock, longest_token_lifetime=LONGEST)
    with pytest.raises(TemporarilyUnavailable, match="no signing key is active"):
        keyring.active()
    assert keyring.jwks() == {"keys": []}


async def test_the_key_set_shows_the_active_key_and_the_next_one(
    keyring: Keyring, store: StandaloneKeys
) -> None:
    states = {row.kid: row.state for row in await store.list()}
    assert sorted(states.values()) == ["active", "next"]
    assert set(published(keyring)) == set(states)
    assert states[keyring.active().kid] == KeyState.ACTIVE


@pytest.mark.rfc("7517", "4")
async def test_a_published_key_has_kid_alg_and_use_and_no_private_member(keyring: Keyring) -> None:
    for jwk in keyring.jwks()["keys"]:
        assert jwk.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
        assert (jwk["alg"], jwk["use"]) == ("ES256", "sig")


async def test_a_kid_is_the_key_s_thumbprint() -> None:
    key = SigningKey.generate("ES256")
    assert key.kid == SigningKey.load("other", "ES256", key.private_jwk)._key.thumbprint()


async def test_a_rotation_elsewhere_is_followed_at_the_next_refresh(
    keyring: Keyring, lifecycle: KeyLifecycle
) -> None:
    before = keyring.active().kid
    kid = await lifecycle.rotate(now=True)
    assert keyring.active().kid == before
    await keyring.refresh()
    assert keyring.active().kid == kid != before


async def test_a_retired_key_stays_published_until_what_it_signed_has_expired(
    keyring: Keyring, lifecycle: KeyLifecycle, clock: FrozenClock
) -> None:
    retired = keyring.active().kid
    await lifecycle.rotate(now=True)
    await keyring.refresh()
    clock.advance(LONGEST + BLIND_LIMIT - 1)
    assert retired in published(keyring)
    clock.advance(1)
    assert retired not in published(keyring)
    assert len(published(keyring)) == 2


async def test_a_revoked_key_is_not_published_any_more(
    keyring: Keyring, lifecycle: KeyLifecycle
) -> None:
    revoked = keyring.active().kid
    await lifecycle.revoke(revoked)
    await keyring.refresh()
    assert revoked not in published(keyring)
    assert keyring.active().kid != revoked


@pytest.mark.usefixtures("lifecycle")
async def test_the_wrong_secret_is_told_at_start(store: StandaloneKeys, clock: FrozenClock) -> None:
    other = Keyring(store, Sealer(OTHER_SECRET), clock, longest_token_lifetime=LONGEST)
    with pytest.raises(KeyUnreadable, match="set the secret it was sealed with"):
        await other.refresh()
    with pytest.raises(TemporarilyUnavailable):
        other.active()


async def test_a_next_key_that_does_not_open_disturbs_neither_signing_nor_publishing(
    keyring: Keyring, store: StandaloneKeys, clock: FrozenClock
) -> None:
    active = keyring.active().kid
    stranger = SigningKey.generate("ES256")
    await store.add(
        kid=stranger.kid,
        alg="ES256",
        state=KeyState.NEXT,
        public_jwk='{"kid": "stranger"}',
        sealed_private_jwk=Sealer(OTHER_SECRET).seal(stranger.kid, stranger.private_jwk),
        at=clock.now(),
    )
    with pytest.raises(KeyUnreadable, match=stranger.kid):
        await keyring.refresh()
    assert keyring.active().kid == active
    assert "stranger" in published(keyring)


async def test_a_key_opened_once_stays_open_when_it_is_sealed_with_a_newer_secret(
    keyring: Keyring, store: StandaloneKeys, sealer: Sealer
) -> None:
    newer = Sealer(OTHER_SECRET)
    active = keyring.active()
    for row in await store.list():
        private_jwk = sealer.open(row.kid, row.sealed_private_jwk)
        await store.reseal(row.kid, newer.seal(row.kid, private_jwk))
    await keyring.refresh()
    assert keyring.active() is active


async def test_the_keys_are_used_for_a_while_when_the_store_does_not_answer(
    keyring: Keyring, engine: AsyncEngine, clock: FrozenClock
) -> None:
    active = keyring.active()
    async with engine.connect():  # the only one
        with pytest.raises(TemporarilyUnavailable):
            await keyring.refresh()
        clock.advance(BLIND_LIMIT)
        assert keyring.active() is active


async def test_no_key_is_used_that_may_long_have_been_revoked(
    keyring: Keyring, engine: AsyncEngine, clock: FrozenClock
) -> None:
    active = keyring.active()
    async with engine.connect():
        for _ in range(2):
            with pytest.raises(TemporarilyUnavailable):
                await keyring.refresh()
            clock.advance(BLIND_LIMIT)
        with pytest.raises(TemporarilyUnavailable, match="does not answer"):
            keyring.active()
    await keyring.refresh()
    assert keyring.active() is active


async def test_a_planned_rotation_leaves_no_key_set_without_the_key_in_use(
    keyring: Keyring, lifecycle: KeyLifecycle, clock: FrozenClock
) -> None:
    cached = published(keyring)  # by a resource server, for max-age
    clock.advance(MAX_AGE + 1)
    kid = await lifecycle.rotate()
    await keyring.refresh()
    assert keyring.active().kid == kid
    assert kid in cached
