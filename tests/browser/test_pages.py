"""Signing in and consenting, in a browser that runs no scripts."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.person import ADA, REQUEST

from .conftest import Visit


async def test_sign_in_and_consent_bring_a_code_to_the_client(visit: Visit) -> None:
    await visit.page.goto(visit.request())
    await expect(visit.page).to_have_title("Sign in | Holdfast")
    await expect(visit.page.get_by_text("to continue to Photo Printing")).to_be_visible()
    await visit.sign_in()
    await expect(visit.page.get_by_role("heading", name="Allow Photo Printing?")).to_be_visible()
    await visit.allow()
    answer = await visit.arrive()
    assert answer.keys() == {"code", "state", "iss"}
    assert answer["state"] == REQUEST["state"]
    assert answer["iss"] == visit.server.settings.issuer
    assert visit.complaints == []


async def test_the_browser_can_be_worked_by_keyboard_alone(visit: Visit) -> None:
    await visit.page.goto(visit.request())
    keyboard = visit.page.keyboard
    # The address has the focus from the start; the return key sends the form.
    await keyboard.type(ADA.email)
    await keyboard.press("Tab")
    await keyboard.type("correct horse battery staple")
    await keyboard.press("Enter")
    await visit.page.get_by_role("heading", name="Allow Photo Printing?").wait_for()
    allow = visit.page.get_by_role("button", name="Allow")
    for _ in range(10):
        await keyboard.press("Tab")
        if await visit.page.locator("button:focus").count():
            break
    await expect(allow).to_be_focused()
    assert await visit.page.locator("button:focus-visible").count() == 1
    await keyboard.press("Enter")
    assert (await visit.arrive())["code"]


async def test_denial_reaches_the_client(visit: Visit) -> None:
    await visit.page.goto(visit.request())
    await visit.sign_in()
    await visit.page.get_by_role("button", name="Deny").click()
    assert (await visit.arrive())["error"] == "access_denied"
    assert visit.complaints == []


async def test_a_remembered_consent_is_not_asked_twice(visit: Visit) -> None:
    await visit.page.goto(visit.request())
    await visit.sign_in()
    await visit.allow()
    await visit.arrive()
    visit.callback.answers.clear()
    await visit.page.goto(visit.request())
    assert (await visit.arrive())["code"]


async def test_a_remembered_consent_lets_the_sign_in_lead_straight_to_the_client(
    visit: Visit,
) -> None:
    await visit.page.goto(visit.request())
    await visit.sign_in()
    await visit.allow()
    await visit.arrive()
    visit.callback.answers.clear()
    await visit.page.goto(visit.request(prompt="login"))
    await visit.sign_in()
    assert (await visit.arrive())["code"]
    assert visit.complaints == []


@pytest.mark.rfc("8252", "8.6")
async def test_a_native_app_is_asked_for_every_time(visit: Visit) -> None:
    native = visit.request(client_id="native-app")
    await visit.page.goto(native)
    await visit.sign_in()
    for _ in range(2):
        await expect(visit.page.get_by_text("an app on this device")).to_be_visible()
        await visit.allow()
        assert (await visit.arrive())["code"]
        visit.callback.answers.clear()
        await visit.page.goto(native)


async def test_a_wrong_password_is_said_and_can_be_corrected(visit: Visit) -> None:
    await visit.page.goto(visit.request())
    await visit.sign_in("not her password")
    alert = visit.page.get_by_role("alert")
    await expect(alert).to_have_text("The email address or the password is wrong.")
    await expect(visit.page).to_have_title("Problem: Sign in | Holdfast")
    password = visit.page.get_by_label("Password")
    await expect(visit.page.get_by_label("Email address")).to_have_value(ADA.email)
    await expect(password).to_be_focused()
    await expect(password).to_have_value("")
    await expect(password).to_have_accessible_description(await alert.inner_text())
    await visit.sign_in()
    await visit.allow()
    assert (await visit.arrive())["code"]


async def test_an_untrusted_request_stays_on_a_page_that_explains(visit: Visit) -> None:
    await visit.page.goto(visit.request(redirect_uri="http://localhost:1/evil"))
    heading = visit.page.get_by_role("heading", name="This request cannot be answered")
    await expect(heading).to_be_visible()
    assert visit.callback.answers == []


async def test_a_permission_can_be_taken_back_and_the_person_signs_out(visit: Visit) -> None:
    await visit.page.goto(visit.request())
    await visit.sign_in()
    await visit.allow()
    await visit.arrive()
    await visit.page.goto(visit.url("/account"))
    remove = visit.page.get_by_role("button", name="Remove access")
    await expect(remove).to_have_accessible_description("Photo Printing")
    await remove.click()
    await expect(visit.page.get_by_text("None so far.")).to_be_visible()
    await visit.page.get_by_role("button", name="Sign out").click()
    await expect(visit.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    await visit.page.goto(visit.url("/account"))
    await expect(visit.page).to_have_title("Sign in | Holdfast")
    assert visit.complaints == []


async def test_a_post_from_the_clients_site_finds_the_person_signed_in(visit: Visit) -> None:
    await visit.page.goto(visit.url("/login"))
    await visit.sign_in()
    await visit.page.get_by_role("heading", name="Your account").wait_for()
    fields = REQUEST | {"client_id": "web-app", "redirect_uri": visit.callback.uri}
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    target = visit.url("/authorize")
    form = f'<form method="post" action="{target}">{inputs}<button>Go</button></form>'

    await visit.page.route(
        "http://localhost:*/start",
        lambda route: asyncio.ensure_future(route.fulfill(body=form, content_type="text/html")),
    )
    await visit.page.goto(visit.callback.uri.replace("/callback", "/start"))
    await visit.page.get_by_role("button", name="Go").click()
    await expect(visit.page.get_by_role("heading", name="Allow Photo Printing?")).to_be_visible()


async def test_no_site_can_sign_the_browser_in_to_another_account(visit: Visit) -> None:
    fields = {"email": ADA.email, "password": "correct horse battery staple", "csrf": "x"}
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    target = visit.url("/login")
    form = f'<form method="post" action="{target}">{inputs}<button>Go</button></form>'
    await visit.page.route(
        "http://localhost:*/start",
        lambda route: asyncio.ensure_future(route.fulfill(body=form, content_type="text/html")),
    )
    await visit.page.goto(visit.callback.uri.replace("/callback", "/start"))
    await visit.page.get_by_role("button", name="Go").click()
    await expect(
        visit.page.get_by_role("heading", name="This page was out of date")
    ).to_be_visible()
    await visit.page.goto(visit.url("/account"))
    await expect(visit.page).to_have_title("Sign in | Holdfast")
