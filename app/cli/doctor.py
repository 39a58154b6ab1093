"""``holdfast doctor``: the command line's face of management.doctor."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from .output import AsJson, show, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..management.doctor.rule import Examined

_STYLES = {"kept": "green", "advice": "yellow", "broken": "bold red", "unknown": "dim"}


def doctor(
    *,
    reach: Annotated[
        bool, typer.Option("--reach", help="Also call the issuer, as clients do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say which rules this deployment keeps: of its profile, or of RFC 9700.

    Exits 1 if one is broken.
    """
    from .examining import examined  # noqa: PLC0415  --help must not wait for the database

    title, found = examined(reach=reach)
    broken = [each for each in found if each.finding.verdict == "broken"]
    rows = [_row(each) for each in found]
    show(
        {"rules": title, "ok": not broken, "findings": [_view(each) for each in found]},
        table(("", "where", "rule", "what was found"), rows),
        Text(f"\n{title}: {_summary(found)}"),
        as_json=as_json,
    )
    if broken:
        raise typer.Exit(1)


def _row(each: "Examined") -> tuple[object, ...]:
    verdict = each.finding.verdict.value
    marked = Text(verdict, _STYLES[verdict])
    return marked, each.rule.source, each.rule.says, each.finding.why


def _view(each: "Examined") -> dict[str, str]:
    return {
        "verdict": each.finding.verdict.value,
        "source": each.rule.source,
        "rule": each.rule.says,
        "found": each.finding.why,
    }


def _summary(found: "Sequence[Examined]") -> str:
    counts = dict.fromkeys(_STYLES, 0)
    for each in found:
        counts[each.finding.verdict.value] += 1
    told = [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join(told) + "."
