"""Initial access tokens (RFC 7591 §1.2): who has one may register clients."""

import secrets
from collections.abc import Sequence

from ..clock import Clock
from ..credentials import Kind, digest, mint
from ..oauth.registration import RESERVED_SCOPES, InitialToken
from ..telemetry.audit import AuditEvent, EventKind
from .client_rules import check_scopes
from .errors import NotFound, Refused
from .new_registration_token import NewInitialToken
from .ports import Database, Work
from .registration_rules import FURTHER_GRANTS

MAX_USES = 10_000
MAX_LIFETIME = 366 * 24 * 3600
MAX_NOTE = 100


class RegistrationTokenManagement:
    """The initial access tokens. ``actor`` is who the audit log names."""

    def __init__(self, database: Database, clock: Clock, *, actor: str) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor

    async def list(self) -> Sequence[InitialToken]:
        """Return every token, those that are used up or expired included."""
        async with self._database.read() as work:
            return await work.initial_tokens.list()

    async def add(self, new: NewInitialToken) -> tuple[InitialToken, str]:
        """Make a token; return it and its value, which is nowhere else. Raises Refused."""
        _check(new)
        now, value = self._clock.now(), mint(Kind.INITIAL_TOKEN)
        token = InitialToken(
            token_id="regtoken_" + secrets.token_hex(4),
            token_hash=digest(value),
            note=new.note,
            scopes=new.scopes,
            grant_types=new.grant_types,
            uses_left=new.uses,
            created_at=now,
            expires_at=now + new.lifetime,
        )
        async with self._database.begin() as work:
            await work.initial_tokens.add(token)
            await self._note(work, EventKind.REGISTRATION_TOKEN_CREATED, token.token_id)
            await work.commit()
        return token, value

    async def revoke(self, token_id: str) -> None:
        """Remove a token; the clients that it let in stay. Raises NotFound."""
        async with self._database.begin() as work:
            if not await work.initial_tokens.delete(token_id):
                raise NotFound(
                    "token id",
                    f"there is no registration token '{token_id}'; "
                    "`holdfast registration-token list` shows all",
                )
            await self._note(work, EventKind.REGISTRATION_TOKEN_REVOKED, token_id)
            await work.commit()

    async def _note(self, work: Work, kind: EventKind, token_id: str) -> None:
        details = {"actor": self._actor, "registration_token": token_id}
        await work.audit.add(AuditEvent(at=self._clock.now(), kind=kind, details=details))


def _check(new: NewInitialToken) -> None:
    if len(new.note) > MAX_NOTE or not new.note.isprintable():
        raise Refused("note", f"expected at most {MAX_NOTE} printable characters")
    if not 0 < new.uses <= MAX_USES:
        raise Refused("uses", f"expected 1 to {MAX_USES}, received {new.uses}")
    if not 0 < new.lifetime <= MAX_LIFETIME:
        raise Refused("lifetime", f"expected 1 to {MAX_LIFETIME} seconds, received {new.lifetime}")
    check_scopes(new.scopes)
    if reserved := [each for each in sorted(new.scopes) if each.startswith(RESERVED_SCOPES)]:
        raise Refused("scope", f"'{reserved[0]}' is for clients that an administrator registers")
    if unfit := new.grant_types - FURTHER_GRANTS:
        raise Refused(
            "grant_types",
            f"expected some of {', '.join(sorted(FURTHER_GRANTS))}, beyond the authorization code "
            f"and refresh tokens that every client may have; received '{min(unfit)}'",
        )
