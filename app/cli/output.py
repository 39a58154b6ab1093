"""What commands print: results to stdout, for people or as JSON; everything else to stderr."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

# A pipe has no width: wide enough that no value is folded.
_PIPE_WIDTH = 200


class Failure(Exception):
    """The command cannot do it. The message is one line that says what to do next."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints plain, unfolded text into pipes."""
    found = Console(stderr=stderr, highlight=False, soft_wrap=False)
    if not found.is_terminal:
        found.width = max(found.width, _PIPE_WIDTH)
    return found


def show(data: object, *people: RenderableType, as_json: bool) -> None:
    """Print ``data`` as JSON, or what is meant for people."""
    if as_json:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    put(console(), *people)


def put(out: Console, *renderables: RenderableType) -> None:
    """Print; into a pipe without the blanks that fill lines up."""
    for each in renderables:
        if out.is_terminal or out.quiet:
            out.print(each)
            continue
        with out.capture() as captured:
            out.print(each)
        typer.echo("\n".join(line.rstrip() for line in captured.get().split("\n")), nl=False)


def say_failure(message: str) -> None:
    """Print one clear line on stderr."""
    typer.echo(f"error: {message}", err=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Lay out rows; values are shown as they are, never as markup, and folded, never cut."""
    result = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        result.add_column(name, overflow="fold")
    for row in rows:
        result.add_row(*(_cell(value) for value in row))
    return result


def facts(members: Mapping[str, Any]) -> Table:
    """Lay out names and values, one a line."""
    result = Table(box=None, pad_edge=False, show_header=False)
    result.add_column(style="bold", no_wrap=True)
    result.add_column(overflow="fold")
    for name, value in members.items():
        result.add_row(name, _cell(value))
    return result


def moment(seconds: float) -> str:
    """Write POSIX seconds for people: UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _cell(value: object) -> Text:
    return value if isinstance(value, Text) else Text(_in_words(value))


def _in_words(value: object) -> str:
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(_in_words(each) for each in value)
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value)
