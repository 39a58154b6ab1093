"""RFC 9470 §3: a protected resource asks for a stronger or a fresher sign-in."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import NOW, DpopKey
from tests.protected_api import Api, challenged, serving

pytestmark = pytest.mark.rfc("9470", "3")


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as api:
        yield api


def strong(api: Api, key: DpopKey, **changes: object) -> str:
    """Return a token of a sign-in that /payments takes, but for the changes."""
    return api.token(key, **{"acr": "mfa", "auth_time": int(NOW) - 60, **changes})


async def test_a_sign_in_that_is_strong_and_fresh_enough_is_taken(api: Api, key: DpopKey) -> None:
    response = await api.get(key, path="/payments", token=strong(api, key))
    assert response.status_code == 200
    assert response.json() == "zoe"


@pytest.mark.parametrize("acr", [None, "pwd", "mfa2", "MFA"])
async def test_a_sign_in_by_a_weaker_way_is_told_which_to_use(
    api: Api, key: DpopKey, acr: str | None
) -> None:
    response = await api.get(key, path="/payments", token=strong(api, key, acr=acr))
    parameters = challenged(response, "insufficient_user_authentication")
    assert parameters["acr_values"] == "mfa"
    assert parameters["max_age"] == "60"


@pytest.mark.parametrize("auth_time", [None, int(NOW) - 71])
async def test_a_sign_in_too_long_ago_is_told_how_old_it_may_be(
    api: Api, key: DpopKey, auth_time: int | None
) -> None:
    response = await api.get(key, path="/payments", token=strong(api, key, auth_time=auth_time))
    parameters = challenged(response, "insufficient_user_authentication")
    assert parameters["max_age"] == "60"


async def test_where_no_strength_is_asked_for_any_sign_in_will_do(api: Api, key: DpopKey) -> None:
    response = await api.get(key, token=strong(api, key, acr=None, auth_time=None))
    assert response.status_code == 200
