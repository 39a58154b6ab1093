"""How the demo prints: plain paragraphs and indented blocks, readable at any width."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.json import JSON
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

MAX_WIDTH = 96
INDENT = 4
GAP = 2
# The columns that an explanation needs beside a value, and the characters shown of a long value.
MEANING = 18
SHOWN = 44


def page(*, quiet: bool) -> Console:
    """Return a console no wider than reads well; 80 columns where there is no terminal."""
    found = Console(highlight=False, quiet=quiet)
    found.width = min(found.width, MAX_WIDTH)
    return found


def heading(number: int, title: str) -> RenderableType:
    """Head a step."""
    return Group(Text(), Text(f"{number}. {title}", "bold"), Rule(style="dim"), Text())


def paragraph(text: str) -> RenderableType:
    """Say something; ``*words*`` stand out."""
    result = Text()
    for position, part in enumerate(text.split("*")):
        result.append(part, style="bold" if position % 2 else "")
    result.append("\n")
    return result


def block(*lines: RenderableType) -> RenderableType:
    """Set something off from the text."""
    return Padding(Group(*lines), (0, 0, 1, INDENT))


def line(text: str, style: str = "") -> Text:
    """Return one line of a block, folded where it is too long."""
    return Text(text, style=style, overflow="fold")


def json_lines(members: Mapping[str, Any]) -> RenderableType:
    """Show a JSON object, long lines folded."""
    shown = JSON(json.dumps(members), indent=2).text
    shown.no_wrap, shown.overflow = False, "fold"
    return shown


def members(title: str, rows: Sequence[tuple[str, object, str]], *, width: int) -> RenderableType:
    """Show names, values and what they mean: beside each other, or below where it is narrow."""
    shown = [(name, _shown(value), meaning) for name, value, meaning in rows]
    taken = INDENT + sum(max(len(row[column]) for row in shown) + GAP for column in (0, 1))
    laid_out = _below(shown) if width - taken < MEANING else _beside(shown)
    return block(line(title, "bold"), laid_out)


def _beside(rows: Sequence[tuple[str, str, str]]) -> RenderableType:
    result = Table(box=None, pad_edge=False, show_header=False, padding=(0, GAP, 0, 0))
    result.add_column(no_wrap=True)
    result.add_column(no_wrap=True)
    result.add_column()
    for name, value, meaning in rows:
        result.add_row(Text(name, "cyan"), Text(value), Text(meaning, "dim"))
    return result


def _below(rows: Sequence[tuple[str, str, str]]) -> RenderableType:
    lines: list[RenderableType] = []
    for name, value, meaning in rows:
        lines.append(Text.assemble((name, "cyan"), " ", value, overflow="fold"))
        if meaning:
            lines.append(Padding(Text(meaning, "dim"), (0, 0, 0, 2)))
    return Group(*lines)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        limit = SHOWN if len(value) == 1 else 16
        return ", ".join(f"{name} {shortened(str(each), limit)}" for name, each in value.items())
    return shortened(str(value))


def shortened(value: str, limit: int = SHOWN) -> str:
    """Cut a long value, and say how long it is."""
    return value if len(value) <= limit else f"{value[: limit - 12]}… ({len(value)} chars)"


def jwt_parts(compact: str) -> Text:
    """Show a compact JWS, its three parts apart."""
    header, payload, signature = compact.split(".")
    return Text.assemble(
        (header, "cyan"), ".", (payload, "green"), ".", (signature, "magenta"), overflow="fold"
    )


def verdict(text: str, *, good: bool = True) -> RenderableType:
    """Say what a step has shown."""
    mark, style = ("✓", "bold green") if good else ("✗", "bold red")
    return block(Text.assemble((f"{mark} ", style), (text, style)))
