"""Builds a distribution of a part of ``app``: that part, and what of ``app`` it imports.

A build hook of hatchling. All of ``app`` imports itself relatively, so its modules work as they are
below another name, ``holdfast_client`` or ``holdfast_guard``: a user's own ``app`` is never in the
way. What the package directory has itself (its public ``__init__``) goes before what ``app`` has.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_HERE = Path(__file__).resolve().parent
# An sdist carries this file beside its own copy of what it needs of ``app``.
ROOT = _HERE if (_HERE / "app").is_dir() else _HERE.parent
APP = ROOT / "app"


class ClosureHook(BuildHookInterface[Any]):
    """Puts the closure of ``parts`` into the wheel, below ``package``; into an sdist as it is."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # the library's
        package = str(self.config["package"])
        found = closure(self.config["parts"], own=Path(self.root) / package)
        files = {str(path): f"{package}/{name}" for name, path in found.items()}
        if self.target_name == "sdist":
            kept = {str(path): f"app/{name}" for name, path in found.items() if APP in path.parents}
            itself = {str(Path(__file__).resolve()): "closure.py", str(ROOT / "LICENSE"): "LICENSE"}
            files = {**files, **kept, **itself}
        else:
            files[str(ROOT / "LICENSE")] = f"{package}/LICENSE"
        build_data["force_include"].update(files)


def closure(parts: list[str], *, own: Path) -> dict[str, Path]:
    """Follow the imports of ``parts``, directories of ``app``, and of the package's own files.

    Return the files by their names in the package.
    """
    found: dict[str, Path] = {}
    waiting = [str(path.relative_to(own)) for path in own.rglob("*.py")]
    for part in parts:
        waiting += [str(path.relative_to(APP)) for path in (APP / part).rglob("*.py")]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = own / name if (own / name).exists() else APP / name
        # Importing a module imports every package above it.
        waiting += [str(above / "__init__.py") for above in Path(name).parents]
        for node in ast.walk(ast.parse(found[name].read_text(encoding="utf-8"))):
            waiting += _imported_here(Path(name), node)
    return found | {"py.typed": own / "py.typed"}


def _imported_here(name: Path, node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.ImportFrom) or not node.level:
        return
    target = name.parents[node.level - 1].joinpath(*(node.module or "").split("."))
    if (APP / target).is_dir():
        yield str(target / "__init__.py")
        for each in node.names:
            inside = target / each.name
            if (APP / inside).is_dir():
                yield str(inside / "__init__.py")
            elif (APP / inside).with_suffix(".py").exists():
                yield str(inside.with_suffix(".py"))
    else:
        yield str(target.with_suffix(".py"))
