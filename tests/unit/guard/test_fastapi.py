"""The guard as FastAPI dependencies."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse

from app.guard import NonceMiddleware, Principal
from app.guard.fastapi import FastApiGuard
from tests.builders import NOW, DpopKey
from tests.protected_api import API, Api, challenged, serving


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as api:
        yield api


async def test_requirements_of_a_router_and_its_route_all_hold_and_one_proof_will_do(
    api: Api, key: DpopKey
) -> None:
    both = api.token(key, scope="notes:read notes:write")
    assert (await api.get(key, method="DELETE", token=both)).status_code == 200
    for scope in ("notes:read", "notes:write"):
        token = api.token(key, scope=scope)
        response = await api.get(key, method="DELETE", token=token)
        challenged(response, "insufficient_scope", status=403)


async def test_the_principal_is_typed_and_has_every_claim(api: Api, key: DpopKey) -> None:
    seen: list[Principal] = []

    @api.app.get("/me")
    async def me(who: Annotated[Principal, FastApiGuard(api.guard).require()]) -> None:
        seen.append(who)

    details = [{"type": "payment", "amount": "7"}]
    token = api.token(
        key,
        acr="mfa",
        auth_time=NOW - 5,
        act={"sub": "robot"},
        authorization_details=details,
        aud=[API, "https://b.example"],
        team="blue",
    )
    assert (await api.get(key, path="/me", token=token)).status_code == 200
    [who] = seen
    assert (who.subject, who.client_id, who.jkt) == ("zoe", "spa", key.jkt)
    assert who.scopes == {"notes:read"}
    assert who.audience == (API, "https://b.example")
    assert (who.acr, who.auth_time, who.expires_at) == ("mfa", NOW - 5, NOW + 300)
    assert list(who.authorization_details) == details
    assert who.act == {"sub": "robot"}
    assert who.claims["team"] == "blue"


async def test_a_predicate_decides_by_the_authorization_details(api: Api, key: DpopKey) -> None:
    def may_pay(who: Principal) -> bool:
        return any(each.get("type") == "payment" for each in who.authorization_details)

    @api.app.get("/pay", dependencies=[FastApiGuard(api.guard).require(allows=may_pay)])
    async def pay() -> str:
        return "paid"

    token = api.token(key, authorization_details=[{"type": "payment"}])
    assert (await api.get(key, path="/pay", token=token)).status_code == 200
    challenged(await api.get(key, path="/pay"), "insufficient_scope", status=403)


async def test_openapi_shows_the_scheme_and_the_scopes(api: Api) -> None:
    shown: dict[str, Any] = (await api.http.get("/openapi.json")).json()
    [scheme] = shown["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "DPoP")
    assert shown["paths"]["/notes"]["get"]["security"] == [{"DPoP": ["notes:read"]}]
    # The dependencies of a route are no parameters that a caller could set.
    assert "parameters" not in shown["paths"]["/notes"]["get"]


async def test_the_nonce_goes_with_the_answer(key: DpopKey) -> None:
    async with serving(nonce="required") as api:
        nonce = (await api.get(key)).headers["dpop-nonce"]
        assert (await api.get(key, nonce=nonce)).headers.get_list("dpop-nonce") == [nonce]


async def test_the_nonce_goes_with_a_response_of_the_endpoints_own_too(key: DpopKey) -> None:
    async with serving(nonce="required") as api:
        api.app.add_middleware(NonceMiddleware)
        router = APIRouter()

        @router.get("/file", dependencies=[FastApiGuard(api.guard).require()])
        async def file() -> PlainTextResponse:
            return PlainTextResponse("text")

        api.app.include_router(router)
        nonce = (await api.get(key)).headers["dpop-nonce"]
        for path in ("/file", "/notes"):
            response = await api.get(key, path=path, nonce=nonce)
            assert response.status_code == 200
            assert response.headers.get_list("dpop-nonce") == [nonce]
        assert "dpop-nonce" not in (await api.http.get("/openapi.json")).headers
        denied = await api.get(key, method="POST", nonce=nonce)
        challenged(denied, "insufficient_scope", status=403)


async def test_a_path_below_a_mount_and_a_router_is_the_path_as_it_was_sent(
    api: Api, key: DpopKey
) -> None:
    inner, router = FastAPI(), APIRouter(prefix="/v2")
    require = FastApiGuard(api.guard).require

    @router.get("/{name}")
    async def show(name: str, who: Annotated[Principal, require()]) -> str:
        return f"{name} for {who.subject}"

    inner.include_router(router)
    api.app.mount("/inner", inner)
    response = await api.get(key, path="/inner/v2/a%20b")
    assert response.status_code == 200, response.text
    assert response.json() == "a b for zoe"


async def test_a_root_path_is_part_of_the_url(key: DpopKey) -> None:
    async with serving(base_url=API + "/public") as api:
        transport = httpx.ASGITransport(app=api.app, root_path="/public")
        async with httpx.AsyncClient(transport=transport, base_url=API) as http:
            api.http = http
            response = await api.get(key, htu=API + "/public/notes")
            assert response.status_code == 200, response.text
