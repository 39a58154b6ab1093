"""The guard for code that does not await."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.guard import BlockingGuard, Guard, Refusal, Requirement
from tests.builders import DpopKey, FrozenClock, s256
from tests.protected_api import API, Issuer, guard_of

ISSUED = Issuer()


@pytest.fixture
def blocking() -> Iterator[BlockingGuard]:
    guard = BlockingGuard.of(guard_of(ISSUED, FrozenClock(), nonce="auto"))
    yield guard
    guard.close()


def signed(key: DpopKey) -> list[tuple[str, str]]:
    token = ISSUED.token(key)
    proof = key.proof(htm="GET", htu=API + "/x", ath=s256(token))
    return [("Authorization", f"DPoP {token}"), ("DPoP", proof)]


def test_it_admits_and_refuses_as_the_guard_does(blocking: BlockingGuard, key: DpopKey) -> None:
    assert blocking.check("GET", "/x?y=1", signed(key)).principal.subject == "zoe"
    with pytest.raises(Refusal) as refused:
        blocking.check("GET", "/x", [])
    assert refused.value.status == 401
    with pytest.raises(Refusal) as refused:
        blocking.check("GET", "/x", signed(key), Requirement.of("admin"))
    assert refused.value.status == 403


def test_of_many_threads_with_one_proof_one_passes(blocking: BlockingGuard, key: DpopKey) -> None:
    fields = signed(key)

    def passes(_: int) -> bool:
        try:
            return bool(blocking.check("GET", "/x", fields))
        except Refusal:
            return False

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(passes, range(16))) == 1


def test_the_guard_may_be_made_where_it_runs(key: DpopKey) -> None:
    async def make() -> Guard:
        return guard_of(ISSUED, FrozenClock(), nonce="auto")

    blocking = BlockingGuard(make)
    assert blocking.check("GET", "/x", signed(key)).principal.client_id == "spa"
    blocking.close()
