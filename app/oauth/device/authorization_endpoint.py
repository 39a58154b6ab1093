"""The device authorization endpoint (RFC 8628 §3.1, §3.2; RFC 9449 §10 binds its code)."""

from collections.abc import Callable
from urllib.parse import urlencode

from ...credentials import Kind, digest, mint
from .. import authorization_details, resource, scope
from ..client import GrantType
from ..client_endpoint import Caller, ClientDoor, ClientRequest
from ..details_endpoint import DetailsReader
from ..dpop_jkt import agreed, thumbprint
from ..errors import TemporarilyUnavailable, UnauthorizedClient
from ..ports import ProofGate, Resources
from . import codes
from .codes import DeviceRequest, DeviceResponse
from .ports import DeviceCodes

_TRIES = 5


class DeviceAuthorizationEndpoint:
    """Gives a device its codes.

    ``verification_uri`` is the page for people; ``lifetime`` and ``interval`` in seconds.
    """

    def __init__(
        self,
        door: ClientDoor,
        device_codes: DeviceCodes,
        resources: Resources,
        details: DetailsReader,
        *,
        verification_uri: str,
        lifetime: int,
        interval: int,
        default_audience: str,
    ) -> None:
        self._door = door
        self._device_codes = device_codes
        self._resources = resources
        self._details = details
        self._verification_uri = verification_uri
        self._lifetime = lifetime
        self._interval = interval
        self._default_audience = default_audience

    async def __call__(
        self, request: ClientRequest, open_gate: Callable[[], ProofGate | None]
    ) -> DeviceResponse:
        """Answer, or raise OAuthError or the refusal of the proof."""
        return await self._door.answer(request, open_gate, self._answer)

    async def _answer(self, caller: Caller) -> DeviceResponse:
        asked = await self._asked(caller)
        value, user_code = await self._keep(asked)
        complete = urlencode({"user_code": user_code})
        return DeviceResponse(
            device_code=value,
            user_code=user_code,
            verification_uri=self._verification_uri,
            verification_uri_complete=f"{self._verification_uri}?{complete}",
            expires_in=self._lifetime,
            interval=self._interval,
            nonce=caller.nonce,
        )

    async def _asked(self, caller: Caller) -> DeviceRequest:
        client, parameters = caller.client, caller.request.parameters
        # RFC 6749 §5.2: unauthorized_client: The authenticated client is not authorized to use
        # this authorization grant type.
        if GrantType.DEVICE_CODE not in client.grant_types:
            raise UnauthorizedClient(
                f"the client is not registered for the grant {GrantType.DEVICE_CODE}"
            )
        details = authorization_details.parse(parameters.get("authorization_details"))
        asked = await self._details.asked(details, client)
        scopes = scope.narrow(parameters.get("scope"), client.scopes, beside_details=bool(details))
        uris = resource.parse((*parameters.all("resource"), *asked.resources))
        found = [await self._resources.find(uri) for uri in uris]
        # What the token endpoint would refuse is refused before the person is asked.
        resource.aim(uris, found, scopes, default_audience=self._default_audience)
        return DeviceRequest(
            client_id=client.client_id,
            scopes=scopes,
            resources=uris,
            dpop_jkt=agreed(thumbprint(parameters.get("dpop_jkt")), caller.jkt),
            interval=self._interval,
            expires_at=caller.now + self._lifetime,
            authorization_details=details,
        )

    async def _keep(self, asked: DeviceRequest) -> tuple[str, str]:
        """Keep the request under new codes, and return them."""
        for _ in range(_TRIES):
            value, user_code = mint(Kind.DEVICE_CODE), codes.new_user_code()
            name = codes.key_of(user_code)
            # RFC 8628 §3.2: a unique device verification code and an end-user code.
            if await self._device_codes.put(digest(value), name, asked):
                return value, user_code
        raise TemporarilyUnavailable("no user code is free: try again later", part="state")
