"""RFC 7591 §5: what people see of a client whose name a stranger chose."""

import dataclasses
import html
import re

import pytest

from tests.conftest import Start
from tests.harness import REDIRECT_URI, Server
from tests.person import ADA, Person
from tests.registration import Registered, open_server, registered

TITLE = re.compile(r"<title>(.*?)</title>")
NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;Bank&lt;/b&gt;",
    "</code></p><h1>Your bank</h1>",
    "Drive \u05d0\u05d1\u05d2",
]


@pytest.fixture
async def server(start: Start) -> Server:
    server = await open_server(start)
    await server.add(ADA)
    return server


async def consent_page(server: Server, client: Registered, uri: str = REDIRECT_URI) -> str:
    """Sign Ada in, and return the page that asks her for the client."""
    person = Person(server.http)
    response = await person.authorize(client_id=client.client_id, redirect_uri=uri)
    page = await person.follow(await person.sign_in(await person.follow(response)))
    # The sign-in leads on to the authorization request, and that to the consent page.
    while page.status_code == 303:
        page = await person.follow(page)
    assert page.status_code == 200
    return page.text


@pytest.mark.rfc("7591", "5")
async def test_the_consent_page_says_that_nobody_checked_the_app_and_where_it_leads(
    server: Server,
) -> None:
    page = await consent_page(server, await registered(server, client_name="Your bank"))
    assert "Nobody here has checked this app." in page
    assert "Anyone can take the name that it gives itself." in page
    assert re.search(r"What you allow goes to <strong[^>]*>client\.example</strong>", page)


@pytest.mark.rfc("7591", "5")
async def test_neither_title_nor_heading_holds_a_strangers_words(server: Server) -> None:
    page = await consent_page(server, await registered(server, client_name="Your bank"))
    found = TITLE.search(page)
    assert found is not None
    assert "Your bank" not in found[1]
    assert page.count("Your bank") == 1
    assert "<code><bdi>Your bank</bdi></code>" in page


@pytest.mark.rfc("7591", "5")
@pytest.mark.parametrize("name", NAMES)
async def test_a_name_shaped_like_markup_is_shown_as_it_is(server: Server, name: str) -> None:
    client = await registered(server, client_name=name)
    page = await consent_page(server, client)
    [shown] = re.findall(r"<code><bdi>(.*?)</bdi></code>", page)
    assert html.unescape(shown) == name
    assert not set("<>\"'") & set(shown)


@pytest.mark.rfc("7591", "5")
async def test_an_app_on_the_device_is_to_be_trusted_for_what_the_person_just_did(
    server: Server,
) -> None:
    uri = "com.example.app:/callback"
    client = await registered(server, redirect_uris=[uri], token_endpoint_auth_method="none")
    page = await consent_page(server, client, uri)
    assert "Go on only if you started this yourself, just now" in page


@pytest.mark.rfc("7591", "5")
async def test_the_mark_goes_once_an_administrator_stands_for_the_client(server: Server) -> None:
    client = await registered(server, client_name="Our notes")
    stored = await server.parts.database.clients.find(client.client_id)
    assert stored is not None
    await server.add(dataclasses.replace(stored, unverified=False))
    page = await consent_page(server, client)
    assert "Nobody here has checked" not in page
    assert "Allow Our notes?" in page


@pytest.mark.rfc("7591", "5")
async def test_the_account_page_marks_the_app_too(server: Server) -> None:
    client = await registered(server, client_name="Your bank")
    await Person(server.http).code(client_id=client.client_id)
    page = await Person(server.http).open("/account")
    assert re.search(r"Your bank <small>\(unverified\)</small>", page.text)
