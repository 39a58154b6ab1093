"""A fetcher that may go to loopback, names of the tests' own, and an authority for TLS."""

from collections.abc import Callable, Sequence

import pytest

from app.outbound.addresses import Reach, networks_of
from app.outbound.fetcher import Fetcher, Limits
from tests.builders import FrozenClock
from tests.web_host import Authority, make_authority

LOCAL = Reach(networks_of(("127.0.0.0/8",)), http_on_loopback=True)

Fetchers = Callable[..., Fetcher]


class Names:
    """A resolver: each name's answers in turn, the last one for ever. ``asked`` counts."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name.replace("_", "."): list(found) for name, found in answers.items()}
        self.asked = 0

    async def addresses(self, host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        found = self.answers.get(host, [[host]])
        return found.pop(0) if len(found) > 1 else found[0]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def fetcher(clock: FrozenClock, authority: Authority) -> Fetchers:
    """Return what makes a fetcher that trusts the authority and may go to loopback."""

    def make(
        reach: Reach = LOCAL, names: Names | None = None, limits: Limits | None = None
    ) -> Fetcher:
        return Fetcher(reach, clock, limits=limits, resolver=names or Names(), tls=authority.client)

    return make
