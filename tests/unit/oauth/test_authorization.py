"""Authorization requests: start from a valid one, break one thing."""

import dataclasses
from typing import Any

import pytest

from app.oauth.authorization import (
    AuthorizationRequest,
    ReturnAddress,
    return_address,
    telling_where,
    validate,
)
from app.oauth.client import ApplicationType, AuthMethod, Client
from app.oauth.errors import (
    ConsentRequired,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    LoginRequired,
    OAuthError,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from app.oauth.interaction import Person, Step, after_sign_in, next_step, travelling
from app.oauth.parameters import Parameters
from app.oauth.ports import Consent
from tests.builders import NOW, DpopKey, s256

REDIRECT_URI = "https://client.example/callback"
CLIENT = Client(
    client_id="client",
    client_name="A client",
    auth_method=AuthMethod.NONE,
    redirect_uris=(REDIRECT_URI,),
    scopes=frozenset({"read", "write"}),
)
NATIVE = dataclasses.replace(
    CLIENT,
    application_type=ApplicationType.NATIVE,
    redirect_uris=("http://127.0.0.1/cb", "com.example.app:/cb", REDIRECT_URI),
)
PERSON = Person("user", NOW - 100)
CONSENT = Consent("user", "client", frozenset({"read"}), frozenset({"https://api.example"}))
VALID: dict[str, str] = {
    "response_type": "code",
    "client_id": "client",
    "redirect_uri": REDIRECT_URI,
    "scope": "read",
    "state": "xyz",
    "code_challenge": s256("verifier"),
    "code_challenge_method": "S256",
}


def parameters(**changes: str | None) -> Parameters:
    values: dict[str, str | None] = {**VALID, **changes}
    return Parameters.parse([(name, value) for name, value in values.items() if value is not None])


def request(client: Client = CLIENT, /, **changes: Any) -> AuthorizationRequest:
    sent = parameters(**changes)
    return validate(sent, return_address(client, sent))


def test_a_valid_request_is_understood() -> None:
    jkt = DpopKey().jkt
    found = request(
        dpop_jkt=jkt, resource="https://api.example", prompt="login consent", max_age="60"
    )
    assert found == AuthorizationRequest(
        address=ReturnAddress(CLIENT, REDIRECT_URI, sent=True, state="xyz"),
        scopes=frozenset({"read"}),
        resources=("https://api.example",),
        code_challenge=s256("verifier"),
        dpop_jkt=jkt,
        prompt=frozenset({"login", "consent"}),
        max_age=60,
    )


@pytest.mark.rfc("6749", "4.1.1")
def test_what_is_optional_may_be_left_out() -> None:
    found = request(redirect_uri=None, scope=None, state=None)
    assert found.address == ReturnAddress(CLIENT, REDIRECT_URI, sent=False, state=None)
    assert found.scopes == CLIENT.scopes


@pytest.mark.rfc("6749", "3.1")
def test_an_unknown_parameter_is_ignored() -> None:
    assert request(nonce="n", claims="{}") == request()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"response_type": None}, InvalidRequest, id="no response_type"),
        pytest.param({"response_type": "token"}, UnsupportedResponseType, id="implicit"),
        pytest.param({"response_type": "code id_token"}, UnsupportedResponseType, id="hybrid"),
        pytest.param({"response_mode": "fragment"}, InvalidRequest, id="fragment"),
        pytest.param({"response_mode": "form_post"}, InvalidRequest, id="form_post"),
        pytest.param({"code_challenge": None}, InvalidRequest, id="no PKCE"),
        pytest.param({"code_challenge_method": "plain"}, InvalidRequest, id="plain PKCE"),
        pytest.param({"code_challenge_method": None}, InvalidRequest, id="PKCE plain by default"),
        pytest.param({"code_challenge": "short"}, InvalidRequest, id="no SHA-256"),
        pytest.param({"scope": "read admin"}, InvalidScope, id="scope not registered"),
        pytest.param({"scope": 'read "x"'}, InvalidScope, id="scope with quotes"),
        pytest.param({"resource": "api"}, InvalidTarget, id="relative resource"),
        pytest.param({"resource": "https://api.example/#x"}, InvalidTarget, id="fragment"),
        pytest.param({"dpop_jkt": "A" * 42}, InvalidRequest, id="short jkt"),
        pytest.param({"dpop_jkt": "A" * 44}, InvalidRequest, id="long jkt"),
        pytest.param({"dpop_jkt": "+" * 43}, InvalidRequest, id="jkt in plain base64"),
        pytest.param({"dpop_jkt": "A" * 42 + "B"}, InvalidRequest, id="jkt with stray bits"),
        pytest.param({"prompt": "none login"}, InvalidRequest, id="none and login"),
        pytest.param({"prompt": "select_account"}, InvalidRequest, id="unknown prompt"),
        pytest.param({"max_age": "-1"}, InvalidRequest, id="negative max_age"),
        pytest.param({"max_age": "1.5"}, InvalidRequest, id="fractional max_age"),
        pytest.param({"max_age": "soon"}, InvalidRequest, id="max_age in words"),
        pytest.param({"request_uri": "urn:x:y"}, RequestUriNotSupported, id="request_uri"),
    ],
)
def test_a_flawed_request_is_refused(
    changes: dict[str, str | None], error: type[OAuthError]
) -> None:
    with pytest.raises(error) as refused:
        request(**changes)
    assert type(refused.value) is error


@pytest.mark.rfc("6749", "4.1.2.1")
def test_a_client_without_the_code_grant_is_unauthorized() -> None:
    with pytest.raises(UnauthorizedClient):
        request(dataclasses.replace(CLIENT, grant_types=frozenset({"client_credentials"})))


@pytest.mark.rfc("6749", "4.1.2.1")
@pytest.mark.parametrize(
    ("client", "changes"),
    [
        pytest.param(CLIENT, {"client_id": None}, id="no client_id"),
        pytest.param(None, {}, id="unknown client"),
        pytest.param(dataclasses.replace(CLIENT, disabled=True), {}, id="disabled client"),
        pytest.param(CLIENT, {"redirect_uri": "https://evil.example/"}, id="unknown redirect"),
    ],
)
def test_without_a_trusted_redirect_uri_there_is_no_return_address(
    client: Client | None, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        return_address(client, parameters(**changes))


@pytest.mark.rfc("6749", "3.1")
@pytest.mark.parametrize("repeated", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_redirect_uri_leads_nowhere(repeated: str) -> None:
    with pytest.raises(InvalidRequest, match=repeated):
        telling_where([*VALID.items(), (repeated, VALID[repeated])])


@pytest.mark.rfc("6749", "3.1")
def test_any_other_flaw_leaves_the_return_address_readable() -> None:
    pairs = [*VALID.items(), ("scope", "read"), ("prompt", "x" * 5000)]
    assert telling_where(pairs).get("redirect_uri") == REDIRECT_URI
    assert telling_where(pairs).get("state") == "xyz"


@pytest.mark.rfc("6749", "4.1.2")
def test_a_repeated_state_is_not_returned() -> None:
    assert telling_where([*VALID.items(), ("state", "other")]).get("state") is None


class TestNextStep:
    def test_nobody_signed_in_must_sign_in(self) -> None:
        assert next_step(request(), None, None, NOW) is Step.SIGN_IN

    def test_who_has_not_consented_is_asked(self) -> None:
        assert next_step(request(), PERSON, None, NOW) is Step.CONSENT

    def test_who_has_consented_is_not_asked_again(self) -> None:
        assert next_step(request(), PERSON, CONSENT, NOW) is Step.ISSUE
        with_resource = request(resource="https://api.example")
        assert next_step(with_resource, PERSON, CONSENT, NOW) is Step.ISSUE

    @pytest.mark.parametrize(
        "changes",
        [{"scope": "read write"}, {"resource": "https://other.example"}, {"prompt": "consent"}],
    )
    def test_more_than_was_allowed_is_asked_again(self, changes: dict[str, str]) -> None:
        assert next_step(request(**changes), PERSON, CONSENT, NOW) is Step.CONSENT

    @pytest.mark.rfc("8252", "8.6")
    @pytest.mark.parametrize("uri", ["http://127.0.0.1:99/cb", "com.example.app:/cb"])
    def test_a_native_public_client_is_always_asked(self, uri: str) -> None:
        assert next_step(request(NATIVE, redirect_uri=uri), PERSON, CONSENT, NOW) is Step.CONSENT

    @pytest.mark.rfc("8252", "8.6")
    def test_a_native_client_on_a_claimed_https_uri_is_remembered(self) -> None:
        assert next_step(request(NATIVE), PERSON, CONSENT, NOW) is Step.ISSUE

    def test_prompt_login_asks_for_a_fresh_sign_in(self) -> None:
        assert next_step(request(prompt="login"), PERSON, CONSENT, NOW) is Step.SIGN_IN

    @pytest.mark.parametrize(
        ("max_age", "step"),
        [("0", Step.SIGN_IN), ("99", Step.SIGN_IN), ("100", Step.ISSUE), ("999", Step.ISSUE)],
    )
    def test_max_age_limits_the_age_of_the_sign_in(self, max_age: str, step: Step) -> None:
        assert next_step(request(max_age=max_age), PERSON, CONSENT, NOW) is step

    def test_max_age_zero_holds_even_in_the_second_of_the_sign_in(self) -> None:
        person = Person("user", NOW)
        assert next_step(request(max_age="0"), person, CONSENT, NOW) is Step.SIGN_IN

    def test_prompt_none_never_shows_a_page(self) -> None:
        silent = request(prompt="none")
        assert next_step(silent, PERSON, CONSENT, NOW) is Step.ISSUE
        with pytest.raises(LoginRequired):
            next_step(silent, None, None, NOW)
        with pytest.raises(LoginRequired):
            next_step(request(prompt="none", max_age="1"), PERSON, CONSENT, NOW)
        with pytest.raises(ConsentRequired):
            next_step(silent, PERSON, None, NOW)


class TestWhatTravels:
    def test_only_the_parameters_of_the_request_travel(self) -> None:
        pairs = [*VALID.items(), ("nonce", "n"), ("client_secret", "s"), ("prompt", "")]
        assert travelling(pairs) == list(VALID.items())

    def test_a_sign_in_satisfies_prompt_login_and_max_age(self) -> None:
        pairs = [*VALID.items(), ("max_age", "0"), ("prompt", "login consent")]
        assert after_sign_in(pairs) == [*VALID.items(), ("prompt", "consent")]
        assert after_sign_in([*VALID.items(), ("prompt", "login")]) == list(VALID.items())
