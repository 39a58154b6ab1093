"""The consent page of a client that nobody registered: where it comes from stands first."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.harness import Server, listening
from tests.person import ADA
from tests.web_host import WebHost, answer, web_host

from .conftest import Callback, Visit
from .test_accessibility import inspect


@pytest.fixture
async def host(callback: Callback) -> AsyncIterator[WebHost]:
    async with web_host() as host:
        document = {
            "client_id": host.url("/client"),
            "client_name": "Your bank",
            "redirect_uris": [callback.uri],
        }
        host.answers["/client"] = answer(document)
        yield host


@pytest.fixture
async def prepared(template: Path, tmp_path: Path) -> AsyncIterator[Server]:
    async with listening(
        tmp_path / "data",
        template=template,
        client_id_metadata_documents=True,
        client_id_metadata_scopes="read",
        outbound_networks="127.0.0.0/8",
    ) as server:
        await server.add(ADA)
        yield server


async def test_the_host_is_in_the_heading_and_the_name_is_only_what_it_calls_itself(
    scripted_visit: Visit, host: WebHost, axe: str
) -> None:
    visit = scripted_visit
    await visit.page.goto(visit.request(client_id=host.url("/client")))
    await visit.sign_in()
    heading = visit.page.get_by_role("heading", name=f"Allow the app of {host.authority}?")
    await heading.wait_for()
    await expect(visit.page.get_by_role("note")).to_contain_text(host.authority)
    await expect(visit.page.locator("bdi")).to_have_text("Your bank")
    await inspect(visit, axe)
    await visit.allow()
    assert "code" in await visit.arrive()
