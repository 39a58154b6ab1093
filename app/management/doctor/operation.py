"""What has to be right around the server: database, Redis, clocks, keys, files."""

from ...tokens.ports import KeyState
from .facts import MAX_CLOCK_DIFFERENCE, Facts
from .rule import Finding, Rule, advice, broken, kept, unknown

_SOURCE = "deployment"
_YEAR = 366 * 86400


def _database(facts: Facts) -> Finding:
    if facts.database.failure is not None:
        return broken(facts.database.failure)
    return kept("PostgreSQL" if facts.database.is_shared else "SQLite, for one server")


def _database_way(facts: Facts) -> Finding:
    database = facts.database
    return _way(database.is_far, database.encrypts, "add sslmode=verify-full to the URL")


def _memory_way(facts: Facts) -> Finding:
    memory = facts.memory
    return _way(memory.is_far, memory.encrypts, "use rediss:// unless the network is yours alone")


def _way(is_far: bool, encrypts: bool, cure: str) -> Finding:  # noqa: FBT001  # both are said by name in Facts
    if not is_far:
        return kept("on this machine")
    return kept("TLS") if encrypts else advice(f"not encrypted: {cure}")


def _database_clock(facts: Facts) -> Finding:
    if facts.database.failure is not None:
        return unknown("the database does not answer")
    if facts.database.ahead is None:
        return kept("SQLite has no clock of its own")
    return _clock(facts.database.ahead)


def _redis(facts: Facts) -> Finding:
    if facts.memory.failure is not None:
        return broken(facts.memory.failure)
    if not facts.memory.servers:
        return kept("no Redis: one server, with its own memory")
    policies = {server.policy for server in facts.memory.servers}
    if wrong := policies - {"noeviction"}:
        return broken(f"maxmemory-policy is {min(wrong)}: set it to noeviction")
    return kept("maxmemory-policy noeviction")


def _persistence(facts: Facts) -> Finding:
    if (found := _no_redis(facts)) is not None:
        return found
    if not all(server.appends for server in facts.memory.servers):
        return advice(
            "a restart of Redis signs everybody out, and codes under way are lost: "
            "set appendonly yes"
        )
    return kept("appendonly yes")


def _failover(facts: Facts) -> Finding:
    if (found := _no_redis(facts)) is not None:
        return found
    if any(server.replicas and not server.wanted for server in facts.memory.servers):
        return advice(
            "a master cut off from its replicas goes on taking writes: set min-replicas-to-write "
            "1 and min-replicas-max-lag 10 (docs/deployment.md)"
        )
    has_replicas = any(server.replicas for server in facts.memory.servers)
    return kept("min-replicas-to-write is set" if has_replicas else "no replicas, so no failover")


def _redis_clock(facts: Facts) -> Finding:
    if (found := _no_redis(facts)) is not None:
        return found
    return _clock(max((server.ahead for server in facts.memory.servers), key=abs))


def _no_redis(facts: Facts) -> Finding | None:
    if facts.memory.failure is not None:
        return unknown("Redis does not answer")
    return None if facts.memory.servers else kept("no Redis")


def _clock(ahead: float) -> Finding:
    said = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine"
    if abs(ahead) > MAX_CLOCK_DIFFERENCE:
        return broken(f"{said}, at most {MAX_CLOCK_DIFFERENCE} are allowed: run NTP on both")
    return kept(said)


def _keys(facts: Facts) -> Finding:
    if facts.database.failure is not None:
        return unknown("the signing keys could not be read")
    states = [key.state for key in facts.keys]
    if KeyState.ACTIVE not in states:
        return advice("made at the first start of the server")
    if KeyState.NEXT not in states:
        return broken("no next key is published, so a rotation would break tokens: start a server")
    born = [key.activated_at or key.created_at for key in facts.keys if key.state == "active"]
    if facts.now - min(born) > _YEAR:
        return advice("the key that signs is over a year old: run holdfast key rotate")
    return kept("one signs, the next is published")


def _files(facts: Facts) -> Finding:
    if facts.readable:
        return broken(
            f"{', '.join(facts.readable)}: open to others; run chmod 600, and 700 on the "
            "directory, and change the secret if somebody may have read it"
        )
    return kept("the data directory is the server's own")


OPERATION_RULES = tuple(
    Rule(_SOURCE, says, judge)
    for says, judge in (
        ("the database answers, and its tables are those of this version", _database),
        ("the way to the database is encrypted", _database_way),
        ("the database's clock agrees", _database_clock),
        ("Redis never forgets a proof that could be replayed", _redis),
        ("Redis keeps sign-in sessions over a restart", _persistence),
        ("a failover of Redis forgets little", _failover),
        ("the way to Redis is encrypted", _memory_way),
        ("Redis's clock agrees", _redis_clock),
        ("a signing key, and the next one published", _keys),
        ("secrets can be read by the server only", _files),
    )
)
