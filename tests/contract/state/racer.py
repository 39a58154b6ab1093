"""A process of its own that spends what the others spend too, all at the same word."""

import asyncio
import json
import sys

from app.dpop.ports import Outcome
from app.state.redis import RedisState
from tests.builders import NOW, FrozenClock

from .builders import a_decision, a_device_request, a_hash, a_spending

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
    device_codes = state.device_codes
    decisions = asyncio.gather(*(device_codes.decide(name, a_decision()) for name in names))
    polls = asyncio.gather(*(device_codes.poll(name, NOW, 5) for name in names))
    devices = asyncio.gather(*(device_codes.spend(name) for name in names))
    user_codes = asyncio.gather(
        *(device_codes.put(a_hash(), name, a_device_request()) for name in names)
    )
    won = {
        "codes": await codes,
        "device codes": await devices,
        "decisions": await decisions,
        "polls": await polls,
        "user codes": await user_codes,
        "assertions": await jtis,
        "proofs": [outcome is Outcome.FRESH for outcome in await proofs],
    }
    await state.close()
    return won


if __name__ == "__main__":
    json.dump(asyncio.run(race(sys.argv[1], sys.argv[2])), sys.stdout)
