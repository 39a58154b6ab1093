"""What the protocol core needs from outside. Each port states what must be atomic.

Every method that reaches a store raises TemporarilyUnavailable when the store does not answer.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Literal, Protocol

from ..telemetry.audit import AuditEvent
from .access_token import AccessToken
from .authorization_code import AuthorizationCode
from .authorization_details import Details
from .client import Client
from .details_type import DetailsType
from .par import OpenedRequest, PushedRequest
from .token_family import RefreshToken, Status, TokenFamily

if TYPE_CHECKING:
    # It brings the cryptography, for which the help of commands must not wait.
    from .signed_jwt import SignedJwt


class Clients(Protocol):
    """The registered clients."""

    async def find(self, client_id: str) -> Client | None:
        """Return the client, also when it is disabled; None if there is none.

        Raises InvalidClient where what is found under that name cannot be a client.
        """
        ...


class ClientKeys(Protocol):
    """The keys that clients publish at their ``jwks_uri`` (RFC 7591 §2)."""

    async def resolved(self, client: Client, jwt: "SignedJwt") -> Client:
        """Return the client with the keys of its ``jwks_uri`` in ``jwks``.

        If none of those known can have made the signature they are read anew. Raises
        KeysUnavailable, or TemporarilyUnavailable where trying again may help.
        """
        ...


class Origins(Protocol):
    """The origins whose pages may call the server for a client (see oauth.origin)."""

    async def any(self, origin: str) -> bool:
        """Whether the origin is one of any enabled browser client's."""
        ...


class Users(Protocol):
    """The people, as far as their tokens depend on them."""

    async def is_active(self, user_id: str) -> bool:
        """Whether the person exists and is not disabled."""
        ...


@dataclass(frozen=True, slots=True)
class ResourceServer:
    """A registered protected resource (RFC 8707): its URI is the ``aud`` of its tokens."""

    uri: str
    name: str
    scopes: frozenset[str]
    access_token_lifetime: int | None = None


class DetailsTypes(Protocol):
    """The registered types of authorization details (RFC 9396)."""

    async def find(self, name: str) -> DetailsType | None: ...


class Resources(Protocol):
    """The registered resource servers."""

    async def find(self, uri: str) -> ResourceServer | None: ...


@dataclass(frozen=True, slots=True)
class StoredCode:
    """A code as its store has it."""

    code: AuthorizationCode
    spent: bool


class Codes(Protocol):
    """Authorization codes, by hash. A spent code stays visible until it would have expired."""

    async def put(self, code_hash: str, code: AuthorizationCode) -> None: ...

    async def find(self, code_hash: str) -> StoredCode | None:
        """Return the code, spent or not; None once it has expired."""
        ...

    async def spend(self, code_hash: str) -> bool:
        """Atomically: True for exactly one caller, ever; False for all others."""
        ...


class PushedRequests(Protocol):
    """Pushed authorization requests, by the hash of their request_uri."""

    async def put(self, key: str, request: PushedRequest) -> None:
        """Keep the request until its ``expires_at``."""
        ...

    async def open(self, key: str, until: float) -> OpenedRequest | None:
        """Atomically find the request, and the first time let it live until ``until`` instead.

        None once its time is over. A spent one stays visible until its end.
        """
        ...

    async def spend(self, key: str) -> bool:
        """Atomically: True for exactly one caller, ever; False for all others."""
        ...


class Assertions(Protocol):
    """The jti of client assertions (RFC 7523 §3, rule 7)."""

    @property
    def born_at(self) -> float | None:
        """Since when everything is remembered, in POSIX seconds; None: since ever."""
        ...

    async def is_spent(self, client_id: str, jti: str) -> bool: ...

    async def spend(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Atomically: True for the first caller until ``expires_at``, then False."""
        ...


class Attempts(Protocol):
    """Counts wrong credentials in a sliding or fixed window."""

    async def count(self, bucket: str) -> int:
        """Atomically count one attempt. Return 0 to go on, else the seconds to wait."""
        ...

    async def forgive(self, bucket: str) -> None:
        """Forget the bucket: the credential was right."""
        ...


class KeyBinding(Protocol):
    """What a proof, once admitted, binds the tokens to (RFC 9449 §5).

    ``jkt`` is None only for a client that an administrator allowed plain Bearer tokens.
    ``nonce`` goes into the DPoP-Nonce header field of a success.
    """

    @property
    def jkt(self) -> str | None: ...

    @property
    def token_type(self) -> Literal["DPoP", "Bearer"]: ...

    @property
    def nonce(self) -> str | None: ...

    def confirm(self, jkt: str | None) -> None:
        """Raise the refusal ``binding`` (invalid_grant) if ``jkt`` is set and names another key."""
        ...


class ProofGate(Protocol):
    """The door to DPoP: made anew for each request around the verified proof it came with."""

    async def admit(self, client: Client, client_keys: frozenset[str]) -> KeyBinding:
        """Apply nonce policy, freshness and replay, once per request.

        ``client_keys`` are the thumbprints of the keys the client authenticates with. Raises the
        refusal of the check that failed; a challenge consumes nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class AccessTokenClaims:
    """What an access token says (RFC 9068 §2.2), beyond what its issuer adds.

    ``expires_by``, in POSIX seconds, cuts ``lifetime`` short. ``further`` holds claims as they are.
    """

    subject: str
    client_id: str
    audience: tuple[str, ...]
    scopes: frozenset[str]
    jkt: str | None
    lifetime: int
    family_id: str | None = None
    auth_time: float | None = None
    acr: str | None = None
    authorization_details: Details = ()
    expires_by: float = inf
    further: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A signed access token; ``expires_in`` in seconds."""

    value: str
    jti: str
    expires_in: int


class AccessTokens(Protocol):
    """Signs access tokens."""

    def issue(self, claims: AccessTokenClaims) -> IssuedToken:
        """Sign, or raise TemporarilyUnavailable when there is no active key."""
        ...


class AccessTokenVerifier(Protocol):
    """Verifies the access tokens of this server."""

    def verify(self, value: str) -> AccessToken | None:
        """Return the token, or None for whatever is not a living access token of ours."""
        ...


class RefreshTokens(Protocol):
    """Makes refresh token values."""

    def first(self) -> str:
        """Return a new random value."""
        ...

    def successor(self, presented: str, salt: str, expected_hash: str | None = None) -> str | None:
        """Return the successor of a presented token, the same at every call.

        With ``expected_hash``, the value with that hash, under the current or the previous
        secret of the deployment; None when neither made it.
        """
        ...


class Families(Protocol):
    """Token families, inside a unit of work."""

    async def add(self, family: TokenFamily) -> Status | None:
        """Insert, in one statement, unless its ``code_hash`` was redeemed before.

        ACTIVE: the family lives. REVOKED: a replay of the code came first and left its mark; the
        family is stored, already revoked. None: the code was redeemed before; nothing changed.
        """
        ...

    async def find_by_code(self, code_hash: str) -> TokenFamily | None: ...

    async def find(self, family_id: str) -> TokenFamily | None: ...

    async def condemn(self, family: TokenFamily) -> bool:
        """Leave the mark of a replayed code, in one statement.

        Revokes the family of ``family.code_hash``, or inserts it as a mark that ``add`` will
        find. True if something changed: the family was alive or not yet born.
        """
        ...

    async def revoke(self, family_id: str) -> bool:
        """Revoke; True if it was alive."""
        ...


class StoredRefreshTokens(Protocol):
    """Refresh tokens at rest, inside a unit of work."""

    async def add(self, token: RefreshToken) -> None: ...

    async def find(self, token_hash: str) -> tuple[RefreshToken, TokenFamily] | None: ...

    async def rotate(self, token_hash: str, successor_hash: str, at: float) -> bool:
        """One UPDATE … WHERE status = 'active': True for exactly one caller, ever."""
        ...


class RevokedTokens(Protocol):
    """Access tokens revoked one by one, inside a unit of work."""

    async def add(self, jti: str, expires_at: float, now: float) -> bool:
        """Remember until ``expires_at``; True if it was not there. Forgets some that expired."""
        ...

    async def contains(self, jti: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person allowed a client. ``authorization_details`` are those last allowed."""

    user_id: str
    client_id: str
    scopes: frozenset[str]
    resources: frozenset[str] = frozenset()
    authorization_details: Details = ()


class Consents(Protocol):
    """Remembered consents, inside a unit of work."""

    async def find(self, user_id: str, client_id: str) -> Consent | None: ...

    async def give(self, consent: Consent, at: float) -> None:
        """Insert, or widen the one that is there, in one statement."""
        ...

    async def list_for(self, user_id: str) -> Sequence[Consent]: ...

    async def revoke(self, user_id: str, client_id: str) -> bool: ...


class AuditTrail(Protocol):
    """Events that commit with their act."""

    async def add(self, event: AuditEvent) -> None: ...


class UnitOfWork(Protocol):
    """One transaction. Leaving it without ``commit`` rolls back."""

    @property
    def families(self) -> Families: ...

    @property
    def refresh_tokens(self) -> StoredRefreshTokens: ...

    @property
    def revoked_tokens(self) -> RevokedTokens: ...

    @property
    def consents(self) -> Consents: ...

    @property
    def audit(self) -> AuditTrail: ...

    async def commit(self) -> None:
        """Commit. Commit before the answer is built, never after it is sent."""
        ...


class Database(Protocol):
    """Opens units of work."""

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work that writes."""
        ...

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work that only reads."""
        ...
