"""Where there is nothing, a browser gets a page and a program JSON, of the same status."""

import pytest

from tests.answers import refused
from tests.harness import Server

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CASES = [
    ("GET", "/nothing", 404),
    ("GET", "/login/", 404),
    ("GET", "/static/none.css", 404),
    ("PUT", "/login", 405),
    ("GET", "/token", 405),
    ("DELETE", "/errors/htu", 405),
]

pytestmark = pytest.mark.rfc("6749", "5.2")


@pytest.mark.parametrize(("method", "path", "status"), CASES)
async def test_a_browser_gets_a_page(server: Server, method: str, path: str, status: int) -> None:
    response = await server.http.request(method, path, headers={"Accept": BROWSER})
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["cache-control"] == "no-store"
    assert ("allow" in response.headers) == (status == 405)
    assert "<h1>" in response.text
    assert path not in response.text


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/json,text/html;q=0.5", "text/html;q=0"]
)
@pytest.mark.parametrize(("method", "path", "status"), CASES)
async def test_a_program_gets_json(
    server: Server, accept: str | None, method: str, path: str, status: int
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    refused(
        await server.http.request(method, path, headers=headers), "invalid_request", status=status
    )


async def test_what_an_endpoint_refuses_stays_json_whatever_is_accepted(server: Server) -> None:
    response = await server.post({"grant_type": "x"}, [("Accept", BROWSER)])
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/json"


async def test_a_page_for_a_browser_repeats_nothing_of_the_request(server: Server) -> None:
    response = await server.http.get("/<script>x?<b>=1", headers={"Accept": BROWSER})
    assert response.status_code == 404
    assert "script" not in response.text
