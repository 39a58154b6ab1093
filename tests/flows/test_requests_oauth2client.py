"""A client that others wrote, PyPI requests_oauth2client, unmodified, against a real server."""

from collections.abc import Iterator
from typing import Any

import jwskate
import pytest
from requests_oauth2client import (
    ClientSecretBasic,
    DPoPKey,
    DPoPToken,
    InvalidGrant,
    InvalidRequest,
    OAuth2Client,
    PrivateKeyJwt,
    PublicApp,
)

from tests.flows.place import CALLBACK, KEY, SCOPE, Place, open_place


def client_of(
    place: Place, *arguments: str, auth_method: str | None = None, **options: Any
) -> OAuth2Client:
    """Register a client, and configure the library from the server's metadata, and ``options``."""
    added = place.register(*arguments, auth_method=auth_method)
    auth: Any = PublicApp(added["client_id"])
    if added["token_endpoint_auth_method"] == "private_key_jwt":
        auth = PrivateKeyJwt(added["client_id"], KEY)
    elif "client_secret" in added:
        auth = ClientSecretBasic(added["client_id"], added["client_secret"])
    return OAuth2Client.from_discovery_endpoint(
        place.metadata,
        issuer=place.issuer,
        # Not that it relaxes anything else: it lets the library speak http to loopback.
        testing=True,
        dpop_bound_access_tokens=True,
        auth=auth,
        **options,
    )


def sign_in(
    place: Place, client: OAuth2Client, *, push: bool = False, alg: str = "ES256", **asked: Any
) -> DPoPToken:
    """Take a code through the pages, and swap it for tokens."""
    request = client.authorization_request(
        redirect_uri=CALLBACK, scope=SCOPE, dpop_key=DPoPKey.generate(alg=alg), **asked
    )
    assert request.args["code_challenge_method"] == "S256"
    assert request.args["dpop_jkt"] == request.dpop_jkt
    # The library sends dpop_jkt and a proof by the same key to /par.
    uri = client.pushed_authorization_request(request).uri if push else request.uri
    # Checks state, and iss against the issuer (RFC 9207).
    answer = request.validate_callback(place.visit(uri))
    token = client.authorization_code(answer)
    assert isinstance(token, DPoPToken)
    return token


NOTES, STORE = "https://notes.example/", "https://store.example/"


@pytest.fixture(scope="module", params=["auto", "required"])
def place(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Place]:
    with open_place(tmp_path_factory.mktemp("place"), dpop_nonce=request.param) as place:
        yield place


@pytest.fixture(params=["native", "web", "private_key_jwt"])
def client(place: Place, request: pytest.FixtureRequest) -> OAuth2Client:
    redirect = ("--redirect-uri", CALLBACK, "--scope", SCOPE)
    if request.param == "private_key_jwt":
        return client_of(place, "--type", "web", *redirect, auth_method=request.param)
    return client_of(place, "--type", request.param, *redirect)


@pytest.fixture
def web(place: Place) -> OAuth2Client:
    """Return a confidential client, which may introspect."""
    return client_of(place, "--type", "web", "--redirect-uri", CALLBACK, "--scope", SCOPE)


def claims(token: DPoPToken) -> dict[str, Any]:
    parsed = jwskate.SignedJwt(token.access_token)
    return dict(parsed.claims)


def test_code_pkce_dpop_and_refresh(place: Place, client: OAuth2Client) -> None:
    token = sign_in(place, client)
    assert token.token_type == "DPoP"
    assert token.scope == SCOPE
    assert claims(token)["cnf"]["jkt"] == token.dpop_key.dpop_jkt
    assert client.authorization_server_jwks is not None
    assert jwskate.SignedJwt(token.access_token).verify_signature(client.authorization_server_jwks)
    again = client.refresh_token(token)
    assert isinstance(again, DPoPToken)
    assert claims(again)["cnf"]["jkt"] == token.dpop_key.dpop_jkt
    assert again.refresh_token != token.refresh_token
    assert client.refresh_token(again).access_token != again.access_token


@pytest.mark.rfc("9126", "4")
def test_a_pushed_request_leads_to_a_token(place: Place, client: OAuth2Client) -> None:
    place.shell.json("client", "update", client.client_id, "--require-par")
    token = sign_in(place, client, push=True)
    assert claims(token)["cnf"]["jkt"] == token.dpop_key.dpop_jkt
    assert token.scope == SCOPE


@pytest.mark.rfc("9449", "5")
def test_a_public_clients_refresh_token_is_good_with_its_key_only(place: Place) -> None:
    client = client_of(place, "--type", "native", "--redirect-uri", CALLBACK, "--scope", SCOPE)
    token = sign_in(place, client)
    data = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
    with pytest.raises(InvalidGrant):
        client.token_request(data, dpop=True, dpop_key=DPoPKey.generate())
    assert client.refresh_token(token).token_type == "DPoP"


def test_client_credentials(place: Place) -> None:
    client = client_of(place, "--type", "service", "--scope", "notes.read")
    token = client.client_credentials()
    assert isinstance(token, DPoPToken)
    assert claims(token)["cnf"]["jkt"] == token.dpop_key.dpop_jkt
    assert claims(token)["sub"] == client.client_id
    assert token.scope == "notes.read"
    assert token.refresh_token is None


@pytest.mark.parametrize("alg", ["EdDSA", "PS256"])
def test_proofs_of_other_algorithms(place: Place, web: OAuth2Client, alg: str) -> None:
    token = sign_in(place, web, push=True, alg=alg)
    assert token.dpop_key.alg == alg
    assert claims(token)["cnf"]["jkt"] == token.dpop_key.dpop_jkt


@pytest.mark.rfc("9449", "6.2")
def test_introspection_tells_the_key(place: Place, web: OAuth2Client) -> None:
    token = sign_in(place, web)
    told = web.introspect_token(token)
    assert told["active"] is True
    assert told["token_type"] == "DPoP"
    assert told["cnf"]["jkt"] == token.dpop_key.dpop_jkt


@pytest.mark.rfc("7009", "2.1")
def test_a_revoked_access_token_is_inactive(place: Place, web: OAuth2Client) -> None:
    token = sign_in(place, web)
    assert web.revoke_access_token(token)
    assert web.introspect_token(token)["active"] is False
    assert isinstance(web.refresh_token(token), DPoPToken)


@pytest.mark.rfc("7009", "2.1")
def test_a_revoked_refresh_token_ends_its_access_tokens(place: Place, web: OAuth2Client) -> None:
    token = sign_in(place, web)
    assert web.revoke_refresh_token(token)
    assert web.introspect_token(token)["active"] is False
    with pytest.raises(InvalidGrant):
        web.refresh_token(token)


@pytest.mark.rfc("8693", "2.1")
@pytest.mark.rfc("8693", "2.2")
def test_an_api_exchanges_the_token_it_was_called_with(place: Place) -> None:
    registered = {each["uri"] for each in place.shell.json("resource", "list")}
    for uri in {NOTES, STORE} - registered:
        place.shell.json("resource", "add", uri, "--scope", SCOPE)
    app = client_of(place, "--type", "native", "--redirect-uri", CALLBACK, "--scope", SCOPE)
    subject = sign_in(place, app, resource=NOTES)
    api = client_of(place, "--type", "service", "--scope", SCOPE, "--resource-server", NOTES)
    allowed = ("--audience", STORE, "--may-impersonate", "--may-delegate")
    place.shell.json("client", "exchange", api.client_id, *allowed)

    as_person = api.token_exchange(subject_token=subject, dpop=True)
    assert isinstance(as_person, DPoPToken)
    said = claims(as_person)
    assert (said["sub"], said["aud"]) == (claims(subject)["sub"], STORE)
    assert said["cnf"]["jkt"] == as_person.dpop_key.dpop_jkt != subject.dpop_key.dpop_jkt
    assert said["exp"] <= claims(subject)["exp"]

    actor = api.client_credentials()
    assert isinstance(actor, DPoPToken)
    delegated = api.token_exchange(
        subject_token=subject,
        actor_token=actor,
        audience=STORE,
        scope="notes.read",
        dpop=True,
        dpop_key=actor.dpop_key,
    )
    assert isinstance(delegated, DPoPToken)
    assert delegated.scope == "notes.read"
    assert api.introspect_token(delegated)["act"] == {"sub": api.client_id}
    with pytest.raises(InvalidRequest):
        api.token_exchange(subject_token=sign_in(place, app), audience=STORE, dpop=True)
