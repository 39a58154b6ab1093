"""Every refusal of a proof leads to a page that explains it."""

import json

import pytest

from app.dpop.errors import Check, NonceRequired, ProofRefused
from app.guard.refusal import Challenger
from app.http import paths, render
from app.web.explanations import EXPLANATIONS
from tests.architecture.source import ROOT, modules
from tests.builders import ISSUER, NOW, FrozenClock
from tests.conftest import Start
from tests.harness import Server

WRITERS = {"app/http/render.py", "app/guard/refusal.py"}
ERROR_PAGES = ISSUER + paths.ERRORS


def error_uris(check: Check) -> set[str]:
    """Return the error_uri of each kind of refusal, by each of those who write any."""
    clock, challenger = FrozenClock(), Challenger(algs=("ES256",), error_pages=ERROR_PAGES)
    refusals = [ProofRefused(check, "no"), NonceRequired("no", nonce="n", check=check)]
    written = [
        json.loads(bytes(render.proof_refused(each, clock=clock, issuer=ISSUER).body))
        for each in refusals
    ]
    written += [challenger.of_proof(each, NOW).body for each in refusals]
    return {each["error_uri"] for each in written}


def test_every_check_is_explained_in_the_order_of_the_checks() -> None:
    assert list(EXPLANATIONS) == list(Check)


@pytest.mark.rfc("6749", "5.2")
@pytest.mark.parametrize("check", Check)
async def test_every_error_uri_leads_to_its_page(server: Server, check: Check) -> None:
    assert error_uris(check) == {f"{ISSUER}/errors/{check}"}
    response = await server.http.get(f"/errors/{check}")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert f"<code>{check}</code>" in response.text
    for heading in ("What it means", "Usual causes", "What to do"):
        assert heading in response.text


def test_nothing_else_writes_an_error_uri() -> None:
    """Who adds a writer must add its pages, and name it above."""
    writers = {
        str(path.relative_to(ROOT))
        for path in modules()
        if any(f'["error_uri"]{sign}' in path.read_text() for sign in (" =", "="))
        or '"error_uri":' in path.read_text()
    }
    assert writers == WRITERS


@pytest.mark.parametrize("check", Check)
async def test_a_page_names_causes_an_example_and_the_rules_source(
    server: Server, check: Check
) -> None:
    told = EXPLANATIONS[check]
    text = (await server.http.get(f"/errors/{check}")).text
    assert len(told.causes) >= 2
    assert "<pre" in text
    assert "{issuer}" not in text
    source = (
        "https://www.rfc-editor.org/rfc/rfc9449#section-" if told.section else "https://doi.org"
    )
    assert f'<a href="{source}' in text


async def test_the_page_of_htu_names_the_issuer_that_counts(start: Start) -> None:
    server = await start(issuer="https://as.example")
    text = (await server.http.get("/errors/htu")).text
    assert "https://as.example/token" in text


@pytest.mark.parametrize("path", ["/", "/errors", "/errors/htu"])
async def test_the_inspector_is_linked_where_it_is_on_only(start: Start, path: str) -> None:
    link = f'href="{paths.PROOF_INSPECTOR}"'
    for explorer in ("on", "off"):
        server = await start(explorer=explorer)
        assert (link in (await server.http.get(path)).text) == (explorer == "on")


@pytest.mark.parametrize("check", ["unknown", "%ff", "<b>"])
async def test_an_unknown_check_leads_to_the_list(server: Server, check: str) -> None:
    response = await server.http.get(f"/errors/{check}")
    assert response.status_code == 404
    assert "/errors/header.present" in response.text


async def test_the_list_names_every_check(server: Server) -> None:
    text = (await server.http.get("/errors")).text
    assert all(f'href="/errors/{check}"' in text for check in Check)
