"""What the guard costs: one request as a multiple of the least that any guard must do.

The least is one ES256 verification, of the proof, and one SHA-256, of the access token; both timed
in the same run, with the same library, in turn with the guard. Processor time of one thread.

    uv run python -m bench.guard
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Annotated

import typer
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from app.guard import Guard, Requirement
from app.state.memory.proofs import MemoryProofs
from tests.builders import DpopKey, FrozenClock, s256
from tests.protected_api import API, Issuer, guard_of

MICRO = 1_000_000
NEEDED = Requirement.of("notes:read")

Fields = list[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """Requests of a kind, ready to be sent once each."""

    name: str
    requests: Callable[[int], list[Fields]]


def least(count: int, token: str) -> float:
    """Return the microseconds of one verification and one hash."""
    key, algorithm = ECKey.generate_key("P-256"), JWSRegistry.algorithms["ES256"]
    message = secrets.token_bytes(300)
    signature, hashed = algorithm.sign(message, key), token.encode()
    algorithm.verify(message, signature, key)
    began = time.process_time()
    for _ in range(count):
        algorithm.verify(message, signature, key)
        hashlib.sha256(hashed).digest()
    return (time.process_time() - began) / count * MICRO


async def guarded(guard: Guard, requests: list[Fields]) -> float:
    """Return the microseconds of one request that the guard lets pass."""
    began = time.process_time()
    for fields in requests:
        await guard.check("GET", "/notes?page=2", fields, NEEDED)
    return (time.process_time() - began) / len(requests) * MICRO


def signed(key: DpopKey, token: str) -> Fields:
    """Sign a request."""
    proof = key.proof(htm="GET", htu=API + "/notes", ath=s256(token))
    return [
        ("host", "api.example"),
        ("user-agent", "bench"),
        ("accept", "*/*"),
        ("authorization", f"DPoP {token}"),
        ("dpop", proof),
    ]


def cases(issuer: Issuer) -> Iterator[Case]:
    """Yield what is measured."""
    key = DpopKey()
    token = issuer.token(key)
    yield Case("a token used again", lambda count: [signed(key, token) for _ in range(count)])
    yield Case(
        "a new token each time",
        lambda count: [signed(key, issuer.token(key)) for _ in range(count)],
    )
    yield Case(
        "a new token and a new key",
        lambda count: [
            signed(each, issuer.token(each)) for each in (DpopKey() for _ in range(count))
        ],
    )


async def measure(count: int, rounds: int) -> None:
    """Print a line for each case."""
    issuer, clock = Issuer(), FrozenClock()
    token = issuer.token(DpopKey())
    for case in cases(issuer):
        memory = MemoryProofs(clock, None, count * rounds + 1)
        guard = guard_of(issuer, clock, nonce="auto", memory=memory)
        ratios, units = [], []
        for _ in range(rounds):
            requests = case.requests(count)
            unit = least(count, token)
            ratios.append(await guarded(guard, requests) / unit)
            units.append(unit)
        ratios.sort()
        typer.echo(
            f"{case.name:26} {median(ratios):.2f} x ({ratios[0]:.2f} to {ratios[-1]:.2f});"
            f" the least is {median(units):.0f} us"
        )


def main(
    count: Annotated[int, typer.Option(help="Requests in each round.")] = 1000,
    rounds: Annotated[int, typer.Option(help="Rounds of each case.")] = 7,
) -> None:
    """Measure, and say what came of it."""
    asyncio.run(measure(count, rounds))


if __name__ == "__main__":
    typer.run(main)
