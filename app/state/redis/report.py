"""What the Redis servers are set up to do, for whoever examines the deployment. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..keys import RedisKeys
from .link import Link, Script, every

# Keys[1] only says which server is meant.
_REPORT = Script("""
local said = redis.call('INFO', 'server') .. redis.call('INFO', 'persistence')
  .. redis.call('INFO', 'replication') .. redis.call('INFO', 'memory')
local time = redis.call('TIME')
return {said, time[1], time[2]}
""")


@dataclass(frozen=True, slots=True)
class ServerReport:
    """One server. ``appends``: it writes an append-only file. ``time`` in POSIX seconds.

    ``replicas`` follow it; it refuses writes with fewer than ``wanted`` of them.
    """

    run_id: str
    policy: str
    appends: bool
    replicas: int
    wanted: int
    time: float


async def report(link: Link, keys: RedisKeys) -> Sequence[ServerReport]:
    """Ask every server that remembers proofs. Raises TemporarilyUnavailable."""
    answers = await every(link.run(_REPORT, (keys.epoch(tag),)) for tag in keys.tags)
    found = (_read(said, int(seconds) + int(micros) / 1e6) for said, seconds, micros in answers)
    return tuple({each.run_id: each for each in found}.values())


def _read(said: bytes, time: float) -> ServerReport:
    lines = (line.partition(":") for line in said.decode(errors="replace").splitlines())
    members = {name: value.strip() for name, _, value in lines}
    return ServerReport(
        run_id=members.get("run_id", ""),
        policy=members.get("maxmemory_policy", "unknown"),
        appends=members.get("aof_enabled") == "1",
        replicas=_number(members, "connected_slaves"),
        # The line is there only where min-replicas-to-write is set.
        wanted=1 if "min_slaves_good_slaves" in members else 0,
        time=time,
    )


def _number(members: Mapping[str, str], name: str) -> int:
    value = members.get(name, "")
    return int(value) if value.isdigit() else 0
