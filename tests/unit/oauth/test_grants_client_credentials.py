"""The client credentials grant, RFC 6749 §4.4."""

import pytest

from app.oauth.errors import UnauthorizedClient
from tests.builders import DpopKey

from .token_server import CONFIDENTIAL, PUBLIC, SECRET, TokenServer, basic, claims_of, form

REQUEST = form(grant_type="client_credentials")
WEB = basic(CONFIDENTIAL.client_id, SECRET)


@pytest.mark.rfc("6749", "4.4.3")
async def test_there_is_no_refresh_token(server: TokenServer, key: DpopKey) -> None:
    response = await server.post(REQUEST, key, authorization=WEB)
    assert response.refresh_token is None


@pytest.mark.rfc("9068", "2.2")
async def test_the_subject_is_the_client(server: TokenServer, key: DpopKey) -> None:
    response = await server.post(REQUEST, key, authorization=WEB)
    claims = claims_of(response.access_token)
    assert (claims["sub"], claims["client_id"]) == (CONFIDENTIAL.client_id, CONFIDENTIAL.client_id)
    assert "family_id" not in claims
    assert "auth_time" not in claims


@pytest.mark.rfc("6749", "4.4")
async def test_a_public_client_is_unauthorized_even_if_registered_for_it(
    server: TokenServer, key: DpopKey
) -> None:
    await server.change(PUBLIC, grant_types=frozenset({"client_credentials"}))
    with pytest.raises(UnauthorizedClient, match="authenticate"):
        await server.post(form(grant_type="client_credentials", client_id="spa"), key)
