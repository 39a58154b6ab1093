"""Fixtures that any test may ask for. Every test has a server, stores and a clock of its own."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.builders import DpopKey
from tests.harness import Server, listening, make_template, running
from tests.npm_packages import Npm, install
from tests.pantry import Pantry
from tests.servers import ServerMissing, missing, told_in_one_line
from tests.wheels import build

Start = Callable[..., Awaitable[Server]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let every test that is left out for the same want be one line of the summary."""
    report = yield
    return told_in_one_line(report, call)


@pytest.fixture(scope="session", autouse=True)
def _settings_of_nobody() -> None:
    """Forget the settings of the shell that the tests were started from."""
    for name in [name for name in os.environ if name.startswith("HOLDFAST_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory to copy: migrated once, its clients and keys in place."""
    directory = tmp_path_factory.mktemp("template") / "data"
    asyncio.run(make_template(directory))
    return directory


@pytest.fixture(scope="session")
def npm() -> Npm:
    """Return what the tests use of the npm registry, installed."""
    try:
        return install()
    except ServerMissing as error:
        missing(error)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the wheels of holdfast-client and holdfast-guard, by their parts."""
    return build(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def pantry(npm: Npm, published: dict[str, Path]) -> Pantry:
    """Return what the examples of the documentation are made with."""
    return Pantry(npm, published)


@pytest.fixture(autouse=True)
async def _connections_end() -> AsyncIterator[None]:
    """Keep the event loop until every SQLite connection of the test has ended.

    aiosqlite does not wait for the thread of a connection that could not be opened, and that thread
    answers a loop that may be closed by then.
    """
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name.endswith("(_connection_worker_thread)"):
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive(), "a connection was not closed"


@pytest.fixture
async def start(template: Path, tmp_path: Path) -> AsyncIterator[Start]:
    """Return what starts a server without a network, with the settings given.

    ``await start(dpop_nonce="required")``: each on a new data directory, all until the test ends.
    """
    async with AsyncExitStack() as stack:
        started = 0

        async def start(**settings: Any) -> Server:
            nonlocal started
            started += 1
            data_dir = tmp_path / f"data-{started}"
            return await stack.enter_async_context(running(data_dir, template=template, **settings))

        yield start


@pytest.fixture
async def server(start: Start) -> Server:
    """Return a server with the default settings, called without a network."""
    return await start()


@pytest.fixture
async def listening_server(template: Path, tmp_path: Path) -> AsyncIterator[Server]:
    """Return a server behind uvicorn, on a free port of loopback, in this event loop."""
    async with listening(tmp_path / "data", template=template) as server:
        yield server


@pytest.fixture(scope="session")
def key() -> DpopKey:
    """Return the client's DPoP key."""
    return DpopKey()


@pytest.fixture(scope="session")
def other_key() -> DpopKey:
    """Return a DPoP key that is not the client's."""
    return DpopKey()
