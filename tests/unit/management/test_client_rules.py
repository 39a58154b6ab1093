"""What a client must keep to: a valid client of each kind, and one thing broken in it."""

import dataclasses
from typing import Any

import pytest

from app.management.client_rules import Policy, check
from app.management.errors import Refused
from app.oauth.client import ApplicationType, AuthMethod, Client, GrantType
from tests.builders import DpopKey

WEB = Client(
    client_id="web",
    client_name="A web server",
    auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    grant_types=frozenset(GrantType),
    redirect_uris=("https://client.example/callback",),
    scopes=frozenset({"read", "write"}),
    allowed_origins=("https://client.example", "https://other.example:8443"),
)


def refusal(client: Client, policy: Policy | None = None, **broken: Any) -> Refused:
    check(client, policy or Policy())
    with pytest.raises(Refused) as refused:
        check(dataclasses.replace(client, **broken), policy or Policy())
    return refused.value


@pytest.mark.parametrize("name", ["", " padded", "two\nlines", "n" * 101])
def test_a_name_is_short_and_printable(name: str) -> None:
    assert refusal(WEB, client_name=name).field == "client_name"


def test_a_grant_type_must_be_one_that_this_server_has() -> None:
    refused = refusal(WEB, grant_types=frozenset({"implicit"}))
    assert refused.field == "grant_types"
    assert "implicit" in refused.sentence


def test_a_client_has_a_grant_type() -> None:
    assert refusal(WEB, grant_types=frozenset()).field == "grant_types"


@pytest.mark.rfc("6749", "4.4")
def test_a_public_client_never_has_client_credentials() -> None:
    refused = refusal(WEB, auth_method=AuthMethod.NONE)
    assert refused.field == "grant_types"
    assert "confidential" in refused.sentence


def test_refresh_tokens_need_the_grant_that_begets_them() -> None:
    grants = frozenset({GrantType.CLIENT_CREDENTIALS, GrantType.REFRESH_TOKEN})
    assert refusal(WEB, grant_types=grants, redirect_uris=()).field == "grant_types"


@pytest.mark.rfc("6749", "3.1.2.2")
def test_a_client_that_signs_people_in_has_a_redirect_uri() -> None:
    assert refusal(WEB, redirect_uris=()).field == "redirect_uris"


def test_a_client_that_signs_nobody_in_has_no_redirect_uri() -> None:
    grants = frozenset({GrantType.CLIENT_CREDENTIALS})
    assert refusal(WEB, grant_types=grants).field == "redirect_uris"


def test_a_redirect_uri_is_registered_once() -> None:
    assert refusal(WEB, redirect_uris=WEB.redirect_uris * 2).field == "redirect_uris"


def test_redirect_uris_are_not_without_number() -> None:
    uris = tuple(f"https://client.example/{n}" for n in range(21))
    assert refusal(WEB, redirect_uris=uris).field == "redirect_uris"


@pytest.mark.rfc("9700", "2.6")
def test_a_web_client_redirects_to_https_only() -> None:
    refused = refusal(WEB, redirect_uris=("http://client.example/callback",))
    assert refused.field == "redirect_uris"
    assert "https" in refused.sentence


def test_a_page_under_development_may_stand_on_loopback_only_where_the_server_does() -> None:
    local = ("http://localhost:5173/callback",)
    assert refusal(WEB, redirect_uris=local).field == "redirect_uris"
    check(dataclasses.replace(WEB, redirect_uris=local), Policy(on_loopback=True))
    private = ("com.example.app:/callback",)
    assert refusal(WEB, Policy(on_loopback=True), redirect_uris=private).field == "redirect_uris"


def test_a_native_client_may_redirect_to_loopback_and_private_schemes() -> None:
    native = dataclasses.replace(
        WEB,
        application_type=ApplicationType.NATIVE,
        redirect_uris=("http://127.0.0.1/callback", "com.example.app:/callback"),
    )
    assert refusal(native, redirect_uris=("app:/callback",)).field == "redirect_uris"


@pytest.mark.rfc("6749", "3.3")
@pytest.mark.parametrize("word", ["two words", 'quo"te', "back\\slash", "", "ümlaut"])
def test_a_scope_is_one_scope_token(word: str) -> None:
    assert refusal(WEB, scopes=frozenset({word})).field == "scope"


def test_scopes_are_not_without_number() -> None:
    scopes = frozenset(f"scope-{n}" for n in range(101))
    assert refusal(WEB, scopes=scopes).field == "scope"


def test_private_key_jwt_needs_keys() -> None:
    assert refusal(WEB, auth_method=AuthMethod.PRIVATE_KEY_JWT).field == "jwks"


def test_only_a_client_that_signs_has_keys() -> None:
    assert refusal(WEB, jwks={"keys": []}).field == "jwks"


@pytest.mark.rfc("9101", "10.5")
def test_a_client_that_signs_requests_needs_keys() -> None:
    assert refusal(WEB, request_object_signing_alg="ES256").field == "jwks"
    keys = {"keys": [DpopKey().public_jwk]}
    check(dataclasses.replace(WEB, request_object_signing_alg="ES256", jwks=keys), Policy())


@pytest.mark.rfc("9101", "10.1")
@pytest.mark.parametrize("alg", ["none", "HS256", "RS1", "es256"])
def test_requests_are_signed_by_a_strong_asymmetric_algorithm(alg: str) -> None:
    refused = refusal(WEB, request_object_signing_alg=alg, jwks={"keys": [DpopKey().public_jwk]})
    assert refused.field == "request_object_signing_alg"
    assert alg in refused.sentence


@pytest.mark.rfc("9101", "10.5")
def test_a_client_that_must_sign_its_requests_can() -> None:
    refused = refusal(WEB, require_signed_request_object=True)
    assert refused.field == "require_signed_request_object"


@pytest.mark.parametrize(
    "origin",
    [
        "https://client.example/",
        "https://client.example/path",
        "https://client.example:443",
        "https://Client.example",
        "https://user@client.example",
        "http://client.example",
        "http://localhost:5173",
        "https://",
        "https://[::1",
        "https://client.example:port",
        "null",
        "*",
    ],
)
def test_an_allowed_origin_is_an_https_origin_as_browsers_write_it(origin: str) -> None:
    assert refusal(WEB, allowed_origins=(origin,)).field == "allowed_origins"


def test_an_allowed_origin_may_stand_on_loopback_where_the_server_does() -> None:
    client = dataclasses.replace(WEB, allowed_origins=("http://localhost:5173", "http://[::1]"))
    refused = refusal(client, Policy(on_loopback=True), allowed_origins=("http://a.example",))
    assert refused.field == "allowed_origins"


def test_allowed_origins_are_not_without_number() -> None:
    origins = tuple(f"https://{n}.example" for n in range(21))
    assert refusal(WEB, allowed_origins=origins).field == "allowed_origins"


def test_a_nonce_policy_is_one_of_three() -> None:
    assert refusal(WEB, dpop_nonce="sometimes").field == "dpop_nonce"


@pytest.mark.rfc("9449", "5.2")
def test_tokens_without_a_key_need_the_deployments_consent() -> None:
    refused = refusal(WEB, dpop_bound_access_tokens=False)
    assert refused.field == "dpop_bound_access_tokens"
    assert "HOLDFAST_ALLOW_BEARER" in refused.sentence
    check(dataclasses.replace(WEB, dpop_bound_access_tokens=False), Policy(allow_bearer=True))
