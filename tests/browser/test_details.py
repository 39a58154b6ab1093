"""Consent to authorization details (RFC 9396), in a browser that runs no scripts."""

import dataclasses
from urllib.parse import urlencode

import pytest
from playwright.async_api import expect

from tests.details import LOOK, NAMES, PAY, TYPES, written
from tests.harness import Server

from .conftest import Callback, Visit, clients_of
from .test_accessibility import inspect

ALBUM = {**LOOK, "keepOriginals": True, "albums": [{"title": "W" * 300, "year": 2026}]}


@pytest.fixture
async def prepared(prepared: Server, callback: Callback) -> Server:
    await prepared.add(*TYPES)
    for client in clients_of(callback):
        await prepared.add(dataclasses.replace(client, authorization_details_types=NAMES))
    return prepared


async def asked(visit: Visit) -> None:
    await visit.page.goto(visit.request(authorization_details=written(PAY, ALBUM), scope="read"))
    await visit.sign_in()
    await visit.page.get_by_role("heading", name="Allow Photo Printing?").wait_for()


async def test_the_person_reads_every_value_and_allows_it(visit: Visit) -> None:
    await asked(visit)
    payment = visit.page.get_by_role("article").filter(has_text="Make a payment")
    for label, value in (("Amount: Amount", "123.50"), ("To", "Merchant A")):
        await expect(payment.get_by_text(label, exact=True)).to_be_visible()
        await expect(payment.get_by_text(value, exact=True)).to_be_visible()
    await visit.allow()
    assert (await visit.arrive())["code"]
    assert visit.complaints == []


async def test_values_stand_beside_their_label_on_a_wide_screen(visit: Visit) -> None:
    await asked(visit)
    label = await visit.page.get_by_text("Actions").first.bounding_box()
    for value in ("initiate", "status"):
        box = await visit.page.get_by_text(value, exact=True).bounding_box()
        assert label is not None
        assert box is not None
        assert box["x"] > label["x"] + label["width"]


async def test_the_page_is_accessible_on_every_screen(scripted_visit: Visit, axe: str) -> None:
    await asked(scripted_visit)
    await inspect(scripted_visit, axe)


async def test_the_account_page_is_too(scripted_visit: Visit, axe: str) -> None:
    await asked(scripted_visit)
    await scripted_visit.allow()
    await scripted_visit.arrive()
    await scripted_visit.page.goto(scripted_visit.url("/account"))
    await expect(scripted_visit.page.get_by_text("Merchant A")).to_be_visible()
    await inspect(scripted_visit, axe)


async def test_a_payment_is_asked_for_each_time(visit: Visit) -> None:
    await asked(visit)
    await visit.allow()
    await visit.arrive()
    visit.callback.answers.clear()
    query = urlencode({"authorization_details": written(PAY, ALBUM)})
    await visit.page.goto(f"{visit.request(scope='read')}&{query}")
    await expect(visit.page.get_by_text("Merchant A")).to_be_visible()
