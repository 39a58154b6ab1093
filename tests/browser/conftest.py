"""Headless Chromium against a listening server, and a client that waits for its callback."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from app.oauth.client import ApplicationType, Client
from tests.harness import SPA, Server
from tests.npm_packages import Npm
from tests.person import ADA, PASSWORD, REQUEST
from tests.servers import ServerMissing, missing

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DONE = b"<!doctype html><html lang=en><title>Done</title><h1>Back at the client</h1>"


@dataclass
class Callback:
    """The client's redirect endpoint: a tiny server that keeps the answers it gets."""

    port: int
    answers: list[dict[str, str]] = field(default_factory=list)

    # On another site than the server's 127.0.0.1, as a real client is.
    @property
    def uri(self) -> str:
        return f"http://localhost:{self.port}/callback"

    @property
    def answer(self) -> dict[str, str]:
        """Return the one answer that came."""
        assert len(self.answers) == 1, self.answers
        return self.answers[0]


@asynccontextmanager
async def listening_callback() -> AsyncIterator[Callback]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        target = urlsplit(head.split(" ")[1])
        if target.path == "/callback":
            assert "referer:" not in head.lower()
            listening.answers.append(dict(parse_qsl(target.query)))
        fields = b"Content-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + fields % len(DONE) + DONE)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "localhost", 0)
    listening = Callback(server.sockets[0].getsockname()[1])
    async with server:
        yield listening


@dataclass
class Visit:
    """Ada at a browser, before a server with clients that send her there."""

    server: Server
    callback: Callback
    page: Page
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Keep whatever the browser complains about."""
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))

    def url(self, path: str) -> str:
        return self.server.settings.issuer + path

    def request(self, **changes: str) -> str:
        """Return the address of a valid authorization request but for the changes."""
        base = REQUEST | {"client_id": "web-app", "redirect_uri": self.callback.uri}
        return self.url(f"/authorize?{urlencode(base | changes)}")

    async def sign_in(self, password: str = PASSWORD) -> None:
        await self.page.get_by_label("Email address").fill(ADA.email)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Sign in").click()

    async def allow(self) -> None:
        await self.page.get_by_role("button", name="Allow").click()

    async def arrive(self) -> dict[str, str]:
        """Wait until the browser is back at the client, and return the answer it brought."""
        await self.page.get_by_role("heading", name="Back at the client").wait_for()
        return self.callback.answer


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        missing(ServerMissing("no chromium on this machine: browser tests left out"))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def callback() -> AsyncIterator[Callback]:
    async with listening_callback() as listening:
        yield listening


def clients_of(callback: Callback) -> tuple[Client, ...]:
    """Return a web app and a native app that wait at the callback."""
    common = {
        "auth_method": SPA.auth_method,
        "grant_types": SPA.grant_types,
        "scopes": SPA.scopes,
    }
    web = Client("web-app", "Photo Printing", redirect_uris=(callback.uri,), **common)  # type: ignore[arg-type]  # as in SPA
    native = Client(
        "native-app",
        "Photo Phone",
        application_type=ApplicationType.NATIVE,
        redirect_uris=("http://localhost/callback",),
        **common,  # type: ignore[arg-type]  # as in SPA
    )
    return web, native


@asynccontextmanager
async def visiting(
    browser: Browser, server: Server, callback: Callback, *, scripts: bool
) -> AsyncIterator[Visit]:
    context: BrowserContext = await browser.new_context(java_script_enabled=scripts)
    visit = Visit(server, callback, await context.new_page())
    visit.watch()
    yield visit
    await context.close()


@pytest.fixture
async def prepared(listening_server: Server, callback: Callback) -> Server:
    await listening_server.add(ADA, *clients_of(callback))
    return listening_server


@pytest.fixture
async def visit(chromium: Browser, prepared: Server, callback: Callback) -> AsyncIterator[Visit]:
    """A browser without JavaScript."""
    async with visiting(chromium, prepared, callback, scripts=False) as made:
        yield made


@pytest.fixture
async def scripted_visit(
    chromium: Browser, prepared: Server, callback: Callback
) -> AsyncIterator[Visit]:
    """A browser with JavaScript, for tools that look into the page."""
    async with visiting(chromium, prepared, callback, scripts=True) as made:
        yield made


@pytest.fixture(scope="session")
def axe(npm: Npm) -> str:
    """Return the source of axe-core."""
    return (npm.package("axe-core") / "axe.min.js").read_text()
