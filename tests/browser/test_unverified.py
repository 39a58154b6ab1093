"""The consent page of a client that registered itself, under a name meant to do harm."""

import dataclasses

import pytest

from tests.harness import SPA

from .conftest import Visit
from .test_accessibility import inspect

NAME = '</code><script>alert(1)</script><img src=x onerror="alert(2)"> Your bank, verified'


@pytest.mark.rfc("7591", "5")
async def test_a_strangers_name_is_text_and_nothing_else(scripted_visit: Visit, axe: str) -> None:
    visit, dialogs = scripted_visit, []
    visit.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    stranger = dataclasses.replace(
        SPA,
        client_id="stranger",
        client_name=NAME,
        redirect_uris=(visit.callback.uri,),
        unverified=True,
    )
    await visit.server.add(stranger)
    await visit.page.goto(visit.request(client_id="stranger"))
    await visit.sign_in()
    await visit.page.get_by_role("heading", name="Allow an unverified app?").wait_for()
    assert await visit.page.get_by_role("note").inner_text()
    assert await visit.page.locator("bdi").inner_text() == NAME
    assert await visit.page.locator("main script, main img").count() == 0
    await inspect(visit, axe)
    await visit.page.get_by_role("button", name="Deny").click()
    assert (await visit.arrive())["error"] == "access_denied"
    assert dialogs == []
