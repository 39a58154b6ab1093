"""Token exchange (RFC 8693): which token may be swapped for which, without asking any store.

The tokens that are presented are access tokens of this server. The new one is never wider, longer
or looser bound than they are, and ends as soon as one of them is revoked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from . import scope
from .access_token import AccessToken, Dependencies
from .authorization_details import Details
from .client import Client
from .errors import InvalidRequest, InvalidScope, InvalidTarget, UnauthorizedClient
from .parameters import Parameters

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"

# RFC 8693 §3: our access tokens are JWTs, so they go by either name.
TOKEN_TYPES = (ACCESS_TOKEN, JWT)

MAX_ANCESTORS = 16
"""Tokens that one may come from: each makes it longer, and its introspection slower."""

# Claims of the subject token that the new one repeats.
_KEPT = ("may_act", "amr")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Tokens that a client presented and may use, and the type of the token it wants."""

    subject: AccessToken
    actor: AccessToken | None
    issued_token_type: str

    @property
    def _all(self) -> tuple[AccessToken, ...]:
        return (self.subject,) if self.actor is None else (self.subject, self.actor)

    @property
    def expires_by(self) -> float:
        """When the new token ends at the latest, in POSIX seconds."""
        return min(token.expires_at for token in self._all)

    @property
    def is_bound(self) -> bool:
        """Whether one of the tokens is bound to a key, so that the new one must be too."""
        return any(token.jkt is not None for token in self._all)

    def claims(self) -> Mapping[str, object]:
        """Return what the new token says of its origin. Raises InvalidRequest."""
        claims = {name: self.subject.claims[name] for name in _KEPT if name in self.subject.claims}
        if act := self._act():
            claims["act"] = act
        dependencies = Dependencies.joined(token.depends_on for token in self._all)
        if len(dependencies.jtis) > MAX_ANCESTORS:
            raise InvalidRequest("the subject_token has been exchanged too many times already")
        return claims | {"exchanged_from": dependencies.as_claim()}

    def _act(self) -> Mapping[str, Any] | None:
        before: Mapping[str, Any] | None = self.subject.claims.get("act")
        if self.actor is None:
            return before
        # RFC 8693 §4.1: A chain of delegation can be expressed by nesting one "act" claim within
        # another. The outermost "act" claim represents the current actor.
        act = {"sub": self.actor.subject}
        return act if before is None else {**act, "act": before}

    def story(self) -> Mapping[str, str]:
        """Tell the audit log who acts for whom, and by which tokens."""
        told = {
            "subject": self.subject.subject,
            "subject_client": self.subject.client_id,
            "subject_jti": self.subject.jti,
        }
        if self.actor is not None:
            told |= {"actor": self.actor.subject, "actor_jti": self.actor.jti}
        return MappingProxyType(told)


def issued_token_type(parameters: Parameters) -> str:
    """Check every token type of the request; return that of the answer. Raises InvalidRequest."""
    _check_type("subject_token_type", parameters.require("subject_token_type"))
    # RFC 8693 §2.1: actor_token_type: REQUIRED when the "actor_token" parameter is present in the
    # request but MUST NOT be included otherwise.
    if parameters.get("actor_token") is not None:
        _check_type("actor_token_type", parameters.require("actor_token_type"))
    elif parameters.get("actor_token_type") is not None:
        raise InvalidRequest("actor_token_type is there, but no actor_token")
    # RFC 8693 §2.1: If the requested type is unspecified, the issued token type is at the
    # discretion of the authorization server.
    requested = parameters.get("requested_token_type") or ACCESS_TOKEN
    _check_type("requested_token_type", requested)
    return requested


def check_policy(client: Client, *, with_actor: bool) -> None:
    """Raise UnauthorizedClient unless an administrator allowed the client such an exchange."""
    # RFC 8693 §2.1: omitting client authentication allows for a compromised token to be leveraged
    # [...] into other tokens by anyone possessing the compromised token.
    if client.is_public:
        raise UnauthorizedClient("token exchange is for clients that authenticate; this one cannot")
    if with_actor and not client.may_delegate:
        raise UnauthorizedClient("this client may not exchange tokens with an actor_token")
    if not with_actor and not client.may_impersonate:
        hint = ": send an actor_token" if client.may_delegate else ""
        raise UnauthorizedClient(f"this client may not impersonate the subject of a token{hint}")
    if not client.exchange_audiences:
        raise UnauthorizedClient("this client has no resource servers to exchange tokens for")


def check_may_act(exchange: Exchange, client: Client, issuer: str) -> None:
    """Raise InvalidRequest if ``may_act`` of the subject token names another party."""
    if "may_act" not in exchange.subject.claims:
        return
    may_act, actor = exchange.subject.claims["may_act"], exchange.actor
    party = {
        "iss": issuer,
        "sub": client.client_id if actor is None else actor.subject,
        "client_id": client.client_id,
    }
    # RFC 8693 §4.4: the "may_act" claim [...] makes a statement that one party is authorized to
    # become the actor. What we cannot compare does not match.
    if (
        not isinstance(may_act, Mapping)
        or not may_act.keys() & {"sub", "client_id"}
        or any(party.get(name) != value for name, value in may_act.items())
    ):
        raise InvalidRequest(
            f"may_act of the subject_token does not name '{party['sub']}', who asks"
        )


def check_actor(actor: AccessToken) -> None:
    """Raise InvalidRequest for an actor token that another party stands behind."""
    if "exchanged_from" in actor.claims or "act" in actor.claims:
        raise InvalidRequest(
            "the actor_token comes from an exchange: send one that was issued to the actor itself"
        )


def scopes(subject: AccessToken, client: Client) -> frozenset[str]:
    """Return the most that the new token may have. Raises InvalidScope if that is nothing."""
    allowed = subject.scopes & client.scopes
    if subject.scopes and not allowed:
        raise InvalidScope(
            f"the subject_token has '{scope.render(subject.scopes)}', and this client is "
            "registered for none of it"
        )
    return allowed


def details(subject: AccessToken, client: Client) -> Details:
    """Return the most authorization details (RFC 9396) that the new token may have.

    Those that name resource servers are for these alone, so the target narrows them further.
    """
    allowed = client.authorization_details_types
    return tuple(each for each in subject.authorization_details if each["type"] in allowed)


def audiences(parameters: Parameters, client: Client) -> tuple[str, ...]:
    """Return the resources that ``audience`` names. Raises InvalidTarget."""
    asked, allowed = parameters.all("audience"), client.exchange_audiences
    # RFC 8693 §2.2.2: if the authorization server is unwilling or unable to issue a token for any
    # target service indicated by the "resource" or "audience" parameters, [...] "invalid_target".
    if excess := [each for each in asked if each not in allowed]:
        raise InvalidTarget(f"expected audience out of {_list(allowed)}, received {_list(excess)}")
    if not asked and not parameters.all("resource") and len(allowed) > 1:
        raise InvalidTarget(f"name the audience, out of {_list(allowed)}")
    return asked


def _check_type(name: str, value: str) -> None:
    if value not in TOKEN_TYPES:
        raise InvalidRequest(f"expected {name} out of {', '.join(TOKEN_TYPES)}, received '{value}'")


def _list(uris: Sequence[str]) -> str:
    return ", ".join(f"'{uri[:200]}'" for uri in uris)
