"""The import rules that import-linter cannot state, and import-linter's own run."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from .source import APP, ROOT, functions, modules, name_of, tree_of

AWAITS = {"ports.py", "client_auth.py", "admission.py"}


def test_every_import_contract_is_kept() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_code_of_ours_is_imported_relatively(path: Path) -> None:
    absolute = [
        ast.unparse(node)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.ImportFrom) and not node.level and node.module)
        and node.module.split(".")[0] == "app"
    ]
    assert absolute == []


@pytest.mark.parametrize("package", ["oauth", "dpop"])
def test_the_protocol_cores_await_only_at_their_doors(package: str) -> None:
    awaiting = [
        f"{name_of(path)}:{function.lineno} {function.name}"
        for path in modules(APP / package)
        if path.name not in AWAITS
        and not path.name.endswith("_endpoint.py")
        and path.parent.name != "grants"
        for function in functions(path)
        if isinstance(function, ast.AsyncFunctionDef)
    ]
    assert awaiting == []


def test_only_the_clock_reads_the_time() -> None:
    readers = {"time.time", "time.monotonic", "datetime.now", "datetime.utcnow", "date.today"}
    found = [
        f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"
        for path in modules()
        if path.name != "clock.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).removeprefix("datetime.") in readers
    ]
    assert found == []


@pytest.mark.parametrize("path", [p for p in modules() if p.name == "__init__.py"], ids=name_of)
def test_a_package_opens_by_saying_what_it_owns(path: Path) -> None:
    docstring = ast.get_docstring(tree_of(path)) or ""
    assert 1 <= len(docstring.splitlines()) <= 5
