"""Clients that others wrote register themselves, and then do what registered clients do."""

from collections.abc import Iterator
from typing import Any

import httpx
import jwskate
import pytest

from tests.flows.command_line import Shell
from tests.flows.place import CALLBACK, KEY, SCOPE, Place, open_place
from tests.flows.test_npm_clients import LIBRARIES, run
from tests.npm_packages import PACKAGES, Npm

GRANTS = ["authorization_code", "refresh_token"]
PUBLIC = {"token_endpoint_auth_method": "none"}
BASIC = {"token_endpoint_auth_method": "client_secret_basic"}
SIGNING = {
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [KEY.public_jwk().to_dict()]},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    scopes = SCOPE.replace(" ", ",")
    with open_place(folder, registration="token", registration_scopes=scopes) as place:
        yield place


@pytest.mark.rfc("7591", "3.1")
@pytest.mark.rfc("7591", "3.2.1")
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("how", [PUBLIC, BASIC, SIGNING], ids=lambda how: next(iter(how.values())))
def test_a_client_that_a_library_registered_goes_from_sign_in_to_revocation(
    npm: Npm, place: Place, library: str, how: dict[str, Any]
) -> None:
    metadata = {"client_name": library, "redirect_uris": [CALLBACK], "grant_types": GRANTS, **how}
    token = place.shell.json("registration-token", "add", "--note", library)["token"]
    given = {"issuer": place.issuer, "metadata": metadata, "initialAccessToken": token}
    with npm.run(PACKAGES / f"{library}_registration.mjs", **given) as running:
        client = running.hear()["client"]
    assert client["scope"] == SCOPE
    got = run(npm, place, f"{library}_flow", client, alg="ES256", confidential=how is not PUBLIC)
    claims = jwskate.SignedJwt(got["tokens"]["access_token"]).claims
    assert claims["client_id"] == client["client_id"]
    assert claims["cnf"] == {"jkt": jwskate.Jwk(got["jwk"]).thumbprint()}


@pytest.mark.rfc("7592", "2")
def test_the_command_line_sees_a_client_that_manages_itself(place: Place) -> None:
    token = place.shell.json("registration-token", "add", "--uses", "1")["token"]
    fields = {"Authorization": f"Bearer {token}"}
    metadata = {"client_name": "Notes", "redirect_uris": [CALLBACK]}
    made = httpx.post(f"{place.issuer}/register", json=metadata, headers=fields).json()
    shown = place.shell.json("client", "show", made["client_id"])
    assert (shown["client_name"], shown["unverified"]) == ("Notes", True)
    assert (
        place.shell.json("client", "update", made["client_id"], "--verified")["unverified"] is False
    )
    own = {"Authorization": f"Bearer {made['registration_access_token']}"}
    assert httpx.delete(made["registration_client_uri"], headers=own).status_code == 204
    assert place.shell("client", "show", made["client_id"]).returncode == 1


def test_the_command_line_makes_lists_and_revokes_registration_tokens(place: Place) -> None:
    made = place.shell.json(
        "registration-token", "add", "--note", "For CI", "--uses", "3", "--lifetime", "3600",
        "--scope", "metrics", "--grant-type", "client_credentials",
    )  # fmt: skip
    assert made["token"].startswith("hf_it_")
    listed = place.shell.json("registration-token", "list")
    [found] = [each for each in listed if each["token_id"] == made["token_id"]]
    assert made.items() >= found.items()
    assert (found["uses_left"], found["scope"]) == (3, "metrics")
    assert found["grant_types"] == ["client_credentials"]
    place.shell.json("registration-token", "revoke", made["token_id"])
    fields = {"Authorization": f"Bearer {made['token']}"}
    assert httpx.post(f"{place.issuer}/register", json={}, headers=fields).status_code == 401
    assert place.shell("registration-token", "revoke", made["token_id"]).returncode == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--uses", "0"), "--uses: expected 1 to"),
        (("--lifetime", "-1"), "--lifetime: expected 1 to"),
        (("--scope", "holdfast:admin"), "--scope: 'holdfast:admin' is for clients that"),
        (("--note", "n" * 101), "--note: expected at most"),
        (
            ("--grant-type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            "--grant-type: expected some of client_credentials",
        ),
    ],
)
def test_the_command_line_says_what_no_registration_token_can_allow(
    place: Place, options: tuple[str, str], said: str
) -> None:
    result = place.shell("registration-token", "add", *options)
    assert result.returncode == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "expected a JSON object like"),
        ('{"https://vouches.example": {"keys": []}}', "at least one key"),
    ],
)
def test_a_wrong_file_of_software_statement_issuers_stops_the_start(
    tmp_path_factory: pytest.TempPathFactory, content: str, said: str
) -> None:
    folder = tmp_path_factory.mktemp("place")
    issuers = folder / "issuers.json"
    issuers.write_text(content)
    settings = (("HOLDFAST_SOFTWARE_STATEMENT_ISSUERS", str(issuers)),)
    result = Shell(folder / "data", settings)("serve", "--port", "0")
    assert result.returncode == 1
    assert said in result.stderr
