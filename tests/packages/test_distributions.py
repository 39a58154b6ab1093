"""holdfast-client and holdfast-guard, installed beside a project that has an ``app`` of its own."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.flows.command_line import Shell
from tests.wheels import PARTS, WITHIN, uv

PROJECT = Path(__file__).parent / "project"


@dataclass(frozen=True)
class Wheel:
    """A wheel that was built."""

    path: Path

    @property
    def package(self) -> str:
        return self.path.name.partition("-")[0]

    def read(self, name: str) -> str:
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name).decode()

    @property
    def names(self) -> list[str]:
        with zipfile.ZipFile(self.path) as archive:
            return archive.namelist()

    @property
    def requirements(self) -> set[str]:
        """The names of the distributions it requires, those of its extras among them."""
        [metadata] = [name for name in self.names if name.endswith(".dist-info/METADATA")]
        found = HeaderParser().parsestr(self.read(metadata)).get_all("Requires-Dist") or []
        return {re.split(r"[^A-Za-z0-9_-]", each)[0] for each in found}

    def imports(self) -> Iterator[tuple[str, str]]:
        """Yield each file that imports something absolutely, and what."""
        for name in self.names:
            for node in ast.walk(ast.parse(self.read(name))) if name.endswith(".py") else ():
                if isinstance(node, ast.Import):
                    yield from ((name, each.name.partition(".")[0]) for each in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    yield name, node.module.partition(".")[0]


@pytest.fixture(scope="module")
def wheels(published: dict[str, Path]) -> dict[str, Wheel]:
    return {part: Wheel(path) for part, path in published.items()}


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment, and an empty directory to run in."""

    directory: Path

    @property
    def python(self) -> Path:
        return self.directory / "venv" / "bin" / "python"

    def install(self, *what: str | Path) -> None:
        uv("pip", "install", "--quiet", "--python", self.python, *what)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.python, "-I", *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, Wheel]) -> Environment:
    """Both distributions, without extras."""
    environment = Environment(tmp_path_factory.mktemp("bare"))
    uv("venv", "--quiet", "--python", sys.executable, environment.directory / "venv")
    environment.install(*(wheel.path for wheel in wheels.values()))
    return environment


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, Wheel]) -> Environment:
    """Both distributions, with extras, beside the project with an ``app`` of its own."""
    environment = Environment(tmp_path_factory.mktemp("together"))
    uv("venv", "--quiet", "--python", sys.executable, environment.directory / "venv")
    extras = {"client": "authlib,requests", "guard": "fastapi,redis"}
    environment.install(
        *(f"{wheels[part].path}[{extra}]" for part, extra in extras.items()), PROJECT
    )
    return environment


@pytest.mark.parametrize("part", PARTS)
def test_a_wheel_holds_its_own_package_only(wheels: dict[str, Wheel], part: str) -> None:
    wheel = wheels[part]
    assert {name.partition("/")[0].partition("-")[0] for name in wheel.names} == {
        f"holdfast_{part}"
    }
    assert {f"holdfast_{part}/py.typed", f"holdfast_{part}/LICENSE"} <= set(wheel.names)


@pytest.mark.parametrize("part", PARTS)
def test_an_sdist_builds_the_same_wheel_far_from_this_tree(
    wheels: dict[str, Wheel], part: str, tmp_path: Path
) -> None:
    # First the sdist, and from what is in it the wheel.
    uv("build", "--quiet", "--out-dir", tmp_path, ROOT / "packages" / part)
    assert Wheel(next(tmp_path.glob("*.whl"))).names == wheels[part].names


@pytest.mark.parametrize("part", PARTS)
def test_a_distribution_has_the_version_of_the_server(part: str) -> None:
    read = [ROOT / "pyproject.toml", ROOT / "packages" / part / "pyproject.toml"]
    ours, theirs = (tomllib.loads(path.read_text("utf-8"))["project"]["version"] for path in read)
    assert theirs == ours


@pytest.mark.parametrize("part", PARTS)
def test_a_wheel_holds_nothing_of_the_server(wheels: dict[str, Wheel], part: str) -> None:
    of_the_server = {"storage", "accounts", "management", "routes", "web", "cli", "composition"}
    held = {name.split("/")[1] for name in wheels[part].names}
    assert held & {*of_the_server, "main.py", "settings.py", "parts.py"} == set()


@pytest.mark.parametrize("part", PARTS)
def test_a_wheel_requires_what_it_imports_and_no_more(wheels: dict[str, Wheel], part: str) -> None:
    wheel = wheels[part]
    imported = {name for _, name in wheel.imports()} - sys.stdlib_module_names
    assert "app" not in imported
    assert imported == wheel.requirements


def test_without_extras_they_import_and_need_no_framework(bare: Environment) -> None:
    script = """
import importlib.util, holdfast_client, holdfast_guard
absent = [n for n in ("fastapi", "redis", "authlib", "app") if importlib.util.find_spec(n) is None]
key = holdfast_client.DpopKey.generate()
print(absent, holdfast_client.sign_proof(key, "GET", "https://api.example/").count("."))
"""
    assert bare.run("-c", script) == "['fastapi', 'redis', 'authlib', 'app'] 2\n"


def test_every_module_of_both_imports_where_the_extras_are(together: Environment) -> None:
    script = """
import importlib, pkgutil, warnings
warnings.simplefilter("ignore")
for name in ("holdfast_client", "holdfast_guard"):
    package = importlib.import_module(name)
    found = [m.name for m in pkgutil.walk_packages(package.__path__, name + ".")]
    for module in found:
        importlib.import_module(module)
    print(name, len(found) > 10)
"""
    assert together.run("-c", script) == "holdfast_client True\nholdfast_guard True\n"


def documented() -> list[str]:
    """Return every import of ours in the pages and examples."""
    pages = [path for path in (ROOT / "docs").rglob("*") if path.suffix in {".md", ".py"}]
    pages += (ROOT / "packages").glob("*/README.md")
    line = re.compile(r"^from holdfast_(?:client|guard)[\w.]* import [\w, ]+", re.MULTILINE)
    return sorted({each for path in pages for each in line.findall(path.read_text("utf-8"))})


def test_every_import_that_the_pages_show_works(together: Environment) -> None:
    assert len(documented()) > 10
    together.run("-W", "ignore", "-c", "\n".join(documented()))


def test_a_project_with_an_app_of_its_own_calls_and_guards_an_api(
    together: Environment, tmp_path: Path
) -> None:
    shell = Shell(tmp_path / "data")
    added = shell.json(
        *("client", "add", "--type", "service", "--name", "A service", "--scope", "read")
    )
    client_id, secret = added["client_id"], added["client_secret"]
    with shell.serve() as told:
        said = together.run("-W", "ignore", "-m", "app.main", told["issuer"], client_id, secret)
    assert json.loads(said) == {
        "holder": [200, {"client_id": client_id}],
        "thief": 401,
        "the same proof twice": [200, 401],
        "whose": ["somebody's own", "somebody's own", "holdfast_guard.guard.redis"],
    }


TYPED = """
from holdfast_client import DpopKey, sign_proof
from holdfast_guard import Principal

proof: str = sign_proof(DpopKey.generate(), "GET", "https://api.example/")
wrong: int = proof

def subject(principal: Principal) -> int:
    return principal.subject
"""


def test_what_is_installed_is_typed(together: Environment) -> None:
    (together.directory / "typed.py").write_text(TYPED)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent")
    checked = subprocess.run(
        [*mypy, "--python-executable", together.python, "typed.py"],
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
        cwd=together.directory,
    )
    assert [line.partition(":")[2].partition(":")[0] for line in checked.stdout.splitlines()] == [
        "6",
        "9",
        "",
    ], checked.stdout + checked.stderr
