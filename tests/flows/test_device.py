"""The device flow of a client that others wrote, PyPI requests_oauth2client, unmodified."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from requests_oauth2client import (
    AccessDenied,
    AuthorizationPending,
    DeviceAuthorizationPollingJob,
    DeviceAuthorizationResponse,
    DPoPKey,
    DPoPToken,
    InvalidGrant,
    OAuth2Client,
)

from tests.flows.place import SCOPE, Place, open_place
from tests.flows.test_requests_oauth2client import claims, client_of

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Impatient(DeviceAuthorizationPollingJob):
    """Polls at once where the library would wait for the interval."""

    def sleep(self) -> None:
        pass


@pytest.fixture(scope="module", params=["auto", "required"])
def place(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    with open_place(folder, dpop_nonce=request.param) as place:
        yield place


def device_of(place: Place, *arguments: str, auth_method: str | None = None) -> OAuth2Client:
    """Register a client. The library leaves this one endpoint of the metadata out."""
    endpoint = httpx.get(place.metadata).json()["device_authorization_endpoint"]
    return client_of(
        place,
        *(*arguments, "--scope", SCOPE),
        auth_method=auth_method,
        device_authorization_endpoint=endpoint,
    )


@pytest.fixture(params=["device", "service", "private_key_jwt"])
def client(place: Place, request: pytest.FixtureRequest) -> OAuth2Client:
    if request.param == "device":
        return device_of(place, "--type", "device")
    grants = ("--grant-type", DEVICE_GRANT, "--grant-type", "refresh_token")
    method = request.param if request.param == "private_key_jwt" else None
    return device_of(place, "--type", "service", *grants, auth_method=method)


def start(client: OAuth2Client, key: DPoPKey, **data: Any) -> DeviceAuthorizationResponse:
    """Ask for codes with a proof, which binds them."""
    return client.authorize_device(requests_kwargs={"dpop_key": key}, **data)


def answer(place: Place, device: DeviceAuthorizationResponse, decision: str) -> str:
    """Ann opens the complete URI, signs in, continues and decides; return what she reads then."""

    return place.answer_device(str(device.verification_uri_complete), decision)


@pytest.mark.rfc("8628", "3.5")
def test_a_device_polls_until_it_has_tokens_for_its_key(place: Place, client: OAuth2Client) -> None:
    key = DPoPKey.generate()
    device = start(client, key, scope=SCOPE)
    job = Impatient(client, device, dpop=True, dpop_key=key)
    assert job() is None
    assert job.interval == 5
    assert job() is None
    # It was told to slow down.
    assert job.interval == 10
    assert "Your device is connected" in answer(place, device, "approve")
    token = job()
    assert isinstance(token, DPoPToken)
    assert token.scope == SCOPE
    assert claims(token)["cnf"]["jkt"] == key.dpop_jkt
    again = client.refresh_token(token)
    assert isinstance(again, DPoPToken)
    assert claims(again)["cnf"]["jkt"] == key.dpop_jkt


@pytest.mark.rfc("8628", "3.5")
def test_a_device_that_was_refused_is_told_so(place: Place) -> None:
    client, key = device_of(place, "--type", "device"), DPoPKey.generate()
    device = start(client, key)
    with pytest.raises(AuthorizationPending):
        client.device_code(device, dpop=True, dpop_key=key)
    assert "The device was refused" in answer(place, device, "deny")
    with pytest.raises(AccessDenied):
        client.device_code(device, dpop=True, dpop_key=key)


@pytest.mark.rfc("9449", "10")
@pytest.mark.parametrize("way", ["proof", "dpop_jkt"])
def test_a_device_code_is_good_with_its_key_only(place: Place, way: str) -> None:
    client, key = device_of(place, "--type", "device"), DPoPKey.generate()
    if way == "proof":
        device = start(client, key)
    else:
        device = client.authorize_device(dpop_jkt=key.dpop_jkt)
    answer(place, device, "approve")
    with pytest.raises(InvalidGrant):
        client.device_code(device, dpop=True, dpop_key=DPoPKey.generate())
    token = client.device_code(device, dpop=True, dpop_key=key)
    assert isinstance(token, DPoPToken)
    assert claims(token)["cnf"]["jkt"] == key.dpop_jkt
