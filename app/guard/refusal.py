"""The answer to a request that may not pass: its status, challenge and body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..dpop.errors import NonceRequired, ProofRefused
from ..oauth.description import describe
from ..oauth.errors import TemporarilyUnavailable
from .reasons import Reason

NO_STORE = {"Cache-Control": "no-store"}


class Refusal(Exception):
    """The request may not pass. Whatever the framework: answer with these.

    ``headers`` maps names to values, each name once; ``body`` is a JSON object. ``error`` is the
    error code, None where the request brought no token; ``check`` the check of the proof that
    failed.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        *,
        error: str | None,
        check: str | None = None,
    ) -> None:
        super().__init__(f"{status} {error or 'no token'}")
        self.status = status
        self.headers = {"Content-Type": "application/json", **NO_STORE, **headers}
        self.body = body
        self.error = error
        self.check = check

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenger:
    """Writes the refusals of one resource.

    ``resource_metadata``: the URL of its metadata document (RFC 9728 §5.1). ``error_pages``: where
    the authorization server explains each check of a proof, an ``error_uri`` without the check.
    """

    algs: tuple[str, ...]
    allow_bearer: bool = False
    resource_metadata: str | None = None
    error_pages: str | None = None

    def refusal(self, reason: Reason, scheme: str) -> Refusal:
        """Refuse a request whose token came by this scheme."""
        attributes = dict(reason.attributes)
        body = {"error_description": describe(reason.description)}
        if reason.error is None:
            return self._refusal(reason.status, scheme, attributes, body, error=None)
        body = {"error": reason.error, **body}
        return self._refusal(reason.status, scheme, body | attributes, body, error=reason.error)

    def of_proof(self, reason: ProofRefused, now: float) -> Refusal:
        """Refuse a request whose proof was refused. ``dpop`` says why, for programs."""
        described = {"error": reason.error, "error_description": describe(reason.description)}
        if self.error_pages is not None:
            described["error_uri"] = f"{self.error_pages}/{reason.check}"
        details: dict[str, str | int] = {"check": reason.check, "server_time": int(now)}
        if reason.expected is not None:
            details["expected"] = reason.expected
        if reason.received is not None:
            details["received"] = reason.received
        refusal = self._refusal(
            401, "DPoP", described, {**described, "dpop": details}, error=reason.error
        )
        refusal.check = reason.check
        # RFC 9449 §9: the nonce comes with the challenge use_dpop_nonce. With no other error:
        # clients take the header field on any 4xx as a call to resend.
        if isinstance(reason, NonceRequired):
            refusal.headers["DPoP-Nonce"] = reason.nonce
        return refusal

    def _refusal(
        self,
        status: int,
        scheme: str,
        attributes: Mapping[str, str],
        body: Mapping[str, Any],
        *,
        error: str | None,
    ) -> Refusal:
        challenge = {"WWW-Authenticate": self._challenge(scheme, attributes)}
        return Refusal(status, challenge, body, error=error)

    def _challenge(self, scheme: str, attributes: Mapping[str, str]) -> str:
        # RFC 9110 §11.6.1: one field may hold a challenge for each scheme. RFC 9449 §7.2: the
        # error stands in that of the scheme the token was sent by.
        told = dict(attributes)
        if self.resource_metadata is not None:
            told["resource_metadata"] = self.resource_metadata
        # RFC 9449 §7.1: algs: a space-delimited list of JWS alg values supported for the proof.
        algs = {"algs": " ".join(self.algs)}
        if not self.allow_bearer:
            return _written("DPoP", told | algs)
        if scheme == "Bearer":
            return f"{_written('Bearer', told)}, {_written('DPoP', algs)}"
        return f"{_written('DPoP', told | algs)}, Bearer"


def unavailable(reason: TemporarilyUnavailable) -> Refusal:
    """Refuse a request that nobody can judge now: keys or a store are out of reach."""
    body = {"error": reason.error, "error_description": describe(reason.description)}
    return Refusal(503, {"Retry-After": str(reason.retry_after)}, body, error=reason.error)


def _written(scheme: str, parameters: Mapping[str, str]) -> str:
    # RFC 9110 §11.2: auth-param = token BWS "=" BWS ( token / quoted-string )
    listed = ", ".join(f'{name}="{describe(value)}"' for name, value in parameters.items())
    return f"{scheme} {listed}" if listed else scheme
