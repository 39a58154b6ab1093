"""The examples of docs/guard.md, as they stand there."""

import re
from typing import Any

import httpx

from app.guard import BlockingGuard, Guard
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "guard.md").read_text(encoding="utf-8")
BASE_URL = "https://api.example.com"
CHALLENGE = "DPoP algs="


def run(marker: str) -> dict[str, Any]:
    """Run the example that has the marker; return its names."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    [example] = [each for each in blocks if marker in each]
    names: dict[str, Any] = {}
    # Here the package goes by the name it has in this repository.
    exec(example.replace("holdfast_guard", "app.guard"), names)  # noqa: S102  # our own page
    return names


async def get(app: Any, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http:
        return await http.get(path)


async def test_the_example_in_fastapi() -> None:
    response = await get(run("FastApiGuard(")["app"], "/notes")
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith(CHALLENGE)


async def test_the_example_in_asgi() -> None:
    response = await get(run("GuardMiddleware(")["app"], "/notes")
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith(CHALLENGE)


def test_the_example_in_plain_python() -> None:
    names = run("def answer(environ)")
    blocking = names["guard"]
    assert isinstance(blocking, BlockingGuard)
    status, headers, _ = names["answer"]({"REQUEST_METHOD": "GET", "RAW_URI": "/notes"})
    blocking.close()
    assert status == 401
    assert headers["WWW-Authenticate"].startswith(CHALLENGE)


def test_the_example_of_introspection() -> None:
    assert isinstance(run("introspecting_guard(")["guard"], Guard)


async def test_the_example_of_metadata() -> None:
    response = await get(run("ResourceMetadata(")["app"], "/.well-known/oauth-protected-resource")
    assert response.json()["resource"] == BASE_URL
