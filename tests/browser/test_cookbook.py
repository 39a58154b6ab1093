"""The single-page app of docs/clients does what its page says, in a real browser."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.flows.command_line import PASSWORD
from tests.flows.place import EMAIL, SCOPE
from tests.kitchen import CLIENTS, open_kitchen
from tests.pantry import Pantry

WITHIN = 30_000


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve the files of a folder on an origin of their own; yield it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def address(pantry: Pantry, tmp_path: Path) -> Iterator[str]:
    """Serve the app as its authors would, registered, and return its address."""
    site = tmp_path / "site"
    site.mkdir()
    for example in CLIENTS.glob("with_oidc_client_ts.*"):
        shutil.copy(example, site)
    (site / "node_modules").symlink_to(pantry.npm.directory / "node_modules")
    with (
        serve(site) as origin,
        open_kitchen(pantry, tmp_path, origin=origin, dpop_nonce="required") as kitchen,
    ):
        url = f"{origin}/with_oidc_client_ts.html"
        redirect = ("--redirect-uri", url)
        client = kitchen.place.register("--type", "spa", "--scope", SCOPE, *redirect)
        (site / "settings.json").write_text(json.dumps(kitchen.settings(client)))
        yield url


async def test_a_single_page_app_signs_in_calls_the_api_and_refreshes(
    chromium: Browser, address: str
) -> None:
    page = await chromium.new_page()
    await page.goto(address)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Email address").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Allow").click()
    told = page.locator("#told")
    await expect(told).to_have_text("Signed in", timeout=WITHIN)
    await page.get_by_role("button", name="Read my notes").click()
    await expect(told).to_contain_text("Buy milk", timeout=WITHIN)
    await page.get_by_role("button", name="Refresh").click()
    await expect(told).to_contain_text("Refreshed", timeout=WITHIN)
