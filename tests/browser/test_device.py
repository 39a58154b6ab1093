"""Typing the code of a device and answering it, in a browser that runs no scripts."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.answers import issued, refused
from tests.builders import DpopKey
from tests.device import DEVICE, asked, poll
from tests.harness import API, Server
from tests.person import ADA, PASSWORD

from .conftest import Visit
from .test_accessibility import inspect


@pytest.fixture
async def codes(prepared: Server) -> dict[str, Any]:
    """Return what a television was told, which it shows now."""
    await prepared.add(DEVICE)
    return await asked(prepared, resource=API.uri)


async def enter(visit: Visit, typed: str) -> None:
    await visit.page.get_by_label("Code on your device").fill(typed)
    await visit.page.get_by_role("button", name="Continue").click()


async def confirming(visit: Visit, codes: dict[str, Any]) -> None:
    """Go as far as the page that asks."""
    await visit.page.goto(codes["verification_uri"])
    await visit.sign_in()
    await enter(visit, codes["user_code"].lower())
    await visit.page.get_by_role("heading", name="Allow A television on a device?").wait_for()


@pytest.mark.rfc("8628", "3.3")
async def test_a_code_that_is_typed_brings_tokens_to_the_device(
    visit: Visit, codes: dict[str, Any], key: DpopKey
) -> None:
    await confirming(visit, codes)
    await expect(visit.page.get_by_text(codes["user_code"], exact=True)).to_be_visible()
    await expect(visit.page.get_by_text(API.uri)).to_be_visible()
    assert refused(await poll(visit.server, codes["device_code"], key), "authorization_pending")
    await visit.allow()
    await expect(visit.page.get_by_role("heading", name="Your device is connected")).to_be_visible()
    assert issued(await poll(visit.server, codes["device_code"], key))
    assert visit.complaints == []


@pytest.mark.rfc("8628", "3.3")
async def test_the_complete_uri_fills_the_code_in_and_leaves_the_rest_to_the_person(
    visit: Visit, codes: dict[str, Any], key: DpopKey
) -> None:
    await visit.page.goto(codes["verification_uri_complete"])
    await visit.sign_in()
    field = visit.page.get_by_label("Code on your device")
    await expect(field).to_have_value(codes["user_code"])
    await visit.page.get_by_role("button", name="Continue").click()
    await visit.page.get_by_role("button", name="Deny").click()
    await expect(visit.page.get_by_role("heading", name="The device was refused")).to_be_visible()
    assert refused(await poll(visit.server, codes["device_code"], key), "access_denied")
    assert visit.complaints == []


async def test_the_way_can_be_gone_by_keyboard_alone(
    visit: Visit, codes: dict[str, Any], key: DpopKey
) -> None:
    await visit.page.goto(codes["verification_uri"])
    keyboard = visit.page.keyboard
    await keyboard.type(ADA.email)
    await keyboard.press("Tab")
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")
    # The field has the focus from the start; the return key sends the form.
    await expect(visit.page.get_by_label("Code on your device")).to_be_focused()
    await keyboard.type(codes["user_code"].replace("-", ""))
    await keyboard.press("Enter")
    allow = visit.page.get_by_role("button", name="Allow")
    await allow.wait_for()
    for _ in range(10):
        await keyboard.press("Tab")
        if await visit.page.locator("button:focus").count():
            break
    await expect(allow).to_be_focused()
    await keyboard.press("Enter")
    await expect(visit.page.get_by_role("heading", name="Your device is connected")).to_be_visible()
    assert issued(await poll(visit.server, codes["device_code"], key))


async def test_a_wrong_code_is_said_and_can_be_corrected(
    visit: Visit, codes: dict[str, Any]
) -> None:
    await visit.page.goto(codes["verification_uri"])
    await visit.sign_in()
    field = visit.page.get_by_label("Code on your device")
    await enter(visit, "BBBB")
    alert = visit.page.get_by_role("alert")
    await expect(alert).to_contain_text("This code is wrong, has expired, or was answered already.")
    await expect(visit.page).to_have_title("Problem: Connect a device | Holdfast")
    await expect(field).to_have_value("BBBB")
    assert "This code is wrong" in await _description(visit)
    await enter(visit, codes["user_code"])
    heading = visit.page.get_by_role("heading", name="Allow A television on a device?")
    await expect(heading).to_be_visible()


async def _description(visit: Visit) -> str:
    """Return what a screen reader says of the field."""
    field = visit.page.get_by_label("Code on your device")
    ids = (await field.get_attribute("aria-describedby") or "").split()
    return " ".join([await visit.page.locator(f"#{each}").inner_text() for each in ids])


async def test_the_pages_are_accessible(
    scripted_visit: Visit, codes: dict[str, Any], axe: str
) -> None:
    visit = scripted_visit
    await visit.page.goto(codes["verification_uri"])
    await visit.sign_in()
    await inspect(visit, axe)
    await enter(visit, "BBBB")
    await visit.page.get_by_role("alert").wait_for()
    await inspect(visit, axe)
    await enter(visit, codes["user_code"])
    await visit.page.get_by_role("heading", name="Allow A television on a device?").wait_for()
    await inspect(visit, axe)
    await visit.allow()
    await visit.page.get_by_role("heading", name="Your device is connected").wait_for()
    await inspect(visit, axe)
