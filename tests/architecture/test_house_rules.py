"""What a stranger would want to inherit: finished code, tests that can fail, reasons given."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from .source import ROOT, functions, modules, name_of

TESTS = [path for path in modules(ROOT / "tests") if path.name.startswith("test_")]
ALL = [*modules(), *modules(ROOT / "tests"), *modules(ROOT / "migrations")]

# Waiting for a real server to come up: the condition is looked at again and again, with a deadline.
POLLING = {"wait_until"}

UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
SILENCED = re.compile(r"#\s*(?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\])(?P<reason>.*)")


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_nothing_is_left_unfinished(path: Path) -> None:
    assert not UNFINISHED.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_a_silenced_check_gives_its_reason(path: Path) -> None:
    bare = [
        line.strip()
        for line in path.read_text(encoding="utf-8").splitlines()
        if (found := SILENCED.search(line)) and len(found["reason"].strip("# ")) < 5
    ]
    assert bare == []


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_every_test_asserts(path: Path) -> None:
    helpers = _asserting_helpers()
    silent = [
        each.name
        for each in functions(path)
        if each.name.startswith("test_") and not _asserts(each, helpers)
    ]
    assert silent == []


@pytest.mark.parametrize("path", modules(ROOT / "tests"), ids=name_of)
def test_no_test_sleeps(path: Path) -> None:
    sleeping = [
        each.name
        for each in functions(path)
        if each.name not in POLLING and any(map(_sleeps, ast.walk(each)))
    ]
    assert sleeping == []


def _sleeps(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    # asyncio.sleep(0) waits for no time: it lets other tasks run.
    is_yield = [ast.unparse(each) for each in node.args] == ["0"]
    return ast.unparse(node.func) in {"time.sleep", "asyncio.sleep"} and not is_yield


@cache
def _asserting_helpers() -> frozenset[str]:
    """Name the functions of the tests' own modules that assert, or call one that does."""
    known: frozenset[str] = frozenset()
    while True:
        found = frozenset(
            each.name
            for path in modules(ROOT / "tests")
            for each in functions(path)
            if not each.name.startswith("test_") and _asserts(each, known)
        )
        if found == known:
            return known
        known = found


def _asserts(function: ast.AST, helpers: frozenset[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")[-1]
            if called in helpers or called in {"raises", "fail", "expect"} or "assert" in called:
                return True
    return False
