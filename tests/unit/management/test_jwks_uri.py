"""Where a client publishes its keys: what may be registered, and what may be found there."""

import dataclasses
from typing import Any

import pytest
from joserfc.jwk import ECKey

from app.management import client_jwks
from app.management.client_rules import Policy, check
from app.management.client_types import ClientType
from app.management.clients import ClientManagement
from app.management.errors import Refused
from app.management.new_client import ClientChange, NewClient
from app.oauth.client import AuthMethod, Client, GrantType

URI = "https://client.example/jwks"
EC = ECKey.generate_key("P-256").as_dict(private=False)
JWKS = {"keys": [EC]}
SIGNING = Client(
    client_id="job",
    client_name="A nightly job",
    auth_method=AuthMethod.PRIVATE_KEY_JWT,
    grant_types=frozenset({GrantType.CLIENT_CREDENTIALS}),
    jwks_uri=URI,
)
NEW = NewClient(
    ClientType.SERVICE, "A nightly job", auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks_uri=URI
)


def refusal(policy: Policy | None = None, **broken: Any) -> Refused:
    check(SIGNING, policy or Policy())
    with pytest.raises(Refused) as refused:
        check(dataclasses.replace(SIGNING, **broken), policy or Policy())
    return refused.value


class TestRegistration:
    @pytest.mark.rfc("7591", "2")
    def test_keys_are_registered_or_published_but_not_both(self) -> None:
        assert refusal(jwks=JWKS).field == "jwks_uri"

    @pytest.mark.rfc("7591", "2")
    def test_a_client_that_signs_has_one_of_them(self) -> None:
        refused = refusal(jwks_uri=None)
        assert refused.field == "jwks"
        assert "jwks_uri" in refused.sentence

    def test_a_client_that_never_signs_has_neither(self) -> None:
        assert refusal(auth_method=AuthMethod.CLIENT_SECRET_BASIC).field == "jwks"

    @pytest.mark.parametrize(
        "uri", ["http://client.example/jwks", "https://a@client.example/", "jwks", "https://c.e/#a"]
    )
    def test_it_is_an_https_url(self, uri: str) -> None:
        assert refusal(jwks_uri=uri).field == "jwks_uri"

    def test_under_development_it_may_be_http_on_loopback(self) -> None:
        local = dataclasses.replace(SIGNING, jwks_uri="http://127.0.0.1:9/jwks")
        check(local, Policy(on_loopback=True))
        assert refusal(jwks_uri=local.jwks_uri).field == "jwks_uri"

    async def test_of_both_the_one_that_is_given_last_takes_the_others_place(
        self, clients: ClientManagement
    ) -> None:
        client_id = (await clients.add(NEW)).client.client_id
        registered = await clients.update(client_id, ClientChange(jwks=JWKS))
        assert (registered.jwks, registered.jwks_uri) == (JWKS, None)
        published = await clients.update(client_id, ClientChange(jwks_uri=URI))
        assert (published.jwks, published.jwks_uri) == (None, URI)


class TestWhatIsFound:
    @pytest.mark.rfc("7517", "5")
    def test_good_keys_are_kept_and_others_passed_over(self) -> None:
        others: list[Any] = [
            {"kty": "new"},
            {"kty": "oct", "k": "AA"},
            "text",
            {**EC, "use": "enc"},
        ]
        assert client_jwks.usable({"keys": [*others, EC]}) == JWKS

    def test_without_a_good_key_the_first_flaw_is_told(self) -> None:
        with pytest.raises(Refused, match="key 1 is symmetric"):
            client_jwks.usable({"keys": [{"kty": "oct", "k": "AA"}, {"kty": "new"}]})

    def test_a_published_private_key_spoils_the_set_and_is_not_repeated(self) -> None:
        with pytest.raises(Refused, match="private half") as refused:
            client_jwks.usable({"keys": [EC, {**EC, "d": "c2VjcmV0"}]})
        assert "c2VjcmV0" not in refused.value.sentence
