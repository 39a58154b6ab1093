"""The name of every key and the life of every value of this package, in one place."""

import hashlib
import math

from ..credentials import b64url

NONCE_STEP = 60
"""Seconds each DPoP nonce is the current one (RFC 9449 §8)."""

MARKER_LIFETIME = 3600
"""Seconds a holder's marker outlives the last nonce handed to it (RFC 9449 §11.3).

Anyone may present new keys as a public client, each leaving a marker: the life bounds their number.
"""

ATTEMPT_LIMIT = 10
"""Wrong credentials taken for one bucket in one window."""

ATTEMPT_WINDOW = 300
"""Seconds a window of attempts lasts from its first one."""

CLOCK_SKEW = 10
"""Seconds by which the clocks of this server's replicas and of Redis may differ."""

BUCKETS = 128
"""Parts the replay memory has in a Redis Cluster, so also the masters it can be spread over.

It decides where a proof is remembered: change it only while no replica runs.
"""


def nonce_ends_at(step: int) -> float:
    """When the nonce of a step is of no more use: it is accepted as current, then as previous.

    One step more leaves room for replicas whose clocks differ.
    """
    return float((step + 3) * NONCE_STEP)


def last_second(expires_at: float) -> float:
    """Round up past ``expires_at``: what was spent must be remembered at that very moment too."""
    return float(math.floor(expires_at) + 1)


def compact(value: str) -> bytes:
    """Hash a name of any length to 16 bytes. A collision could only refuse, at 2^64 tries."""
    return hashlib.blake2b(value.encode(), digest_size=16).digest()


def assertion(client_id: str, jti: str) -> bytes:
    """Name a client assertion."""
    return compact(f"{client_id}\n{jti}")


class RedisKeys:
    """The keys in Redis. ``tags``: the hash tags of the replay memory's buckets.

    A bucket's keys share a slot, so that one script may touch them; every other key stands alone.
    """

    def __init__(self, prefix: str, tags: tuple[str, ...]) -> None:
        self._prefix = prefix
        self.tags = tags

    def tag(self, jkt: str) -> str:
        """Return the bucket that remembers the proofs of a key."""
        return self._tag(compact(jkt))

    def assertion_tag(self, client_id: str, jti: str) -> str:
        """Return the bucket that remembers a client assertion."""
        return self._tag(assertion(client_id, jti))

    def _tag(self, name: bytes) -> str:
        return self.tags[int.from_bytes(name[:8]) % len(self.tags)]

    def epoch(self, tag: str) -> str:
        """Name ``<run id>:<born at>``: who remembers the bucket, and since when. No TTL."""
        return f"{self._prefix}:{{{tag}}}:epoch"

    def proof(self, tag: str, proof: str) -> str:
        """Name a proof that was spent, until no replica would accept it."""
        return f"{self._prefix}:{{{tag}}}:p:{b64url(compact(proof))}"

    def marker(self, tag: str, holder: str) -> str:
        """Name a holder that was given a nonce, for MARKER_LIFETIME."""
        return f"{self._prefix}:{{{tag}}}:m:{b64url(compact(holder))}"

    def nonce(self, epoch: str, step: int) -> str:
        """Name the nonce of a step, until ``nonce_ends_at``. Another epoch does not find it."""
        return f"{self._prefix}:nonce:{epoch}:{step}"

    def record(self, kind: str, key: str) -> str:
        """Name a one-time record: hash of its value ``v``, and what became of it. To its end.

        ``s`` is there once it was spent, ``o`` once it was opened; of a device code ``d`` once it
        was decided, and ``p``, ``i``, ``pt``, ``po`` about its last poll.
        """
        return f"{self._prefix}:{kind}:{key}"

    def user_code(self, user_code_hash: str) -> str:
        """Name the hash of the device code that a user code goes with, until it expires."""
        return f"{self._prefix}:user-code:{user_code_hash}"

    def assertion(self, client_id: str, jti: str) -> str:
        """Name a client assertion that was spent, until it expires."""
        tag = self.assertion_tag(client_id, jti)
        return f"{self._prefix}:{{{tag}}}:a:{b64url(assertion(client_id, jti))}"

    def attempts(self, bucket: str) -> str:
        """Name attempts counted, for the window."""
        return f"{self._prefix}:attempts:{b64url(compact(bucket))}"

    def session(self, session_hash: str) -> str:
        """Name a session, until its end."""
        return f"{self._prefix}:session:{session_hash}"

    def sessions_of(self, user_id: str) -> str:
        """Name a person's sessions, a sorted set by their end. Until the last one ends."""
        return f"{self._prefix}:sessions:{b64url(compact(user_id))}"
