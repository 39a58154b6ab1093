"""Where the forms of the sign-in and consent pages may lead."""

import dataclasses

import pytest

from app.http.browser import form_targets
from tests.harness import SPA


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://client.example/callback?x=y", "https://client.example"),
        ("https://client.example:8443/", "https://client.example:8443"),
        ("http://127.0.0.1:4711/callback", "http://127.0.0.1:4711"),
        ("com.example.app:/callback", "com.example.app:"),
        # The policy's grammar has no IPv6 addresses; browsers ignore such a source.
        ("http://[::1]:4711/callback", "http:"),
    ],
)
def test_a_form_may_lead_to_the_redirect_uris_origin_or_scheme(uri: str, source: str) -> None:
    assert form_targets(dataclasses.replace(SPA, redirect_uris=(uri,)), uri) == (source,)


def test_a_form_may_lead_to_every_origin_that_the_client_registered() -> None:
    client = dataclasses.replace(
        SPA,
        redirect_uris=("https://a.example/cb", "https://a.example/other"),
        allowed_origins=("https://b.example",),
    )
    assert form_targets(client, "https://a.example/cb") == (
        "https://a.example",
        "https://b.example",
    )
