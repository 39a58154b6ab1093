"""What a request must be allowed to do, beyond being who it says."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Self

from .principal import Principal
from .reasons import InsufficientAuthentication, InsufficientScope

AUTH_TIME_SKEW = 10
"""Seconds that the clock of the authorization server may differ from ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """All of it must hold. The empty one is met by every good token.

    ``scopes``: the token has them all. ``acr_values``: the person signed in by one of these ways;
    ``max_age``: at most so many seconds ago (RFC 9470). ``allows``: says for itself whether the
    principal may, for instance by its ``authorization_details``.
    """

    scopes: frozenset[str] = frozenset()
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    allows: Callable[[Principal], bool] | None = None

    @classmethod
    def of(
        cls,
        *scopes: str,
        acr_values: Collection[str] = (),
        max_age: int | None = None,
        allows: Callable[[Principal], bool] | None = None,
    ) -> Self:
        """Make a requirement; each scope as one argument, or several joined by spaces."""
        return cls(
            scopes=frozenset(" ".join(scopes).split()),
            acr_values=(acr_values,) if isinstance(acr_values, str) else tuple(acr_values),
            max_age=max_age,
            allows=allows,
        )

    def check(self, principal: Principal, now: float) -> None:
        """Raise InsufficientScope or InsufficientAuthentication unless all of it holds."""
        # RFC 6750 §3.1: insufficient_scope: The request requires higher privileges than provided by
        # the access token. [...] MAY include the "scope" attribute with the scope necessary.
        if missing := self.scopes - principal.scopes:
            needed = " ".join(sorted(self.scopes))
            raise InsufficientScope(
                f"the access token lacks the scope '{' '.join(sorted(missing))}'", {"scope": needed}
            )
        self._check_authentication(principal, now)
        if self.allows is not None and not self.allows(principal):
            raise InsufficientScope("the access token does not grant this request")

    def _check_authentication(self, principal: Principal, now: float) -> None:
        # RFC 9470 §3: insufficient_user_authentication: The authentication event associated with
        # the access token presented with the request does not meet the authentication requirements
        # of the protected resource.
        if self.acr_values and principal.acr not in self.acr_values:
            wanted = " ".join(self.acr_values)
            raise InsufficientAuthentication(
                f"expected a sign-in with acr {wanted}, received {principal.acr or 'none'}",
                self._step_up(),
            )
        if self.max_age is None:
            return
        age = None if principal.auth_time is None else now - principal.auth_time
        if age is None or age > self.max_age + AUTH_TIME_SKEW:
            received = "an unknown time" if age is None else f"{age:.0f} s"
            raise InsufficientAuthentication(
                f"expected a sign-in at most {self.max_age} s ago, received {received}",
                self._step_up(),
            )

    def _step_up(self) -> dict[str, str]:
        attributes = {}
        if self.acr_values:
            attributes["acr_values"] = " ".join(self.acr_values)
        if self.max_age is not None:
            attributes["max_age"] = str(self.max_age)
        return attributes


ANY = Requirement()
