"""What an API loads with the guard: little, and nothing of the server."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from .source import APP, ROOT, tree_of

# As in the distribution (packages/guard), whose ``state.memory`` is the replay memory alone.
LOAD = """
import json, sys, types
lean = types.ModuleType("app.state.memory")
lean.__path__ = ["app/state/memory"]
sys.modules["app.state.memory"] = lean
import app.guard, app.guard.asgi, app.guard.metadata
print(json.dumps([[name, module.__file__] for name, module in sys.modules.items()
                  if name.startswith("app.") and getattr(module, "__file__", None)]))
"""

WHOLE = {"client", "dpop", "guard"}
FEW = {
    "clock",
    "credentials",
    "oauth",
    "oauth.client",
    "oauth.client_keys",
    "oauth.description",
    "oauth.errors",
    "oauth.signed_jwt",
    "oauth.strict_json",
    "state",
    "state.keys",
    "state.memory.expiring",
    "state.memory.proofs",
}
LIBRARIES = {"cryptography", "httpx", "joserfc"}


@cache
def loaded() -> dict[str, Path]:
    """Import the guard in a process of its own; return the files of ours that this loads."""
    run = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.removeprefix("app."): Path(file) for name, file in json.loads(run.stdout)}


def test_beside_what_it_is_made_of_the_guard_loads_a_few_modules_only() -> None:
    others = {name for name in loaded() if name.partition(".")[0] not in WHOLE}
    assert others == FEW


def test_no_library_but_these_is_imported() -> None:
    imported = {name for path in loaded().values() for name in _absolute(path)}
    assert imported - sys.stdlib_module_names == LIBRARIES


@pytest.mark.parametrize(("face", "library"), [("fastapi", "fastapi"), ("redis", "redis")])
def test_a_face_that_needs_a_library_is_loaded_by_name_only(face: str, library: str) -> None:
    assert f"guard.{face}" not in loaded()
    assert (APP / "guard" / f"{face}.py").exists()
    assert library not in LIBRARIES


def _absolute(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found
