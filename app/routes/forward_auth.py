"""GET /forward-auth: whether a proxy may let a request through to the API behind it."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from ..credentials import same
from ..guard.asgi import target_of
from ..guard.forwarded import ForwardAuth, Unclear, identity, read, read_path, refuse
from ..guard.refusal import NO_STORE
from ..http import paths
from ..http.peer import peer_address
from ..http.request import header_values

SECRET = b"x-forward-auth-secret"
# Envoy asks with the method of the request it asks about.
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")

_log = structlog.get_logger("holdfast.forward_auth")


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Who may ask: peers in these networks, and whoever knows the secret."""

    networks: Collection[IPv4Network | IPv6Network]
    secret: str | None

    def include(self, request: Request) -> bool:
        """Whether the request comes from one of them."""
        sent = header_values(request, SECRET)
        if self.secret is not None and len(sent) == 1 and same(sent[0], self.secret):
            return True
        peer = peer_address(request.scope)
        return peer is not None and any(ip_address(peer) in each for each in self.networks)


def router(forward_auth: ForwardAuth, trusted: TrustedProxies) -> APIRouter:
    """Serve the endpoint to trusted proxies. Other answers than 2xx are raised as Refusal."""
    api = APIRouter()

    async def by_fields(request: Request) -> Response:
        scopes = " ".join(request.query_params.getlist("scope")).split()
        return await answer(request, scopes, in_path=False)

    async def by_path(request: Request) -> Response:
        return await answer(request, (), in_path=True)

    async def answer(request: Request, scopes: Collection[str], *, in_path: bool) -> Response:
        if not trusted.include(request):
            _log.warning("not a trusted proxy", address=peer_address(request.scope))
            refuse(
                "this endpoint answers trusted proxies only: those of "
                "HOLDFAST_FORWARD_AUTH_PROXIES, or with the secret of HOLDFAST_FORWARD_AUTH_SECRET"
            )
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.scope["headers"]]
        try:
            if in_path:
                target = target_of(request.scope).removeprefix(paths.FORWARD_AUTH)
                asked = read_path(request.method, target, headers)
            else:
                asked = read(headers)
        except Unclear as unclear:
            _log.warning("unclear", reason=str(unclear))
            refuse(str(unclear))
        admitted = await forward_auth.check(asked, headers, scopes)
        told = {**NO_STORE, **identity(admitted.principal), **admitted.headers}
        return Response(status_code=200, headers=told)

    api.add_route(paths.FORWARD_AUTH, by_fields, methods=["GET"])
    api.add_route(paths.FORWARD_AUTH + "/{rest:path}", by_path, methods=list(_METHODS))
    return api
