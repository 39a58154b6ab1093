"""POST /par (RFC 9126 §2, RFC 9449 §10.1)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..dpop import proof
from ..dpop.admission import Admission, Gate
from ..http import paths
from ..http.render import pushed_response
from ..http.request import authorization, client_address, dpop_headers, origin, read_form
from ..oauth.parameters import Parameters
from ..oauth.pushed_authorization_endpoint import PushedAuthorizationEndpoint, PushRequest


def router(
    endpoint: PushedAuthorizationEndpoint, admission: Admission, *, uri: str, algs: frozenset[str]
) -> APIRouter:
    """Serve the endpoint at ``uri``, with proofs signed by one of ``algs`` or without."""
    api = APIRouter()

    async def push(request: Request) -> Response:
        parameters = Parameters.parse(await read_form(request))

        def open_gate() -> Gate | None:
            verified = proof.verify(dpop_headers(request), method="POST", uri=uri, algs=algs)
            return None if verified is None else admission.gate(verified)

        response = await endpoint(
            PushRequest(
                parameters=parameters,
                authorization=authorization(request),
                address=client_address(request),
                origin=origin(request),
            ),
            open_gate,
        )
        return pushed_response(response)

    api.add_route(paths.PAR, push, methods=["POST"])
    return api
