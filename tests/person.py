"""A person with a browser that runs no scripts: follows links, reads pages, submits forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from app.accounts.sessions import BrowserSessions
from app.oauth.authentication_context import PASSWORD as PASSWORD_ACR
from app.storage.users import User
from tests.builders import s256
from tests.harness import REDIRECT_URI, SPA, VERIFIER, Fields, Server, given

PASSWORD = "correct horse battery staple"
# With the server's own parameters: any other hash would be replaced at each first sign-in.
ADA = User(
    user_id="usr_ada",
    email="ada@people.example",
    display_name="Ada",
    password_hash=PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY).hash(PASSWORD),
)
REQUEST: dict[str, str] = {
    "response_type": "code",
    "client_id": SPA.client_id,
    "redirect_uri": REDIRECT_URI,
    "scope": "read",
    "state": "af0 ifjsldkj&=",
    "code_challenge": s256(VERIFIER),
    "code_challenge_method": "S256",
}


@dataclass
class Form:
    """A form: where it goes, its fields, and its named buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(have.get("action", ""), have.get("method", "get")))
        elif tag == "input":
            self.forms[-1].fields[have["name"]] = have.get("value", "")
        elif tag == "button" and "name" in have:
            self.forms[-1].buttons.append((have["name"], have["value"]))


def forms_of(page: httpx.Response) -> list[Form]:
    """Return the forms of a page."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


async def signed_in(server: Server, user: User = ADA) -> "Person":
    """Return somebody who is signed in, without the time that a password takes."""
    stores, database = server.stores, server.parts.database
    sessions = BrowserSessions(stores.sessions, database, server.clock, lifetime=3600)
    value = await sessions.start(user.user_id, None, acr=PASSWORD_ACR)
    server.http.cookies.set("holdfast_session", value)
    return Person(server.http)


def answer_of(response: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect carries to the client."""
    assert response.status_code == 303, response.text
    return dict(parse_qsl(urlsplit(response.headers["location"]).query, keep_blank_values=True))


@dataclass
class Person:
    """Ada, with a browser of her own. No redirect is followed unless she is told to."""

    http: httpx.AsyncClient

    async def open(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers={"Sec-Fetch-Site": "none"} | headers)

    async def authorize(
        self, base: Fields | None = None, /, **changes: str | None
    ) -> httpx.Response:
        """Open a valid authorization request but for the changes."""
        request = given({**REQUEST, **(base or {}), **changes})
        return await self.open(f"/authorize?{urlencode(request)}")

    async def follow(self, response: httpx.Response) -> httpx.Response:
        """Open where a redirect within the server leads."""
        assert response.status_code == 303, response.text
        location: str = response.headers["location"]
        assert location.startswith("/"), location
        return await self.open(location)

    async def submit(
        self, page: httpx.Response, *, form: int = 0, headers: Any = None, **fields: str
    ) -> httpx.Response:
        """Submit a form of the page with these fields filled in."""
        found = forms_of(page)[form]
        return await self.http.post(
            found.action,
            data=found.fields | fields,
            headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"} | (headers or {}),
        )

    async def sign_in(
        self,
        page: httpx.Response | None = None,
        email: str = ADA.email,
        password: str = PASSWORD,
    ) -> httpx.Response:
        """Fill in the sign-in form."""
        page = page or await self.open("/login")
        assert page.status_code == 200, page.text
        return await self.submit(page, email=email, password=password)

    async def decide(self, page: httpx.Response, decision: str = "approve") -> httpx.Response:
        """Press a button of the consent page."""
        return await self.submit(page, decision=decision)

    async def code(self, **changes: str | None) -> dict[str, str]:
        """Go all the way, signing in and consenting where asked; return the answer's parameters."""
        response = await self.authorize(**changes)
        if response.headers["location"].startswith("/login"):
            response = await self.follow(await self.sign_in(await self.follow(response)))
        if response.headers["location"].startswith("/consent"):
            response = await self.decide(await self.follow(response))
        return answer_of(response)
