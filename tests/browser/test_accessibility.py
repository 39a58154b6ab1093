"""axe-core finds nothing serious on any page, in light and dark, wide and narrow."""

from typing import Any

import pytest

from .conftest import Visit

SCHEMES: tuple[Any, ...] = ("light", "dark")
SIZES = ((1280, 900), (360, 740))
RUN = "() => axe.run(document, {resultTypes: ['violations']})"


async def findings(visit: Visit, axe: str) -> list[str]:
    """Return what axe finds wrong on the open page."""
    await visit.page.evaluate(axe)
    result = await visit.page.evaluate(RUN)
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:120]}"
        for found in result["violations"]
        for node in found["nodes"]
    ]


async def scrolls_sideways(visit: Visit) -> bool:
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(await visit.page.evaluate(wide))


async def inspect(visit: Visit, axe: str) -> None:
    for width, height in SIZES:
        await visit.page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            await visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            where = f"{visit.page.url} at {width} in {scheme}"
            assert await findings(visit, axe) == [], where
            assert not await scrolls_sideways(visit), where


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/login",
        "/logout",
        "/authorize",
        "/errors",
        "/errors/htu",
        "/errors/client_key",
        "/explorer/inspect",
        "/nothing",
    ],
)
async def test_public_pages_are_accessible(scripted_visit: Visit, axe: str, path: str) -> None:
    await scripted_visit.page.goto(scripted_visit.url(path))
    await inspect(scripted_visit, axe)


async def test_the_pages_on_the_way_to_a_code_are_accessible(
    scripted_visit: Visit, axe: str
) -> None:
    visit = scripted_visit
    await visit.page.goto(visit.request())
    await inspect(visit, axe)
    await visit.sign_in("not her password")
    await inspect(visit, axe)
    await visit.sign_in()
    await visit.page.get_by_role("heading", name="Allow Photo Printing?").wait_for()
    await inspect(visit, axe)
    await visit.allow()
    await visit.arrive()
    for path in ("/account", "/logout"):
        await visit.page.goto(visit.url(path))
        await inspect(visit, axe)
