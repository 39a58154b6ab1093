"""The guard as FastAPI dependencies. Needs FastAPI."""

from collections.abc import Callable, Collection
from typing import Any

from fastapi import HTTPException, Request, Response, Security
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase

from .asgi import admit
from .guard import Guard
from .principal import Principal
from .refusal import Refusal
from .requirement import Requirement

SCHEME_NAME = "DPoP"

_DESCRIPTION = (
    "An access token bound to a key (RFC 9449): `Authorization: DPoP <token>`, with a proof by "
    "that key in the `DPoP` header field of every request."
)


class Refused(HTTPException):
    """A refusal on its way through FastAPI. ``detail`` is the body of the refusal."""

    def __init__(self, refusal: Refusal) -> None:
        headers = {n: v for n, v in refusal.headers.items() if n != "Content-Type"}
        super().__init__(refusal.status, dict(refusal.body), headers)
        self.refusal = refusal


class FastApiGuard:
    """Makes the dependencies of an application's routes."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def require(
        self,
        *scopes: str,
        acr_values: Collection[str] = (),
        max_age: int | None = None,
        allows: Callable[[Principal], bool] | None = None,
    ) -> Any:  # noqa: ANN401  # what FastAPI declares a dependency to be
        """Return a dependency whose value is the Principal. The arguments are a ``Requirement``.

        Several on one route, or on a router and its routes, all hold; the proof is checked once.
        """
        requirement = Requirement.of(*scopes, acr_values=acr_values, max_age=max_age, allows=allows)
        dependency = GuardSecurity(self._guard, requirement)
        return Security(dependency, scopes=sorted(requirement.scopes))


class GuardSecurity(SecurityBase):
    """One requirement, as OpenAPI shows it and as FastAPI calls it."""

    def __init__(self, guard: Guard, requirement: Requirement) -> None:
        self.model = HTTPBase(scheme=SCHEME_NAME, description=_DESCRIPTION)
        self.scheme_name = SCHEME_NAME
        self._guard = guard
        self._requirement = requirement

    async def __call__(self, request: Request, response: Response) -> Principal:
        try:
            admitted = await admit(self._guard, request.scope, self._requirement)
        except Refusal as refusal:
            raise Refused(refusal) from refusal
        response.headers.update(admitted.headers)
        return admitted.principal
