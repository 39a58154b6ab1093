"""Fixtures of the token endpoint's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builders import DpopKey

from .token_server import TokenServer


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TokenServer]:
    """Return a token endpoint with fresh stores."""
    server = await TokenServer.start(tmp_path)
    yield server
    await server.database.close()


@pytest.fixture(scope="session")
def key() -> DpopKey:
    """Return the client's key."""
    return DpopKey()


@pytest.fixture(scope="session")
def other_key() -> DpopKey:
    """Return a key that is not the client's."""
    return DpopKey()
