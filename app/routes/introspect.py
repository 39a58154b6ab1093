"""POST /introspect (RFC 7662, RFC 9701)."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..dpop.admission import Admission
from ..http import paths
from ..http.render import INTROSPECTION_JWT, introspection_jwt, json_response, nonce_header
from ..http.request import prefers
from ..oauth.introspection_endpoint import IntrospectionEndpoint
from .client_request import gate_opener, read_request

Sign = Callable[[Mapping[str, Any], str], str]


def router(
    endpoint: IntrospectionEndpoint,
    admission: Admission,
    sign: Sign,
    *,
    uri: str,
    algs: frozenset[str],
) -> APIRouter:
    """Serve the endpoint at ``uri``, with proofs signed by one of ``algs`` or without.

    ``sign`` makes the JWT of an answer for an audience.
    """
    api = APIRouter()

    async def introspect(request: Request) -> Response:
        asked = await read_request(request)
        answer = await endpoint(asked, gate_opener(request, admission, uri=uri, algs=algs))
        # RFC 9701 §4: The resource server requests a JWT introspection response by sending an
        # introspection request with an Accept HTTP header field set to
        # "application/token-introspection+jwt".
        if prefers(request, INTROSPECTION_JWT, over="application/json"):
            return introspection_jwt(sign(answer.members, answer.audience), answer.nonce)
        return json_response(answer.members, headers=nonce_header(answer.nonce))

    api.add_route(paths.INTROSPECT, introspect, methods=["POST"])
    return api
