"""Puts the examples into the pages that show them: ``python -m tests.included``.

A page names the file in a comment, and the block of code after it is the file, as it is run.
"""

import re
from pathlib import Path

from tests.architecture.source import ROOT

DOCS = ROOT / "docs"
BLOCK = re.compile(
    r"^<!-- file: (?P<name>\S+) -->\n(?P<open>```\w*\n)(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def pages() -> list[Path]:
    """Return the pages that show files."""
    return [page for page in sorted(DOCS.rglob("*.md")) if BLOCK.search(_read(page))]


def current(page: Path) -> str:
    """Return the page with the files as they are now."""

    def include(block: re.Match[str]) -> str:
        text = _read(page.parent / block["name"])
        return f"<!-- file: {block['name']} -->\n{block['open']}{text}```"

    return BLOCK.sub(include, _read(page))


def shown(page: Path) -> set[Path]:
    """Return the files that the page shows."""
    return {(page.parent / block["name"]).resolve() for block in BLOCK.finditer(_read(page))}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    for page in pages():
        page.write_text(current(page), encoding="utf-8")
