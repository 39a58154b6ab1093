"""POST /device_authorization (RFC 8628 §3.1)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..dpop.admission import Admission
from ..http import paths
from ..http.render import device_response
from ..oauth.device.authorization_endpoint import DeviceAuthorizationEndpoint
from .client_request import gate_opener, read_request


def router(
    endpoint: DeviceAuthorizationEndpoint, admission: Admission, *, uri: str, algs: frozenset[str]
) -> APIRouter:
    """Serve the endpoint at ``uri``, with proofs signed by one of ``algs`` or without."""
    api = APIRouter()

    async def device_authorization(request: Request) -> Response:
        asked = await read_request(request)
        answer = await endpoint(asked, gate_opener(request, admission, uri=uri, algs=algs))
        return device_response(answer)

    api.add_route(paths.DEVICE_AUTHORIZATION, device_authorization, methods=["POST"])
    return api
