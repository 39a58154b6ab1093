"""POST /token (RFC 6749 §3.2, RFC 9449 §5)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..dpop import proof
from ..dpop.admission import Admission, Gate
from ..http import paths
from ..http.render import token_response
from ..http.request import authorization, client_address, dpop_headers, origin, read_form
from ..oauth.parameters import Parameters
from ..oauth.token_endpoint import TokenEndpoint, TokenRequest


def router(
    endpoint: TokenEndpoint, admission: Admission, *, uri: str, algs: frozenset[str]
) -> APIRouter:
    """Serve the token endpoint at ``uri``, with proofs signed by one of ``algs``."""
    api = APIRouter()

    async def token(request: Request) -> Response:
        parameters = Parameters.parse(await read_form(request))

        def open_gate() -> Gate:
            verified = proof.verify(dpop_headers(request), method="POST", uri=uri, algs=algs)
            return admission.gate(verified)

        response = await endpoint(
            TokenRequest(
                parameters=parameters,
                authorization=authorization(request),
                address=client_address(request),
                origin=origin(request),
            ),
            open_gate,
        )
        return token_response(response)

    api.add_route(paths.TOKEN, token, methods=["POST"])
    return api
