"""The proof inspector in a browser: by keyboard, without scripts, and under its strict policy."""

from playwright.async_api import expect

from tests.builders import DpopKey

from .conftest import Visit
from .test_accessibility import inspect

PATH = "/explorer/inspect"
SECRET = "S3CRET" * 4


def trace(visit: Visit, proof: str) -> str:
    host = visit.server.settings.issuer.removeprefix("http://")
    return (
        f"* Connected\n> POST /token HTTP/1.1\n> Host: {host}\n> Authorization: Basic {SECRET}\n"
        f"> Content-Type: application/x-www-form-urlencoded\n> DPoP: {proof}\n>\n"
        "< HTTP/1.1 400 Bad Request\n"
    )


async def test_a_refused_request_is_explained_by_keyboard_alone(visit: Visit, key: DpopKey) -> None:
    page, hosts = visit.page, set[str]()
    page.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3])))
    await page.goto(visit.url(PATH))
    await page.get_by_label("Proof or request").focus()
    proof = visit.server.proof(key, htu="https://other.example/token")
    await page.keyboard.insert_text(trace(visit, proof))
    # Past the summary of what is optional, to the button.
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Inspect")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Result: Inspect a DPoP proof | Holdfast")
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("refuses the proof at the check htu")
    failed = page.locator(".checks > .failed")
    await expect(failed).to_have_count(1)
    await expect(failed).to_contain_text(visit.server.token_endpoint)
    await expect(failed).to_contain_text("https://other.example/token")
    assert SECRET not in await page.content()
    await alert.get_by_role("link", name="htu").click()
    await page.get_by_role("heading", name="The proof is for another URI").wait_for()
    await page.get_by_role("link", name="Inspect your proof").click()
    await expect(page.get_by_label("Proof or request")).to_have_value("")
    assert hosts == {visit.server.settings.issuer}
    assert visit.complaints == []


async def test_a_valid_proof_is_said_to_be_one(visit: Visit, key: DpopKey) -> None:
    await visit.page.goto(visit.url(PATH))
    await visit.page.get_by_label("Proof or request").fill(visit.server.proof(key))
    await visit.page.get_by_role("button", name="Inspect").click()
    await expect(visit.page.get_by_role("status")).to_contain_text("No check fails")
    await expect(visit.page.locator(".checks > .failed")).to_have_count(0)
    assert visit.complaints == []


async def test_what_the_paste_does_not_say_can_be_said(visit: Visit, key: DpopKey) -> None:
    page = visit.page
    await page.goto(visit.url(PATH))
    proof = visit.server.proof(key, htm="GET", htu="https://api.example/x")
    await page.get_by_label("Proof or request").fill(proof)
    await page.get_by_text("More about the request").click()
    await page.get_by_label("Method of the request").fill("GET")
    await page.get_by_label("URL of the request").fill("https://api.example/x")
    await page.get_by_role("button", name="Inspect").click()
    await expect(page.get_by_role("status")).to_contain_text("No check fails")
    await expect(page.get_by_label("Method of the request")).to_have_value("GET")
    assert visit.complaints == []


async def test_the_results_are_accessible(scripted_visit: Visit, axe: str, key: DpopKey) -> None:
    visit = scripted_visit
    private = key.key.as_dict(private=True)
    proof = visit.server.proof(key, htu="https://other.example/token", header={"jwk": private})
    for pasted in (visit.server.proof(key), trace(visit, proof)):
        await visit.page.goto(visit.url(PATH))
        await visit.page.get_by_label("Proof or request").fill(pasted)
        await visit.page.get_by_role("button", name="Inspect").click()
        await visit.page.locator(".checks").wait_for()
        await visit.page.get_by_text("More about the request").click()
        await inspect(visit, axe)
    assert visit.complaints == []
