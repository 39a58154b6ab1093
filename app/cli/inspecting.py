"""Shows a proof and what each check says of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from ..clock import SystemClock
from ..dpop.errors import ProofRefused
from ..dpop.inspection import Circumstances, Finding, Verdict, inspect
from ..dpop.jws import json_object, split
from ..dpop.keys import thumbprint
from ..http import paths
from ..settings import Settings, load_settings
from .output import Failure, facts, show, table

# RFC 7518 §6.2.2, §6.3.2, §6.4.1: never shown, also when a client sent them by mistake.
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_JUDGED: "dim"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of the request that the proof is for."""

    method: str
    url: str | None
    access_token: str | None
    jkt: str | None


def report(value: str, request: Request, *, as_json: bool) -> None:
    """Print the decoded proof and all findings. Raises Failure if a check failed."""
    settings = load_settings()
    findings = inspect([value] if value else [], _circumstances(request, settings))
    decoded = _decode(value)
    data = {**decoded, "checks": [asdict(each) for each in findings]}
    show(data, *_for_people(decoded, findings), as_json=as_json)
    failed = [each for each in findings if each.verdict is Verdict.FAILED]
    if failed:
        raise Failure(_summary(failed))


def _circumstances(request: Request, settings: Settings) -> Circumstances:
    return Circumstances(
        algs=frozenset(settings.dpop_algs),
        now=SystemClock().now(),
        method=request.method,
        uri=request.url or settings.issuer + paths.TOKEN,
        access_token=request.access_token,
        token_jkt=request.jkt,
        policy=settings.dpop_nonce,
    )


def _decode(value: str) -> dict[str, Any]:
    """Read what can be read, private key members left out."""
    header, payload = _part(value, 0), _part(value, 1)
    jwk = header.get("jwk") if header else None
    if header and isinstance(jwk, dict):
        header = {**header, "jwk": {name: jwk[name] for name in jwk if name not in PRIVATE}}
    return {"header": header, "claims": payload, "thumbprint": _thumbprint(jwk)}


def _part(value: str, position: int) -> dict[str, Any] | None:
    try:
        return json_object("part", split(value)[position])
    except ProofRefused:
        return None


def _thumbprint(jwk: object) -> str | None:
    try:
        return thumbprint(jwk) if isinstance(jwk, dict) else None
    except ProofRefused:
        return None


def _for_people(decoded: dict[str, Any], findings: Sequence[Finding]) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for name in ("header", "claims"):
        members = decoded[name]
        unreadable = Text(f"The proof has no readable {name}.\n")
        shown += [Text(name, "bold"), facts(members) if members else unreadable, Text()]
    shown += [facts({"thumbprint (jkt)": decoded["thumbprint"]}), Text()]
    rows = [
        (each.check.value, Text(each.verdict.value, STYLES[each.verdict]), *_told(each))
        for each in findings
    ]
    return [*shown, table(("check", "", "expected", "received"), rows)]


def _told(finding: Finding) -> tuple[str | None, str | None]:
    if finding.verdict is Verdict.NOT_JUDGED:
        return (finding.advice or "").removeprefix("not judged: "), None
    return finding.expected, finding.received


def _summary(failed: Sequence[Finding]) -> str:
    first = failed[0]
    more = f"; {len(failed) - 1} more below it in the table" if len(failed) > 1 else ""
    return f"the check {first.check} fails: {first.advice}{more}"
