from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.storage.engine import Limits, make_engine
from app.storage.models import Base
from app.storage.standalone import StandaloneKeys
from app.storage.transactions import Transactions
from app.tokens.keyring import Keyring
from app.tokens.lifecycle import KeyLifecycle
from app.tokens.sealing import Sealer
from tests.builders import FrozenClock

SECRET = b"the deployment's secret, 32 bytes or more"
OTHER_SECRET = b"another deployment's secret, 32 bytes or more"
MAX_AGE = 600
LONGEST = 3600


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A database of its own, with one connection that waits 50 ms for its turn."""
    engine = make_engine(f"sqlite:///{tmp_path}/keys.db", Limits(pool_size=1, pool_timeout=5))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> StandaloneKeys:
    return StandaloneKeys(Transactions(engine, turn_timeout=5))


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(SECRET)


@pytest.fixture
async def lifecycle(store: StandaloneKeys, sealer: Sealer, clock: FrozenClock) -> KeyLifecycle:
    """The keys of a server that has started: one active, one next."""
    lifecycle = KeyLifecycle(store, sealer, clock, jwks_max_age=MAX_AGE)
    await lifecycle.ensure()
    return lifecycle


@pytest.fixture
async def keyring(
    lifecycle: KeyLifecycle, store: StandaloneKeys, sealer: Sealer, clock: FrozenClock
) -> Keyring:
    await lifecycle.ensure()
    keyring = Keyring(store, sealer, clock, longest_token_lifetime=LONGEST)
    await keyring.refresh()
    return keyring
