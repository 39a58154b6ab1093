from collections.abc import Iterator

import pytest

from app.client import DpopKey

from .server import DpopServer, running


@pytest.fixture(scope="session")
def serving() -> Iterator[DpopServer]:
    with running(DpopServer()) as server:
        yield server


@pytest.fixture
def server(serving: DpopServer) -> DpopServer:
    serving.reset()
    return serving


@pytest.fixture(scope="session")
def key() -> DpopKey:
    return DpopKey.generate()
