"""A process of its own that spends what the others spend too, all at the same word."""

import asyncio
import json
import sys

from app.dpop.ports import Outcome
from app.state.redis import RedisState
from tests.builders import NOW, FrozenClock

from .builders import a_spending

COUNT = 40


async def race(url: str, prefix: str) -> dict[str, list[bool]]:
    state = await RedisState.connect(url, FrozenClock(), prefix=prefix)
    names = [f"number {number}" for number in range(COUNT)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    codes = asyncio.gather(*(state.codes.spend(name) for name in names))
    jtis = asyncio.gather(*(state.assertions.spend("client", name, NOW + 60) for name in names))
    proofs = asyncio.gather(*(state.proofs.spend(a_spending(proof=name)) for name in names))
    won = {
        "codes": await codes,
        "assertions": await jtis,
        "proofs": [outcome is Outcome.FRESH for outcome in await proofs],
    }
    await state.close()
    return won


if __name__ == "__main__":
    json.dump(asyncio.run(race(sys.argv[1], sys.argv[2])), sys.stdout)
