"""Managing the signing keys in a real database: each change one transaction with its events."""

import pytest

from app.management.keys import KeyManagement
from app.management.views import key_view
from app.storage.database import SqlDatabase
from app.telemetry.audit import EventKind
from app.tokens.errors import KeyChanged, KeyUnreadable, RotationTooEarly
from app.tokens.ports import KeyState
from app.tokens.sealing import Sealer
from tests.builders import FrozenClock
from tests.unit.management.conftest import (
    ACTOR,
    JWKS_MAX_AGE,
    SECRET,
    audit,
    key_management,
)


async def states(keys: KeyManagement) -> dict[str, str]:
    return {key.kid: key.state for key in await keys.list()}


async def kid_of(keys: KeyManagement, state: KeyState) -> str:
    return next(kid for kid, found in (await states(keys)).items() if found == state)


async def test_a_view_of_a_key_has_no_private_half(keys: KeyManagement) -> None:
    await keys.ensure()
    for key in await keys.list():
        assert key.sealed_private_jwk not in str(key_view(key))


async def test_rotation_lets_the_next_key_sign(keys: KeyManagement, clock: FrozenClock) -> None:
    await keys.ensure()
    old, new = await kid_of(keys, KeyState.ACTIVE), await kid_of(keys, KeyState.NEXT)
    clock.advance(JWKS_MAX_AGE + 2)
    assert await keys.rotate() == new
    assert (await states(keys))[old] == KeyState.RETIRED
    assert (await states(keys))[new] == KeyState.ACTIVE


async def test_a_rotation_that_comes_too_early_changes_nothing(
    keys: KeyManagement, database: SqlDatabase
) -> None:
    await keys.ensure()
    before, told = await states(keys), len(await audit(database))
    with pytest.raises(RotationTooEarly):
        await keys.rotate()
    assert await states(keys) == before
    assert len(await audit(database)) == told


async def test_revoking_the_active_key_activates_the_next_in_the_same_transaction(
    keys: KeyManagement, database: SqlDatabase
) -> None:
    await keys.ensure()
    old, new = await kid_of(keys, KeyState.ACTIVE), await kid_of(keys, KeyState.NEXT)
    told = len(await audit(database))
    await keys.revoke(old)
    assert (await states(keys))[old] == KeyState.REVOKED
    assert (await states(keys))[new] == KeyState.ACTIVE
    events = [(each.kind, each.details["kid"]) for each in (await audit(database))[told:]]
    assert (EventKind.KEY_REVOKED, old) in events
    assert (EventKind.KEY_ACTIVATED, new) in events
    assert (EventKind.KEY_CREATED, await kid_of(keys, KeyState.NEXT)) in events


async def test_an_unknown_key_cannot_be_revoked(keys: KeyManagement) -> None:
    await keys.ensure()
    with pytest.raises(KeyChanged, match="nobody"):
        await keys.revoke("nobody")


async def test_reencryption_makes_the_previous_secret_needless(
    database: SqlDatabase, clock: FrozenClock, keys: KeyManagement
) -> None:
    await keys.ensure()
    new = b"n" * 32
    with pytest.raises(KeyUnreadable):
        await key_management(database, clock, Sealer(new)).reencrypt()
    assert await key_management(database, clock, Sealer(new, SECRET)).reencrypt() == 2
    assert await key_management(database, clock, Sealer(new)).reencrypt() == 2
    last = (await audit(database))[-1]
    assert (last.kind, last.details) == (
        EventKind.KEY_REENCRYPTED,
        {"actor": ACTOR, "keys": "2"},
    )
