"""Every refusal of a proof leads to a page that explains it."""

import pytest

from app.dpop.errors import Check
from app.web.explanations import EXPLANATIONS
from tests.harness import Server


def test_every_check_is_explained_in_the_order_of_the_checks() -> None:
    assert list(EXPLANATIONS) == list(Check)


@pytest.mark.parametrize("check", Check)
async def test_every_error_uri_leads_to_its_page(server: Server, check: Check) -> None:
    response = await server.http.get(f"/errors/{check}")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert f"<code>{check}</code>" in response.text
    assert "Usual causes" in response.text


@pytest.mark.parametrize("check", ["unknown", "%ff", "<b>"])
async def test_an_unknown_check_leads_to_the_list(server: Server, check: str) -> None:
    response = await server.http.get(f"/errors/{check}")
    assert response.status_code == 404
    assert "/errors/header.present" in response.text


async def test_the_list_names_every_check(server: Server) -> None:
    text = (await server.http.get("/errors")).text
    assert all(f'href="/errors/{check}"' in text for check in Check)
