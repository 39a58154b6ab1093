"""Writes docs/rfc-coverage.md from the rfc markers: ``python -m tests.rfc_coverage [--check]``."""

import contextlib
import io
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "rfc-coverage.md"
SECTIONS = ROOT / "tests" / "rfc" / "sections.toml"

Tests = dict[str, dict[str, dict[str, set[str]]]]

HEAD = """\
# RFC coverage

Which rule is tested where. Made from the `rfc` markers of the tests and the list of sections in
`tests/rfc/sections.toml` by `uv run python -m tests.rfc_coverage`; CI checks that it is current.
A section without a test says so.
"""


class Collector:
    """A pytest plugin that notes each test's rfc markers instead of running it."""

    def __init__(self) -> None:
        self.tests: Tests = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            rule = item.name.partition("[")[0].removeprefix("test_").replace("_", " ")
            where = item.path.relative_to(ROOT).as_posix()
            for marker in item.iter_markers("rfc"):
                number, section = marker.args
                self.tests[number][section][where].add(rule)


def collect() -> Tests:
    collector = Collector()
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(["--collect-only", "-q", str(ROOT / "tests")], plugins=[collector])
    if code != pytest.ExitCode.OK:
        sys.exit(f"the tests could not be collected: {code!r}")
    return collector.tests


def page(tests: Tests) -> str:
    known = tomllib.loads(SECTIONS.read_text(encoding="utf-8"))
    lines = [HEAD]
    for number in sorted({*known, *tests}, key=_number):
        entry = known.get(number, {"title": "", "sections": {}})
        name = f"RFC {number}: " if number.isdigit() else ""
        lines.append(f"## {name}{entry['title']}".rstrip(": ") + "\n")
        titles: dict[str, str] = entry["sections"]
        for section in sorted({*titles, *tests.get(number, {})}, key=_order):
            lines += _section(section, titles.get(section, ""), tests.get(number, {}))
    return "\n".join(lines).rstrip() + "\n"


def _section(section: str, title: str, tests: dict[str, dict[str, set[str]]]) -> list[str]:
    heading = f"### §{section} {title}".rstrip() + "\n"
    if not tests.get(section):
        return [heading, "No test.\n"]
    lines = [heading]
    for where in sorted(tests[section]):
        lines.append(f"`{where}`\n")
        lines += [f"- {rule}" for rule in sorted(tests[section][where])]
        lines.append("")
    return lines


def _number(name: str) -> tuple[bool, int, str]:
    """Sort RFCs by number, and after them what is no RFC."""
    return not name.isdigit(), int(name) if name.isdigit() else 0, name


def _order(section: str) -> list[tuple[bool, int, str]]:
    return [
        (not part.isdigit(), int(part) if part.isdigit() else 0, part)
        for part in section.split(".")
    ]


def main(*, check: bool) -> None:
    made = page(collect())
    if not check:
        PAGE.write_text(made, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != made:
        sys.exit("docs/rfc-coverage.md is not current; run `uv run python -m tests.rfc_coverage`")


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
