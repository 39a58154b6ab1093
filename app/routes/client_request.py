"""Reading what a client sends to the endpoints that take a proof but need none."""

from collections.abc import Callable

from fastapi import Request

from ..dpop import proof
from ..dpop.admission import Admission, Gate
from ..http.request import authorization, client_address, dpop_headers, origin, read_form
from ..oauth.client_endpoint import ClientRequest
from ..oauth.parameters import Parameters


async def read_request(request: Request) -> ClientRequest:
    """Read the form and who sends it. Raises OAuthError."""
    return ClientRequest(
        parameters=Parameters.parse(await read_form(request)),
        authorization=authorization(request),
        address=client_address(request),
        origin=origin(request),
    )


def gate_opener(
    request: Request, admission: Admission, *, uri: str, algs: frozenset[str]
) -> Callable[[], Gate | None]:
    """Return what verifies the proof, if there is one, and makes its gate."""

    def open_gate() -> Gate | None:
        verified = proof.verify(dpop_headers(request), method="POST", uri=uri, algs=algs)
        return None if verified is None else admission.gate(verified)

    return open_gate
