"""Shows a proof and what each check says of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from ..clock import SystemClock
from ..dpop.inquiry import Inquiry, NoUrl, Rules, Told, inquire
from ..dpop.inspection import Finding, Verdict
from ..http import paths
from ..settings import Settings, load_settings
from .output import Failure, facts, show, table

STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_JUDGED: "dim"}


def report(text: str, told: Told, *, as_json: bool) -> None:
    """Print the decoded proof and all findings. Raises Failure if a check failed."""
    try:
        found = inquire(text, rules_of(load_settings()), now=SystemClock().now(), told=told)
    except NoUrl as error:
        raise Failure(f"--url: {error}") from None
    show(_for_programs(found), *_for_people(found), as_json=as_json)
    if found.failed:
        raise Failure(_summary(found.failed))


def rules_of(settings: Settings) -> Rules:
    """Return what this deployment asks of proofs."""
    return Rules(
        issuer=settings.issuer,
        token_endpoint=settings.issuer + paths.TOKEN,
        endpoints=paths.PROVEN,
        algs=frozenset(settings.dpop_algs),
        policy=settings.dpop_nonce,
        latest=settings.rules.latest,
    )


def _for_programs(found: Inquiry) -> dict[str, Any]:
    return {
        "method": found.at.method,
        "url": found.at.uri,
        **asdict(found.decoded),
        "clock_difference": found.clock_difference,
        "checks": [asdict(each) for each in found.findings],
    }


def _for_people(found: Inquiry) -> list[RenderableType]:
    decoded = found.decoded
    shown: list[RenderableType] = []
    for name, members in (("header", decoded.header), ("claims", decoded.claims)):
        unreadable = Text(f"The proof has no readable {name}.\n")
        shown += [Text(name, "bold"), facts(members) if members else unreadable, Text()]
    shown += [facts(_facts(found)), Text()]
    rows = [
        (each.check.value, Text(each.verdict.value, STYLES[each.verdict]), *_told(each))
        for each in found.findings
    ]
    return [*shown, table(("check", "", "expected", "received"), rows)]


def _facts(found: Inquiry) -> dict[str, str | None]:
    return {
        "judged as": f"{found.at.method or 'any method'} {found.at.uri or 'at any URL'}",
        "thumbprint (jkt)": found.decoded.thumbprint,
        "clock": found.distance,
    }


def _told(finding: Finding) -> tuple[str | None, str | None]:
    if finding.verdict is Verdict.NOT_JUDGED:
        return (finding.advice or "").removeprefix("not judged: "), None
    return finding.expected, finding.received


def _summary(failed: Sequence[Finding]) -> str:
    first = failed[0]
    more = f"; {len(failed) - 1} more below it in the table" if len(failed) > 1 else ""
    return f"the check {first.check} fails: {first.advice}{more}"
