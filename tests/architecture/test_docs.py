"""The documentation names everything that is there: settings, endpoints, commands, checks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.root import root
from app.dpop.errors import Check
from app.http import paths
from app.settings import PREFIX, Settings
from tests.architecture.source import ROOT
from tests.harness import Server

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    found = getattr(command, "commands", {})
    if not found:
        yield name, command
    for part, sub in found.items():
        yield from commands(f"{name} {part}", sub)


COMMANDS = dict(commands("holdfast", typer.main.get_command(root)))


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_in_its_own_words(name: str) -> None:
    field = Settings.model_fields[name]
    [row] = [
        line for line in page("settings.md").splitlines() if f"| `{PREFIX}{name.upper()}` |" in line
    ]
    assert field.description
    assert field.description in row
    if field.default not in (None, "", ()):
        default = field.default
        told = ",".join(default) if isinstance(default, tuple) else str(default)
        assert f"`{told.lower() if isinstance(default, bool) else told}`" in row


def test_no_setting_is_documented_that_is_not_there() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    told = {
        name
        for path in PAGES
        for name in re.findall(rf"{PREFIX}[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
        if not name.startswith((f"{PREFIX}SERVICE", f"{PREFIX}PORT"))
    }
    assert told - known == set()


async def test_every_endpoint_is_documented(server: Server) -> None:
    told = set(re.findall(r"/[a-z.{}/_-]*", page("endpoints.md")))
    routers = [getattr(each, "original_router", None) for each in server.app.routes]
    served = {route.path for router in routers if router is not None for route in router.routes}
    assert {paths.TOKEN, paths.AUTHORIZE, paths.METADATA} <= served
    missing = {path for path in served if path not in told and not path.startswith(paths.STATIC)}
    assert missing == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    text = page("cli.md")
    assert f"`{name}" in text
    options = {
        option
        for parameter in COMMANDS[name].params
        for option in [*parameter.opts, *parameter.secondary_opts]
        if option.startswith("--") and option not in {"--json", "--help"}
    }
    assert {option for option in options if not re.search(rf"{option}\b(?!-)", text)} == set()


def test_every_check_of_a_proof_is_documented_in_its_order() -> None:
    told = re.findall(r"^\| `([a-z_.]+)` \|", page("dpop.md"), re.MULTILINE)
    assert [each for each in told if each in set(Check)] == [check.value for check in Check]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in LINK.finditer(path.read_text(encoding="utf-8")):
        target = path.parent / link["path"] if link["path"] else path
        assert target.exists(), link[0]
        if link["anchor"]:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {
                re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings
            }
            assert link["anchor"] in anchors, link[0]


def test_the_readme_opens_with_the_two_commands() -> None:
    blocks = re.findall(
        r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert blocks[:2] == [
        "pip install uv && uv run holdfast demo\n",
        "pip install uv && uv run pytest\n",
    ]
