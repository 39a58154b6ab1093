"""POST /revoke (RFC 7009)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..dpop.admission import Admission
from ..http import paths
from ..http.render import empty_response
from ..oauth.revocation_endpoint import RevocationEndpoint
from .client_request import gate_opener, read_request


def router(
    endpoint: RevocationEndpoint, admission: Admission, *, uri: str, algs: frozenset[str]
) -> APIRouter:
    """Serve the endpoint at ``uri``, with proofs signed by one of ``algs`` or without."""
    api = APIRouter()

    async def revoke(request: Request) -> Response:
        asked = await read_request(request)
        caller = await endpoint(asked, gate_opener(request, admission, uri=uri, algs=algs))
        return empty_response(caller.nonce)

    api.add_route(paths.REVOKE, revoke, methods=["POST"])
    return api
