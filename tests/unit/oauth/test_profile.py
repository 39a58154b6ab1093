"""The FAPI 2.0 Security Profile as a value: what it says of clients and of settings."""

import dataclasses
from typing import Any

import pytest

from app.oauth.client import ApplicationType, AuthMethod
from app.oauth.profile import FAPI2, NO_PROFILE
from app.oauth.signed_jwt import ALGS
from app.settings import SettingsError, load_settings
from tests.harness import SIGNING, SPA, WEB

P384 = {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}


@pytest.mark.rfc("FAPI2", "5.3.2.1")
def test_a_client_with_private_key_jwt_keeps_it() -> None:
    assert FAPI2.broken_by(SIGNING) is None
    assert FAPI2.flaw_of(SIGNING) is None


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"auth_method": AuthMethod.NONE}, "auth_method"),
        ({"auth_method": AuthMethod.CLIENT_SECRET_POST}, "auth_method"),
        ({"dpop_bound_access_tokens": False}, "dpop_bound_access_tokens"),
        ({"redirect_uris": ("https://a.example/", "http://127.0.0.1/")}, "redirect_uris"),
        ({"jwks": {"keys": [P384]}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "OKP", "crv": "Ed448", "x": "AA"}]}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "RSA", "alg": "PS512"}]}}, "jwks"),
        ({"request_object_signing_alg": "ES384"}, "request_object_signing_alg"),
    ],
)
@pytest.mark.rfc("FAPI2", "5.3.2.1")
def test_a_client_that_breaks_it_is_told_which_member_and_which_section(
    changes: dict[str, Any], member: str
) -> None:
    client = dataclasses.replace(SIGNING, **changes)
    rule = FAPI2.broken_by(client)
    assert rule is not None
    assert rule.member == member
    flaw = FAPI2.flaw_of(client)
    assert flaw is not None
    assert flaw.startswith(member)
    assert f"FAPI 2.0 Security Profile {rule.section}" in flaw


@pytest.mark.parametrize(
    ("uri", "keeps"),
    [
        ("http://127.0.0.1/callback", True),
        ("http://[::1]:8080/callback", True),
        ("http://localhost/callback", False),
        ("http://client.example/callback", False),
        ("com.example.app:/callback", True),
    ],
)
@pytest.mark.rfc("FAPI2", "5.3.2.2")
def test_a_native_client_may_use_http_on_a_loopback_address(*, uri: str, keeps: bool) -> None:
    native = dataclasses.replace(
        SIGNING, application_type=ApplicationType.NATIVE, redirect_uris=(uri,)
    )
    assert (FAPI2.broken_by(native) is None) is keeps


@pytest.mark.parametrize("client", [SPA, WEB, SIGNING], ids=lambda client: client.client_id)
def test_without_a_profile_nothing_is_demanded(client: Any) -> None:
    assert NO_PROFILE.flaw_of(client) is None
    assert NO_PROFILE.among(ALGS) == ALGS


def test_settings_that_are_not_set_follow_the_profile() -> None:
    plain, narrowed = load_settings(), load_settings(profile="fapi2")
    assert (plain.require_par, narrowed.require_par) == (False, True)
    assert set(narrowed.dpop_algs) == set(FAPI2.algs)
    assert set(plain.dpop_algs) > set(narrowed.dpop_algs)


def test_settings_of_the_environment_are_held_to_the_profile_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOLDFAST_PROFILE", "fapi2")
    monkeypatch.setenv("HOLDFAST_DPOP_ALGS", "ES256")
    assert load_settings().dpop_algs == ("ES256",)
    monkeypatch.setenv("HOLDFAST_REQUIRE_PAR", "false")
    with pytest.raises(SettingsError, match=r"^HOLDFAST_REQUIRE_PAR: expected true"):
        load_settings()


def test_an_unknown_profile_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="HOLDFAST_PROFILE"):
        load_settings(profile="fapi1")
