"""RFC 9449 §7 and §9: what a protected resource behind the guard takes, and how it refuses."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import DpopKey
from tests.protected_api import Api, challenged, serving


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving(nonce="auto") as api:
        yield api


class TestSchemeDpop:
    """§7.1: the DPoP authentication scheme."""

    @pytest.mark.rfc("9449", "7.1")
    async def test_a_bound_token_with_a_proof_by_its_key_opens_the_resource(
        self, api: Api, key: DpopKey
    ) -> None:
        response = await api.get(key)
        assert response.status_code == 200, response.text
        assert response.json() == {"subject": "zoe", "client": "spa", "jkt": key.jkt}
        assert "dpop-nonce" not in response.headers

    @pytest.mark.rfc("9449", "7.1")
    async def test_a_request_without_a_token_is_told_the_scheme_and_the_algorithms(
        self, api: Api, key: DpopKey
    ) -> None:
        parameters = challenged(await api.get(key, headers=[]), None)
        assert parameters == {"algs": "ES256 PS256"}
