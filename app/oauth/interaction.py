"""What a person must do before a code is issued: sign in, consent, or nothing.

OpenID Connect Core §3.1.2.1 (``prompt``, ``max_age``), RFC 8252 §8.6. Nothing is kept between the
steps: the authorization request itself travels along, or what leads to it where it is not plain
(see delivery), and every step validates it again. Whoever edits it in her own browser asks for
something else, in her own name, and no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from . import delivery, redirect_uri
from .authorization import AuthorizationRequest, ReturnAddress
from .authorization_details import same
from .client import ApplicationType
from .errors import ConsentRequired, LoginRequired
from .ports import Consent

_TRAVELLING = frozenset(
    {
        "acr_values",
        "authorization_details",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "dpop_jkt",
        "login_hint",
        "max_age",
        "prompt",
        "redirect_uri",
        "resource",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, since when (POSIX seconds), and how (see authentication_context)."""

    user_id: str
    auth_time: float
    acr: str | None = None


class Step(StrEnum):
    """What comes next."""

    SIGN_IN = "sign_in"
    CONSENT = "consent"
    ISSUE = "issue"


def next_step(
    request: AuthorizationRequest, person: Person | None, consent: Consent | None, now: float
) -> Step:
    """Decide what comes next. Raises LoginRequired or ConsentRequired under prompt=none."""
    if person is None or needs_sign_in(request, person, now):
        # OpenID Connect Core §3.1.2.1: none: An error is returned if an End-User is not already
        # Authenticated or the Client does not have pre-configured consent.
        if "none" in request.prompt:
            raise LoginRequired("prompt is 'none', and the person would have to sign in")
        return Step.SIGN_IN
    if needs_consent(request, consent):
        if "none" in request.prompt:
            raise ConsentRequired("prompt is 'none', and the person would have to be asked")
        return Step.CONSENT
    return Step.ISSUE


def needs_sign_in(request: AuthorizationRequest, person: Person, now: float) -> bool:
    """Whether the person must sign in anew, though signed in already."""
    # OpenID Connect Core §3.1.2.1: login: The Authorization Server SHOULD prompt the End-User for
    # reauthentication.
    if "login" in request.prompt:
        return True
    # RFC 9470 §5: the authorization server SHOULD consider the requested acr value as necessary.
    if request.acr_values and person.acr not in request.acr_values:
        return True
    # OpenID Connect Core §3.1.2.1: If the elapsed time is greater than this value, the OP MUST
    # attempt to actively re-authenticate the End-User. Note that max_age=0 is equivalent to
    # prompt=login.
    age = now - person.auth_time
    return request.max_age is not None and (request.max_age == 0 or age > request.max_age)


def needs_consent(request: AuthorizationRequest, consent: Consent | None) -> bool:
    """Whether the person must be asked."""
    # RFC 8252 §8.6: SHOULD NOT process authorization requests automatically without user consent
    # or interaction, except when the identity of the client can be assured.
    if "consent" in request.prompt or _may_be_impersonated(request.address):
        return True
    # RFC 9396 §3: the AS will ask the user for consent to the requested access permissions. What
    # was allowed before covers the very same details only, and not those that are asked always.
    details = request.authorization_details
    if request.ask_always or (
        details and (consent is None or not same(details, consent.authorization_details))
    ):
        return True
    return (
        consent is None
        or not request.scopes <= consent.scopes
        or not frozenset(request.resources) <= consent.resources
    )


def _may_be_impersonated(address: ReturnAddress) -> bool:
    client = address.client
    return (
        client.is_public
        and client.application_type is ApplicationType.NATIVE
        and redirect_uri.is_claimable(address.redirect_uri)
    )


def travelling(pairs: Pairs) -> list[tuple[str, str]]:
    """Keep the parameters that make the authorization request, or lead to one that is not plain."""
    kept = _TRAVELLING if delivery.is_plain(pairs) else delivery.OUTER
    return [(name, value) for name, value in pairs if name in kept and value]


def after_sign_in(pairs: Pairs) -> list[tuple[str, str]]:
    """Drop what a sign-in made for this request has satisfied, or it would be asked for again.

    The next token's ``auth_time`` is that of the sign-in, whatever the browser sends.
    """
    kept = []
    for name, value in travelling(pairs):
        if name == "prompt":
            if words := [word for word in value.split() if word != "login"]:
                kept.append((name, " ".join(words)))
        elif name != "max_age":
            kept.append((name, value))
    return kept
