"""A rule, and the verdict on whether a deployment keeps it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...oauth.client import Client
from .facts import Facts

SHOWN = 5


class Verdict(StrEnum):
    """What was found."""

    KEPT = "kept"
    ADVICE = "advice"
    """No rule is broken, but something could be better, or is for development only."""
    BROKEN = "broken"
    UNKNOWN = "unknown"
    """It was not looked at, or could not be."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, and why: how the rule is kept, or what to do next."""

    verdict: Verdict
    why: str


Judge = Callable[[Facts], Finding]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``source`` says where it stands."""

    source: str
    says: str
    judge: Judge


@dataclass(frozen=True, slots=True)
class Examined:
    """A rule and what was found of it."""

    rule: Rule
    finding: Finding


def examine(facts: Facts, rules: Iterable[Rule]) -> Sequence[Examined]:
    """Judge by every rule."""
    return [Examined(rule, rule.judge(facts)) for rule in rules]


def kept(why: str) -> Finding:
    """Say that the rule is kept, and how."""
    return Finding(Verdict.KEPT, why)


def broken(why: str) -> Finding:
    """Say that the rule is broken, and what to do."""
    return Finding(Verdict.BROKEN, why)


def advice(why: str) -> Finding:
    """Say what could be better, and how."""
    return Finding(Verdict.ADVICE, why)


def unknown(why: str) -> Finding:
    """Say why it was not looked at."""
    return Finding(Verdict.UNKNOWN, why)


def always(how: str) -> Judge:
    """Judge a rule that the program itself keeps, whatever the deployment."""
    return lambda _: kept(how)


def named(clients: Sequence[Client]) -> str:
    """Name clients, some of them if they are many."""
    names = [client.client_id for client in clients[:SHOWN]]
    rest = len(clients) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest else "")


def of_clients(
    keeps: Callable[[Client], bool], cure: str, verdict: Verdict = Verdict.BROKEN
) -> Judge:
    """Judge every enabled client. ``cure`` follows the names of those that break the rule."""

    def judge(facts: Facts) -> Finding:
        if facts.database.failure is not None:
            return unknown("the clients could not be read")
        wrong = [client for client in facts.enabled if not keeps(client)]
        if not wrong:
            return kept(f"enabled clients: {len(facts.enabled)}")
        return Finding(verdict, f"{named(wrong)}: {cure}")

    return judge
