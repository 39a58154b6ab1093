import asyncio
from pathlib import Path

import pytest

from app.storage.engine import Limits, make_engine
from app.storage.models import Base
from app.storage.standalone import StandaloneKeys
from app.storage.transactions import Transactions
from app.tokens.errors import KeyChanged, KeyUnreadable, RotationTooEarly
from app.tokens.keyring import Keyring
from app.tokens.lifecycle import KeyLifecycle
from app.tokens.ports import KeyState
from app.tokens.sealing import Sealer
from tests.builders import FrozenClock

from .conftest import LONGEST, MAX_AGE, OTHER_SECRET, SECRET


async def kids(store: StandaloneKeys, state: KeyState) -> list[str]:
    return [row.kid for row in await store.list() if row.state == state]


async def only(store: StandaloneKeys, state: KeyState) -> str:
    [kid] = await kids(store, state)
    return kid


@pytest.mark.usefixtures("lifecycle")
async def test_a_first_start_makes_one_active_key_and_one_next(store: StandaloneKeys) -> None:
    assert await only(store, KeyState.ACTIVE) != await only(store, KeyState.NEXT)
    assert {row.alg for row in await store.list()} == {"ES256"}


async def test_a_later_start_changes_nothing(
    lifecycle: KeyLifecycle, store: StandaloneKeys
) -> None:
    before = await store.list()
    await lifecycle.ensure()
    assert await store.list() == before


async def test_a_start_without_an_active_key_takes_the_next_one(
    lifecycle: KeyLifecycle, store: StandaloneKeys, clock: FrozenClock
) -> None:
    await store.revoke(await only(store, KeyState.ACTIVE), clock.now())
    waiting = await only(store, KeyState.NEXT)
    await lifecycle.ensure()
    assert await only(store, KeyState.ACTIVE) == waiting
    assert await only(store, KeyState.NEXT) != waiting


async def test_replicas_that_start_at_once_sign_with_the_same_key(
    tmp_path: Path, sealer: Sealer, clock: FrozenClock
) -> None:
    engines = [make_engine(f"sqlite:///{tmp_path}/shared.db", Limits()) for _ in range(6)]
    async with engines[0].begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    stores = [StandaloneKeys(Transactions(engine, turn_timeout=5)) for engine in engines]
    lives = [KeyLifecycle(store, sealer, clock, jwks_max_age=MAX_AGE) for store in stores]
    rings = [Keyring(store, sealer, clock, longest_token_lifetime=LONGEST) for store in stores]
    await asyncio.gather(*(life.ensure() for life in lives))
    await asyncio.gather(*(ring.refresh() for ring in rings))
    assert {ring.active().kid for ring in rings} == {await only(stores[0], KeyState.ACTIVE)}
    assert await kids(stores[0], KeyState.NEXT)
    for engine in engines:
        await engine.dispose()


async def test_a_next_key_signs_only_once_everybody_can_know_it(
    lifecycle: KeyLifecycle, store: StandaloneKeys, clock: FrozenClock
) -> None:
    waiting = await only(store, KeyState.NEXT)
    clock.advance(MAX_AGE)
    with pytest.raises(RotationTooEarly, match=rf"{waiting} may sign in 1 s") as refused:
        await lifecycle.rotate()
    assert refused.value.seconds == 1
    assert await only(store, KeyState.NEXT) == waiting
    clock.advance(1)
    assert await lifecycle.rotate() == waiting


async def test_a_rotation_retires_the_active_key_and_makes_a_new_next_one(
    lifecycle: KeyLifecycle, store: StandaloneKeys, clock: FrozenClock
) -> None:
    active, waiting = await only(store, KeyState.ACTIVE), await only(store, KeyState.NEXT)
    clock.advance(MAX_AGE + 1)
    await lifecycle.rotate()
    assert await only(store, KeyState.RETIRED) == active
    assert await only(store, KeyState.ACTIVE) == waiting
    assert await only(store, KeyState.NEXT) not in {active, waiting}


async def test_a_key_made_by_a_rotation_waits_its_own_time(
    lifecycle: KeyLifecycle, clock: FrozenClock
) -> None:
    clock.advance(MAX_AGE + 1)
    await lifecycle.rotate()
    with pytest.raises(RotationTooEarly) as refused:
        await lifecycle.rotate()
    assert refused.value.seconds == MAX_AGE + 1


async def test_in_an_emergency_the_next_key_signs_at_once(
    lifecycle: KeyLifecycle, store: StandaloneKeys
) -> None:
    waiting = await only(store, KeyState.NEXT)
    assert await lifecycle.rotate(now=True) == waiting
    assert await only(store, KeyState.ACTIVE) == waiting


async def test_without_a_next_key_a_rotation_makes_one_and_says_how_long_to_wait(
    lifecycle: KeyLifecycle, store: StandaloneKeys, clock: FrozenClock
) -> None:
    await store.revoke(await only(store, KeyState.NEXT), clock.now())
    with pytest.raises(RotationTooEarly) as refused:
        await lifecycle.rotate()
    assert refused.value.kid == await only(store, KeyState.NEXT)


async def test_of_rotations_at_once_one_wins_and_one_key_is_active(
    lifecycle: KeyLifecycle, store: StandaloneKeys, clock: FrozenClock
) -> None:
    clock.advance(MAX_AGE + 1)
    waiting = await only(store, KeyState.NEXT)
    results = await asyncio.gather(*(lifecycle.rotate() for _ in range(4)), return_exceptions=True)
    assert [result for result in results if isinstance(result, str)] == [waiting]
    assert all(isinstance(r, str | KeyChanged | RotationTooEarly) for r in results)
    assert await only(store, KeyState.ACTIVE) == waiting


async def test_revoking_the_active_key_puts_the_next_one_in_its_place(
    lifecycle: KeyLifecycle, store: StandaloneKeys
) -> None:
    active, waiting = await only(store, KeyState.ACTIVE), await only(store, KeyState.NEXT)
    await lifecycle.revoke(active)
    assert await only(store, KeyState.REVOKED) == active
    assert await only(store, KeyState.ACTIVE) == waiting
    assert await kids(store, KeyState.NEXT)


async def test_revoking_the_next_key_makes_another(
    lifecycle: KeyLifecycle, store: StandaloneKeys
) -> None:
    waiting = await only(store, KeyState.NEXT)
    await lifecycle.revoke(waiting)
    assert await only(store, KeyState.REVOKED) == waiting
    assert await only(store, KeyState.NEXT) != waiting


async def test_revoking_a_retired_key_leaves_the_others_alone(
    lifecycle: KeyLifecycle, store: StandaloneKeys
) -> None:
    retired = await only(store, KeyState.ACTIVE)
    active = await lifecycle.rotate(now=True)
    await lifecycle.revoke(retired)
    assert await only(store, KeyState.REVOKED) == retired
    assert await only(store, KeyState.ACTIVE) == active


@pytest.mark.parametrize("times", [0, 1])
async def test_a_key_that_is_unknown_or_revoked_cannot_be_revoked(
    lifecycle: KeyLifecycle, store: StandaloneKeys, times: int
) -> None:
    kid = await only(store, KeyState.NEXT) if times else "unknown"
    for _ in range(times):
        await lifecycle.revoke(kid)
    with pytest.raises(KeyChanged, match=f"there is no key {kid} to revoke"):
        await lifecycle.revoke(kid)


async def test_reencryption_seals_every_key_with_the_current_secret(
    lifecycle: KeyLifecycle, store: StandaloneKeys, clock: FrozenClock
) -> None:
    await lifecycle.rotate(now=True)
    both = Sealer(OTHER_SECRET, SECRET)
    newer = KeyLifecycle(store, both, clock, jwks_max_age=MAX_AGE)
    assert await newer.reencrypt() == 3
    for row in await store.list():
        assert Sealer(OTHER_SECRET).open(row.kid, row.sealed_private_jwk)


@pytest.mark.usefixtures("lifecycle")
async def test_reencryption_without_the_right_secret_changes_nothing(
    store: StandaloneKeys, clock: FrozenClock
) -> None:
    before = await store.list()
    stranger = KeyLifecycle(store, Sealer(OTHER_SECRET), clock, jwks_max_age=MAX_AGE)
    with pytest.raises(KeyUnreadable):
        await stranger.reencrypt()
    assert await store.list() == before


async def test_reencryption_passes_over_a_key_that_will_never_sign_again(
    lifecycle: KeyLifecycle, store: StandaloneKeys, clock: FrozenClock
) -> None:
    for row in await store.list():
        await lifecycle.revoke(row.kid)
    newer = KeyLifecycle(store, Sealer(OTHER_SECRET), clock, jwks_max_age=MAX_AGE)
    for state in (KeyState.NEXT, KeyState.ACTIVE):
        await newer.revoke(await only(store, state))
    assert await newer.reencrypt() == 2


@pytest.mark.parametrize("call", ["ensure", "rotate"])
@pytest.mark.usefixtures("lifecycle")
async def test_the_wrong_secret_adds_no_key_that_others_could_not_open(
    store: StandaloneKeys, clock: FrozenClock, call: str
) -> None:
    before = await store.list()
    clock.advance(MAX_AGE + 1)
    stranger = KeyLifecycle(store, Sealer(OTHER_SECRET), clock, jwks_max_age=MAX_AGE)
    with pytest.raises(KeyUnreadable):
        await getattr(stranger, call)()
    assert await store.list() == before


@pytest.mark.usefixtures("lifecycle")
async def test_when_the_secret_is_lost_the_keys_can_be_given_up_for_new_ones(
    store: StandaloneKeys, clock: FrozenClock
) -> None:
    newer = KeyLifecycle(store, Sealer(OTHER_SECRET), clock, jwks_max_age=MAX_AGE)
    for state in (KeyState.NEXT, KeyState.ACTIVE):
        await newer.revoke(await only(store, state))
    keyring = Keyring(store, Sealer(OTHER_SECRET), clock, longest_token_lifetime=LONGEST)
    await keyring.refresh()
    assert keyring.active().kid == await only(store, KeyState.ACTIVE)


@pytest.mark.rfc("9068", "2.1")
async def test_keys_can_be_made_for_rs256(
    store: StandaloneKeys, sealer: Sealer, clock: FrozenClock
) -> None:
    await KeyLifecycle(store, sealer, clock, jwks_max_age=MAX_AGE, alg="RS256").ensure()
    keyring = Keyring(store, sealer, clock, longest_token_lifetime=LONGEST)
    await keyring.refresh()
    assert keyring.active().alg == "RS256"
    assert {jwk["kty"] for jwk in keyring.jwks()["keys"]} == {"RSA"}


async def test_keys_are_not_made_for_an_algorithm_that_cannot_sign_access_tokens(
    store: StandaloneKeys, sealer: Sealer, clock: FrozenClock
) -> None:
    with pytest.raises(ValueError, match="alg is 'HS256', expected one of ES256, RS256"):
        await KeyLifecycle(store, sealer, clock, jwks_max_age=MAX_AGE, alg="HS256").ensure()
