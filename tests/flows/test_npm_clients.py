"""Clients that others wrote, npm oauth4webapi and openid-client, unmodified, on a real server.

The server asks for a nonce in every proof.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import jwskate
import pytest

from tests.flows.place import CALLBACK, KEY, SCOPE, Place, open_place
from tests.npm_packages import PACKAGES, Npm

LIBRARIES = ["oauth4webapi", "openid_client"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    settings = {"dpop_nonce": "required", "device_poll_interval": "1"}
    with open_place(tmp_path_factory.mktemp("place"), **settings) as place:
        yield place


def run(npm: Npm, place: Place, script: str, registered: dict[str, Any], **given: Any) -> Any:
    """Run a script for the registered client; Ann does what it wants a person to do."""
    known = {
        "issuer": place.issuer,
        "client_id": registered["client_id"],
        "client_secret": registered.get("client_secret"),
        "auth_method": registered["token_endpoint_auth_method"],
        "jwk": KEY.to_dict(),
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
    }
    with npm.run(PACKAGES / f"{script}.mjs", **known, **given) as running:
        said = running.hear()
        while "open" in said or "allow" in said:
            if "open" in said:
                running.tell(place.visit(said["open"]))
            else:
                running.tell(place.answer_device(said["allow"]))
            said = running.hear()
        return said


@dataclass(frozen=True)
class Flow:
    """What a library got, from discovery to revocation, and the client it did so for."""

    place: Place
    client: dict[str, Any]
    got: dict[str, Any]

    @property
    def thumbprint(self) -> str:
        """That of the key that the library made."""
        return jwskate.Jwk(self.got["jwk"]).thumbprint()

    def claims(self, answer: str) -> dict[str, Any]:
        return dict(jwskate.SignedJwt(self.got[answer]["access_token"]).claims)


@pytest.fixture(scope="module")
def flow(npm: Npm, place: Place, request: pytest.FixtureRequest) -> Flow:
    library, client_type, auth_method, alg = request.param
    registered = place.register(
        *("--type", client_type, "--redirect-uri", CALLBACK, "--scope", SCOPE, "--require-par"),
        auth_method=auth_method,
    )
    confidential = client_type != "native"
    got = run(npm, place, f"{library}_flow", registered, alg=alg, confidential=confidential)
    return Flow(place, registered, got)


# A public and two confidential clients, each with another algorithm of proofs.
PUBLIC = [(name, "native", None, "Ed25519") for name in LIBRARIES]
CONFIDENTIAL = [
    (name, "web", *how)
    for name in LIBRARIES
    for how in (("client_secret_basic", "PS256"), ("private_key_jwt", "ES256"))
]


def of(*flows: Any) -> pytest.MarkDecorator:
    names = ["-".join(str(each) for each in flow) for flow in flows]
    return pytest.mark.parametrize("flow", flows, ids=names, indirect=True, scope="module")


every_flow = of(*PUBLIC, *CONFIDENTIAL)
flows_that_introspect = of(*CONFIDENTIAL)


@every_flow
@pytest.mark.rfc("8414", "3.3")
def test_discovery_takes_the_metadata_as_they_are(flow: Flow) -> None:
    published = httpx.get(flow.place.metadata).json()
    assert {name: flow.got["as"].get(name) for name in published} == published


@every_flow
@pytest.mark.rfc("9449", "8")
def test_every_endpoint_of_a_flow_hands_out_the_nonce_it_asks_for(flow: Flow) -> None:
    proven = [each for each in flow.got["answers"] if each[0] in {"/par", "/token"}]
    par = [["/par", 400, "use_dpop_nonce"], ["/par", 201]]
    token = [["/token", 400, "use_dpop_nonce"], ["/token", 200]]
    assert proven == [*par, *token, *token]


@every_flow
@pytest.mark.rfc("9449", "6.1")
def test_the_access_tokens_are_bound_to_the_key_of_the_library(flow: Flow) -> None:
    for answer in ("tokens", "refreshed"):
        assert flow.got[answer]["token_type"] == "dpop"  # the library makes it lower case
        assert flow.got[answer]["scope"] == SCOPE
        assert flow.claims(answer)["cnf"] == {"jkt": flow.thumbprint}


@every_flow
@pytest.mark.rfc("6749", "6")
def test_refreshing_gives_another_access_and_refresh_token(flow: Flow) -> None:
    before, after = flow.got["tokens"], flow.got["refreshed"]
    assert before["access_token"] != after["access_token"]
    assert before["refresh_token"] != after["refresh_token"]
    assert flow.claims("tokens")["sub"] == flow.claims("refreshed")["sub"]


@flows_that_introspect
@pytest.mark.rfc("9449", "6.2")
def test_introspection_tells_the_key(flow: Flow) -> None:
    told = flow.got["introspected"]
    assert told["active"] is True
    assert told["token_type"] == "DPoP"
    assert told["client_id"] == flow.client["client_id"]
    assert told["cnf"] == {"jkt": flow.thumbprint}


@of(*(flow for flow in CONFIDENTIAL if flow[0] == "oauth4webapi"))
@pytest.mark.rfc("9701", "5")
def test_a_signed_introspection_says_the_same(flow: Flow) -> None:
    assert flow.got["signed"] == flow.got["introspected"]


@flows_that_introspect
@pytest.mark.rfc("7009", "2.1")
def test_revoking_the_refresh_token_ends_the_access_token(flow: Flow) -> None:
    assert flow.got["revoked"] == {"active": False}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "auth_method", ["client_secret_basic", "client_secret_post", "private_key_jwt"]
)
@pytest.mark.rfc("6749", "4.4")
def test_a_service_is_challenged_once_for_all_its_tokens(
    npm: Npm, place: Place, library: str, auth_method: str
) -> None:
    service = place.register("--type", "service", "--scope", SCOPE, auth_method=auth_method)
    got = run(npm, place, f"{library}_service", service)
    assert [each["token_type"] for each in got["tokens"]] == ["dpop", "dpop"]
    challenge = ["/token", 400, "use_dpop_nonce"]
    assert got["answers"][1:] == [challenge, ["/token", 200], ["/token", 200]]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.rfc("8628", "3.5")
def test_a_device_polls_until_ann_allows_it(npm: Npm, place: Place, library: str) -> None:
    device = place.register("--type", "device", "--scope", SCOPE)
    got = run(npm, place, f"{library}_device", device)
    asked = [each[1:] for each in got["answers"] if each[0] == "/token"]
    assert asked[:2] == [[400, "use_dpop_nonce"], [400, "authorization_pending"]]
    assert asked[-1] == [200]
    claims = jwskate.SignedJwt(got["tokens"]["access_token"]).claims
    assert claims["cnf"] == {"jkt": got["jkt"]}
    assert claims["scope"] == SCOPE
