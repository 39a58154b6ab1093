"""RFC 6750 §2 and §3: how a token is presented to the guard, and how it refuses."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.guard import Refusal
from tests.builders import NOW, DpopKey, FrozenClock
from tests.protected_api import (
    API,
    Api,
    Issuer,
    challenge_of,
    challenged,
    guard_of,
    serving,
)

DESCRIPTION = "error_description"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as api:
        yield api


class TestPresenting:
    """§2: one token, in the Authorization header field."""

    @pytest.mark.rfc("6750", "2.2")
    async def test_a_token_in_the_body_is_no_token(self, api: Api, key: DpopKey) -> None:
        token = api.token(key)
        response = await api.http.post(
            "/notes",
            data={"access_token": token},
            headers={"DPoP": api.proof(key, token, htm="POST")},
        )
        challenged(response, None)

    @pytest.mark.rfc("6750", "2.3")
    @pytest.mark.parametrize("name", ["access_token", "%61ccess%5Ftoken"])
    async def test_a_token_in_the_query_is_refused(self, api: Api, key: DpopKey, name: str) -> None:
        token = api.token(key)
        path = f"/notes?page=1&{name}={token}"
        for headers in (None, [("DPoP", api.proof(key, token))]):
            response = await api.get(key, path=path, token=token, headers=headers)
            challenged(response, "invalid_request", status=400)
            assert token not in response.text

    @pytest.mark.rfc("6750", "2.1")
    async def test_two_authorization_fields_are_refused(self, api: Api, key: DpopKey) -> None:
        token = api.token(key)
        fields = [("Authorization", f"DPoP {token}"), ("Authorization", f"DPoP {token}")]
        response = await api.get(key, headers=[*fields, ("DPoP", api.proof(key, token))])
        challenged(response, "invalid_request", status=400)

    @pytest.mark.rfc("6750", "2.1")
    @pytest.mark.parametrize(
        "value",
        [
            "DPoP",
            "DPoP ",
            "DPoP {token}, DPoP {token}",
            "DPoP {token},{token}",
            "DPoP {token} {token}",
            "DPoP\t{token}",
            "DPoP token={token}",
            'DPoP "{token}"',
            "DPoP ===",
            "Bearer",
            "DPoP \u00e9",
        ],
    )
    async def test_what_is_not_one_token_is_refused(
        self, api: Api, key: DpopKey, value: str
    ) -> None:
        token = api.token(key)
        fields = [("Authorization", value.format(token=token)), ("DPoP", api.proof(key, token))]
        response = await api.get(key, headers=fields)
        error = None if value.startswith("DPoP\t") else "invalid_request"
        challenged(response, error, status=400 if error else 401)

    @pytest.mark.rfc("6750", "2.1")
    async def test_a_token_longer_than_any_is_refused(self, api: Api, key: DpopKey) -> None:
        response = await api.get(key, token="a" * 20_000)
        challenged(response, "invalid_request", status=400)


class TestRefusing:
    """§3: the WWW-Authenticate response header field."""

    @pytest.mark.rfc("6750", "3")
    async def test_a_refusal_for_want_of_a_token_has_one_challenge(
        self, api: Api, key: DpopKey
    ) -> None:
        response = await api.get(key, headers=[])
        assert response.status_code == 401
        assert len(response.headers.get_list("www-authenticate")) == 1

    @pytest.mark.rfc("6750", "3.1")
    @pytest.mark.parametrize(
        "fields",
        [
            [],
            [("Authorization", "")],
            [("Authorization", "Basic c3BhOg==")],
            [("Authorization", "Negotiate abc")],
            [("DPoP", "a.b.c")],
        ],
    )
    async def test_a_request_without_a_token_is_told_no_error(
        self, api: Api, key: DpopKey, fields: list[tuple[str, str]]
    ) -> None:
        parameters = challenged(await api.get(key, headers=fields), None)
        assert parameters.keys() == {"algs"}

    @pytest.mark.rfc("6750", "3.1")
    async def test_a_bad_token_is_refused_with_401_and_invalid_token(
        self, api: Api, key: DpopKey
    ) -> None:
        response = await api.get(key, token=api.token(key, exp=int(NOW) - 30))
        parameters = challenged(response, "invalid_token")
        assert parameters[DESCRIPTION] == "the access token expired 30 s ago"
        assert response.json()["detail"][DESCRIPTION] == parameters[DESCRIPTION]

    @pytest.mark.rfc("6750", "3.1")
    async def test_a_token_that_grants_less_is_refused_with_403_and_the_scope_it_takes(
        self, api: Api, key: DpopKey
    ) -> None:
        response = await api.get(key, method="POST")
        parameters = challenged(response, "insufficient_scope", status=403)
        assert parameters["scope"] == "notes:read notes:write"
        assert parameters[DESCRIPTION] == "the access token lacks the scope 'notes:write'"

    @pytest.mark.rfc("6750", "3.1")
    async def test_all_scopes_are_needed_and_no_part_of_a_name_will_do(
        self, api: Api, key: DpopKey
    ) -> None:
        for scope, status in [
            ("notes:read notes:write", 201),
            ("notes:write notes:read more", 201),
            ("notes:write", 403),
            ("notes:read:notes:write", 403),
            ("NOTES:READ NOTES:WRITE", 403),
            (None, 403),
        ]:
            token = api.token(key, scope=scope)
            response = await api.get(key, method="POST", token=token)
            assert response.status_code == status, scope

    @pytest.mark.rfc("6750", "3")
    async def test_no_value_of_a_request_can_end_the_quoted_string(
        self, api: Api, key: DpopKey
    ) -> None:
        token = api.token(key)
        proof = api.proof(key, token, htm='GET", error="none\r\nX: y\u00e9')
        response = await api.get(key, token=token, proof=proof)
        parameters = challenged(response, "invalid_dpop_proof", check="htm")
        assert "GET', error='none" in parameters[DESCRIPTION]
        assert "x" not in response.headers

    @pytest.mark.rfc("6750", "3")
    async def test_a_refusal_is_not_cached(self, api: Api, key: DpopKey) -> None:
        assert (await api.get(key, headers=[])).headers["cache-control"] == "no-store"

    @pytest.mark.rfc("6750", "3")
    async def test_where_bearer_is_taken_too_it_is_offered_too(self, key: DpopKey) -> None:
        async with serving(allow_bearer=True) as api:
            response = await api.get(key, headers=[])
            assert challenge_of(response, "DPoP") == {"algs": "ES256 PS256"}
            assert challenge_of(response, "Bearer") == {}


PIECES = st.sampled_from(
    ["DPoP", "Bearer", " ", "\t", ",", ".", "=", "eyJhbGciOiJFUzI1NiJ9", "e30", '"', "\x00", "\xff"]
)
VALUES = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=40)


@given(
    fields=st.lists(
        st.tuples(st.sampled_from(["Authorization", "DPoP", "authorization"]), VALUES), max_size=4
    ),
    target=VALUES,
    method=st.text(max_size=8),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_no_input_is_more_than_a_refusal(
    fields: list[tuple[str, str]], target: str, method: str
) -> None:
    guard = guard_of(Issuer(SIGNER), FrozenClock(), nonce="auto")
    with pytest.raises(Refusal) as refused:
        await guard.check(method, target, fields)
    assert refused.value.status in {400, 401}
    refused.value.headers["WWW-Authenticate"].encode("ascii")


SIGNER = DpopKey()


async def test_a_whole_url_may_stand_for_its_path(key: DpopKey) -> None:
    async with serving() as api:
        for target in ("https://evil.example/notes?x=1", "/notes", "notes"):
            token = api.token(key)
            fields = [("authorization", f"DPoP {token}"), ("dpop", api.proof(key, token))]
            admitted = await api.guard.check("GET", target, fields)
            assert admitted.principal.subject == "zoe"
            assert API not in admitted.headers
