"""The keys of an issuer elsewhere: when they are read, and what happens while they cannot be."""

import asyncio
from typing import Any

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.dpop.algorithms import ALGORITHMS
from app.guard.issuer import Issuer as IssuerUrl
from app.guard.keys import KeySet
from app.guard.remote_keys import MAX_AGE, PAUSE, STALE_FOR, RemoteKeys
from app.oauth.errors import TemporarilyUnavailable
from tests.builders import DpopKey, FrozenClock
from tests.protected_api import ISSUER, Issuer

from .issuer_site import METADATA, Site

ES256 = ALGORITHMS["ES256"]


@pytest.fixture
def site(key: DpopKey) -> Site:
    return Site(Issuer(key))


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def keys(site: Site, clock: FrozenClock) -> RemoteKeys:
    return site.keys(clock)


async def test_the_keys_are_where_the_metadata_says_and_are_read_once(
    site: Site, keys: RemoteKeys
) -> None:
    assert len((await keys.current()).find("k1", ES256)) == 1
    assert await keys.current() is await keys.current()
    assert site.asked == {METADATA: 1, "/jwks": 1}


async def test_a_jwks_uri_that_is_given_is_asked_alone(site: Site, clock: FrozenClock) -> None:
    keys = site.keys(clock, jwks_uri=ISSUER + "/jwks")
    assert (await keys.current()).find("k1", ES256)
    assert site.asked == {"/jwks": 1}


async def test_those_who_come_at_once_share_one_look(site: Site, keys: RemoteKeys) -> None:
    found = await asyncio.gather(*(keys.current() for _ in range(20)))
    assert len(set(map(id, found))) == 1
    assert site.asked["/jwks"] == 1


async def test_a_caller_who_gives_up_does_not_end_the_look_of_the_others(
    site: Site, keys: RemoteKeys
) -> None:
    first = asyncio.create_task(keys.current())
    second = asyncio.create_task(keys.current())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).find("k1", ES256)
    assert site.asked["/jwks"] == 1


async def test_keys_that_are_old_are_read_again_and_the_same_ones_stay_the_same(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    before = await keys.current()
    clock.advance(MAX_AGE)
    assert await keys.current() is before
    assert site.asked["/jwks"] == 2
    site.issuer.kid = "k2"
    clock.advance(MAX_AGE)
    assert not (await keys.current()).find("k1", ES256)


async def test_an_unknown_kid_brings_the_new_keys_at_once(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    before = await keys.current()
    site.issuer.kid = "k2"
    clock.advance(PAUSE)
    after = await keys.renewed(before)
    assert after.find("k2", ES256)
    assert await keys.current() is after


async def test_made_up_kids_make_nobody_ask_more_often(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    seen = await keys.current()
    for _ in range(100):
        seen = await keys.renewed(seen)
        clock.advance(PAUSE / 10)
    assert site.asked["/jwks"] <= 11


async def test_the_keys_that_another_request_brought_are_taken_without_another_look(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    before = await keys.current()
    site.issuer.kid = "k2"
    clock.advance(PAUSE)
    after = await keys.renewed(before)
    clock.advance(PAUSE)
    assert await keys.renewed(before) is after
    assert site.asked["/jwks"] == 2


async def test_while_the_issuer_is_down_the_keys_are_good_for_a_time_and_no_longer(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    before = await keys.current()
    site.is_down = True
    clock.advance(MAX_AGE + STALE_FOR - 1)
    assert await keys.current() is before
    clock.advance(1)
    with pytest.raises(TemporarilyUnavailable) as raised:
        await keys.current()
    assert raised.value.retry_after > 0


async def test_while_the_issuer_is_down_it_is_asked_no_more_than_once_a_pause(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    await keys.current()
    site.is_down = True
    clock.advance(MAX_AGE)
    for _ in range(10):
        await keys.current()
    assert site.asked[METADATA] == 2


async def test_while_the_issuer_is_down_nobody_can_say_whether_a_kid_is_new(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    before = await keys.current()
    site.is_down = True
    clock.advance(PAUSE)
    with pytest.raises(TemporarilyUnavailable):
        await keys.renewed(before)


async def test_once_the_issuer_is_back_all_is_well(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    site.is_down = True
    for _ in range(2):
        with pytest.raises(TemporarilyUnavailable):
            await keys.current()
    site.is_down = False
    clock.advance(PAUSE)
    assert (await keys.current()).find("k1", ES256)


async def test_a_clock_that_was_set_back_makes_nothing_fresh(
    site: Site, keys: RemoteKeys, clock: FrozenClock
) -> None:
    await keys.current()
    clock.advance(-86_400)
    await keys.current()
    assert site.asked["/jwks"] == 2


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (METADATA, JSONResponse({"issuer": ISSUER + "/", "jwks_uri": ISSUER + "/jwks"})),
        (METADATA, JSONResponse({"issuer": ISSUER})),
        (METADATA, JSONResponse({"issuer": ISSUER, "jwks_uri": "http://as.example/jwks"})),
        (METADATA, JSONResponse({"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"})),
        (METADATA, JSONResponse({"issuer": ISSUER, "jwks_uri": 7})),
        (METADATA, JSONResponse([])),
        (METADATA, RedirectResponse(ISSUER + "/elsewhere")),
        ("/jwks", RedirectResponse(METADATA)),
        ("/jwks", JSONResponse({})),
        ("/jwks", JSONResponse({"keys": {}})),
        ("/jwks", Response("<html>", 200)),
        ("/jwks", Response("{}", 500)),
        ("/jwks", Response("[" * 100_000, 200)),
        ("/jwks", Response(b" " * 300_000 + b'{"keys": []}', 200)),
    ],
)
async def test_an_answer_that_is_none_is_not_believed_and_the_keys_stay(
    site: Site, keys: RemoteKeys, clock: FrozenClock, path: str, answer: Response
) -> None:
    before = await keys.current()
    site.answers[path] = answer
    clock.advance(MAX_AGE)
    assert await keys.current() is before
    clock.advance(STALE_FOR)
    with pytest.raises(TemporarilyUnavailable):
        await keys.current()


@pytest.mark.parametrize(
    "issuer", ["http://as.example", "as.example", "", "ftp://as.example", "http://127.0.0.1.x"]
)
def test_an_issuer_is_https_or_on_this_machine(issuer: str) -> None:
    with pytest.raises(ValueError, match="https"):
        IssuerUrl(issuer)


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://as.example", "https://as.example" + METADATA),
        ("https://as.example/one", "https://as.example" + METADATA + "/one"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000" + METADATA),
    ],
)
def test_the_metadata_is_at_the_well_known_path(issuer: str, url: str) -> None:
    assert IssuerUrl(issuer).metadata_url == url


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC2"},
        {"crv": "P-384"},
        {"x": "AAAA"},
        {"d": "AAAA"},
        {"kid": "k2"},
    ],
)
def test_a_key_that_is_not_meant_for_it_verifies_nothing(
    key: DpopKey, changes: dict[str, Any]
) -> None:
    good = {**key.public_jwk, "kid": "k1"}
    assert KeySet({"keys": [good]}).find("k1", ES256)
    assert not KeySet({"keys": [{**good, **changes}]}).find("k1", ES256)


def test_what_is_no_key_is_passed_over(key: DpopKey) -> None:
    good = {**key.public_jwk, "kid": "k1"}
    assert len(KeySet({"keys": [None, 1, [], {}, good]}).find("k1", ES256)) == 1
