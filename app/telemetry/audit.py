"""Audit events: what happened, to whom, by which key, from where. Never a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class EventKind(StrEnum):
    """What happened."""

    TOKEN_ISSUED = "token.issued"
    REQUEST_REFUSED = "request.refused"
    CODE_REPLAYED = "code.replayed"
    REFRESH_REPLAYED = "refresh_token.replayed"
    SUCCESSOR_USED = "refresh_token.successor_used"
    TOKEN_REVOKED = "token.revoked"
    FAMILY_REVOKED = "family.revoked"
    CONSENT_GIVEN = "consent.given"
    CONSENT_DENIED = "consent.denied"
    CONSENT_REVOKED = "consent.revoked"
    USER_CODE_REFUSED = "user_code.refused"
    SIGNED_IN = "user.signed_in"
    SIGN_IN_FAILED = "user.sign_in_failed"
    SIGNED_OUT = "user.signed_out"
    CLIENT_CREATED = "client.created"
    CLIENT_CHANGED = "client.changed"
    CLIENT_DELETED = "client.deleted"
    REGISTRATION_TOKEN_CREATED = "registration_token.created"
    REGISTRATION_TOKEN_REVOKED = "registration_token.revoked"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DELETED = "user.deleted"
    RESOURCE_CREATED = "resource.created"
    RESOURCE_DELETED = "resource.deleted"
    DETAILS_TYPE_CREATED = "details_type.created"
    DETAILS_TYPE_DELETED = "details_type.deleted"
    KEY_CREATED = "key.created"
    KEY_ACTIVATED = "key.activated"
    KEY_REVOKED = "key.revoked"
    KEY_REENCRYPTED = "key.reencrypted"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the audit log. ``at`` is POSIX seconds; ``check`` the DPoP check that refused."""

    at: float
    kind: EventKind
    client_id: str | None = None
    user_id: str | None = None
    family_id: str | None = None
    jkt: str | None = None
    check: str | None = None
    address: str | None = None
    request_id: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


class AuditSink(Protocol):
    """Takes events of issuance and refusal off the request's path.

    They are written in batches; a crash loses at most one second of them. What an administrator,
    a consent or a revocation does is not recorded here but commits with its act.
    """

    def record(self, event: AuditEvent) -> None:
        """Queue the event. Never blocks and never raises."""
        ...
