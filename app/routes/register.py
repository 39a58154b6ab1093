"""POST /register (RFC 7591), and GET, PUT and DELETE /register/{client_id} (RFC 7592)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..http import paths
from ..http.render import NO_STORE, json_response
from ..http.request import bearer_token, client_address, read_json
from ..management.configuration import ClientConfiguration, ConfigurationRequest
from ..management.registration import ClientRegistration
from ..management.registration_answer import Information


def router(
    registration: ClientRegistration, configuration: ClientConfiguration, *, uri: str
) -> APIRouter:
    """Serve both endpoints; ``uri`` is the registration endpoint's."""
    api = APIRouter()

    def answer(information: Information, status: int = 200) -> Response:
        members = information.members(f"{uri}/{information.client.client_id}")
        return json_response(members, status=status)

    async def register(request: Request) -> Response:
        members = await read_json(request)
        address = client_address(request)
        made = await registration.register(members, bearer_token(request), address)
        # RFC 7591 §3.2.1: HTTP 201 Created.
        return answer(made, status=201)

    async def configure(request: Request) -> Response:
        asked = ConfigurationRequest(
            request.path_params["client_id"], bearer_token(request), client_address(request)
        )
        if request.method == "DELETE":
            await configuration.delete(asked)
            # RFC 7592 §2.3: HTTP 204 No Content.
            return Response(status_code=204, headers=NO_STORE)
        if request.method == "PUT":
            return answer(await configuration.update(asked, await read_json(request)))
        return answer(await configuration.read(asked))

    api.add_route(paths.REGISTER, register, methods=["POST"])
    api.add_route(f"{paths.REGISTER}/{{client_id}}", configure, methods=["GET", "PUT", "DELETE"])
    return api
