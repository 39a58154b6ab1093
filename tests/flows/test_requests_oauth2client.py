"""A client that others wrote, PyPI requests_oauth2client, unmodified, against a real server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwskate
import pytest
from requests_oauth2client import (
    ClientSecretBasic,
    DPoPKey,
    DPoPToken,
    InvalidGrant,
    OAuth2Client,
    PrivateKeyJwt,
    PublicApp,
)

from app.cli.demo.browser import Browser
from tests.flows.command_line import PASSWORD, Shell

EMAIL = "ann@example.com"
CALLBACK = "http://127.0.0.1/callback"
SCOPE = "notes.read notes.write"
KEY = jwskate.Jwk.generate(alg="ES256", kid="client-key")


@dataclass(frozen=True)
class Place:
    """A running server, and the shell that administers it."""

    shell: Shell
    issuer: str
    metadata: str

    def client(self, *arguments: str) -> OAuth2Client:
        """Register a client, and configure the library from the server's metadata."""
        added = self.shell.json("client", "add", "--name", "A client", *arguments)
        auth: Any = PublicApp(added["client_id"])
        if added["token_endpoint_auth_method"] == "private_key_jwt":
            auth = PrivateKeyJwt(added["client_id"], KEY)
        elif "client_secret" in added:
            auth = ClientSecretBasic(added["client_id"], added["client_secret"])
        return OAuth2Client.from_discovery_endpoint(
            self.metadata,
            issuer=self.issuer,
            # Not that it relaxes anything else: it lets the library speak http to loopback.
            testing=True,
            dpop_bound_access_tokens=True,
            auth=auth,
        )

    def sign_in(self, client: OAuth2Client, *, push: bool = False) -> DPoPToken:
        """Take a code through the pages, and swap it for tokens."""
        request = client.authorization_request(
            redirect_uri=CALLBACK, scope=SCOPE, dpop_key=DPoPKey.generate()
        )
        assert request.args["code_challenge_method"] == "S256"
        assert request.args["dpop_jkt"] == request.dpop_jkt
        # The library sends dpop_jkt and a proof by the same key to /par.
        uri = client.pushed_authorization_request(request).uri if push else request.uri
        browser = Browser(self.issuer, CALLBACK)
        try:
            callback = browser.authorize(uri, email=EMAIL, password=PASSWORD)
        finally:
            browser.close()
        # Checks state, and iss against the issuer (RFC 9207).
        answer = request.validate_callback(callback)
        token = client.authorization_code(answer)
        assert isinstance(token, DPoPToken)
        return token


@pytest.fixture(scope="module", params=["auto", "required"])
def place(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("flow")
    shell = Shell(folder / "data", (("HOLDFAST_DPOP_NONCE", request.param),))
    with shell.serve() as said:
        shell.json("user", "add", EMAIL, "--password-stdin", stdin=PASSWORD)
        yield Place(shell, said["issuer"], said["metadata"])


@pytest.fixture(params=["native", "web", "private_key_jwt"])
def client(place: Place, tmp_path: Path, request: pytest.FixtureRequest) -> OAuth2Client:
    redirect = ("--redirect-uri", CALLBACK, "--scope", SCOPE)
    if request.param != "private_key_jwt":
        return place.client("--type", request.param, *redirect)
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [KEY.public_jwk().to_dict()]}))
    by_key = ("--auth-method", "private_key_jwt", "--jwks-file", str(path))
    return place.client("--type", "web", *redirect, *by_key)


def claims(token: DPoPToken) -> dict[str, Any]:
    parsed = jwskate.SignedJwt(token.access_token)
    return dict(parsed.claims)


def test_code_pkce_dpop_and_refresh(place: Place, client: OAuth2Client) -> None:
    token = place.sign_in(client)
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
    token = place.sign_in(client, push=True)
    assert claims(token)["cnf"]["jkt"] == token.dpop_key.dpop_jkt
    assert token.scope == SCOPE


@pytest.mark.rfc("9449", "5")
def test_a_public_clients_refresh_token_is_good_with_its_key_only(place: Place) -> None:
    client = place.client("--type", "native", "--redirect-uri", CALLBACK, "--scope", SCOPE)
    token = place.sign_in(client)
    data = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
    with pytest.raises(InvalidGrant):
        client.token_request(data, dpop=True, dpop_key=DPoPKey.generate())
    assert client.refresh_token(token).token_type == "DPoP"


def test_client_credentials(place: Place) -> None:
    client = place.client("--type", "service", "--scope", "notes.read")
    token = client.client_credentials()
    assert isinstance(token, DPoPToken)
    assert claims(token)["cnf"]["jkt"] == token.dpop_key.dpop_jkt
    assert claims(token)["sub"] == client.client_id
    assert token.scope == "notes.read"
    assert token.refresh_token is None
