"""What is known of a deployment when it is examined. Never a secret."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...oauth.client import Client
from ...oauth.profile import NO_PROFILE, Profile
from ...tokens.ports import SealedKey

MAX_CLOCK_DIFFERENCE = 10
"""Seconds by which the clocks of servers, database and Redis may differ."""


@dataclass(frozen=True, slots=True)
class Database:
    """The database. ``failure``: why the rest is not known. ``ahead``: its clock's, in seconds.

    ``is_shared``: other servers can use it too, so it is not SQLite. ``is_far``: it is on another
    host, and ``encrypts`` whether the way there is encrypted.
    """

    is_shared: bool = False
    failure: str | None = None
    ahead: float | None = None
    is_far: bool = False
    encrypts: bool = False


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One Redis server. ``replicas`` follow it; it refuses writes with fewer than ``wanted``.

    ``ahead``: its clock's difference from this machine's, in seconds.
    """

    policy: str
    appends: bool
    replicas: int
    wanted: int
    ahead: float


@dataclass(frozen=True, slots=True)
class Memory:
    """The short-term memory: Redis, unless ``servers`` is empty and there is no ``failure``."""

    servers: Sequence[RedisServer] = ()
    failure: str | None = None
    is_far: bool = False
    encrypts: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of asking the issuer. ``failure``: why there was no answer, or a wrong one.

    ``tls`` is the version negotiated ("TLSv1.3"), ``hsts`` the header field of a page.
    """

    failure: str | None = None
    tls: str | None = None
    hsts: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """One deployment. ``readable`` names files of the data directory that others may read.

    ``reached`` None: nobody asked. Times are POSIX seconds.
    """

    issuer: str
    now: float
    profile: Profile = NO_PROFILE
    allow_bearer: bool = False
    code_lifetime: int = 60
    par_lifetime: int = 60
    refresh_token_lifetime: int = 0
    require_par: bool = False
    dpop_algs: tuple[str, ...] = ()
    trusts_proxies: bool = False
    readable: Sequence[str] = ()
    clients: Sequence[Client] = ()
    keys: Sequence[SealedKey] = field(default=(), repr=False)
    database: Database = Database()
    memory: Memory = Memory()
    reached: Reached | None = None

    @property
    def is_encrypted(self) -> bool:
        return self.issuer.startswith("https://")

    @property
    def enabled(self) -> Sequence[Client]:
        """The clients that can get something."""
        return [client for client in self.clients if not client.disabled]
