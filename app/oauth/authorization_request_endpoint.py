"""Reading authorization requests: the part that /authorize and /par share.

A request is read anew at every step, however it came, and held to all rules each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from ..clock import Clock
from . import authorization, delivery, interaction, opening, par, request_object, resource
from .authorization import AuthorizationRequest, ReturnAddress
from .client import Client
from .client_keys import KeysUnavailable
from .delivery import Delivery, Way
from .details_endpoint import DetailsReader
from .details_type import Types
from .errors import InvalidClient, InvalidRequest, InvalidRequestObject, InvalidRequestUri
from .interaction import Pairs, Person
from .opening import Opening
from .parameters import Parameters
from .ports import ClientKeys, Clients, PushedRequests, Resources, ResourceServer
from .profile import NO_PROFILE, Profile
from .signed_jwt import SignedJwt

_UNKNOWN = "the request_uri is unknown, or was not opened in time: push the request again"
_USED = "this request was answered already: start again from the app"

# Of a plain request, urlencoded: it travels through the sign-in page, urlencoded once more.
MAX_QUERY = 16 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that keeps to every rule, and the resource servers and types that it names."""

    request: AuthorizationRequest
    resources: Sequence[ResourceServer]
    details_types: Types


class RequestChecks:
    """Holds an authorization request to every rule that does not depend on how it came."""

    def __init__(
        self,
        resources: Resources,
        details: DetailsReader,
        *,
        issuer: str,
        profile: Profile = NO_PROFILE,
        client_keys: ClientKeys | None = None,
    ) -> None:
        self._resources = resources
        self._details = details
        self._issuer = issuer
        self._profile = profile
        self._client_keys = client_keys

    async def __call__(self, pairs: Pairs, address: ReturnAddress) -> Checked:
        """Check, or raise the OAuthError to tell the client."""
        request = authorization.validate(Parameters.parse(pairs), address)
        # FAPI 2.0 Security Profile 5.3.2.2, 6: shall require the redirect_uri parameter in pushed
        # authorization requests.
        if self._profile.needs_redirect_uri and not address.sent:
            raise InvalidRequest("redirect_uri is missing; this server requires it in each request")
        asked = await self._details.asked(request.authorization_details, address.client)
        # RFC 9396 §3.2: The resource parameter does not have any impact on the way the AS processes
        # the authorization_details: the tokens are for both.
        uris = resource.parse((*request.resources, *asked.resources))
        request = replace(request, resources=uris, ask_always=asked.ask_always)
        found = [await self._resources.find(uri) for uri in request.resources]
        # What the token endpoint would refuse is refused before the person is asked.
        resource.aim(request.resources, found, request.scopes, default_audience=self._issuer)
        return Checked(request, resource.registered(request.resources, found), asked.types)

    async def signed(self, value: str, client: Client) -> SignedJwt:
        """Read a request object that the client signed. Raises InvalidRequestObject."""
        jwt = request_object.read(value, client)
        if client.jwks_uri is not None and self._client_keys is not None:
            try:
                client = await self._client_keys.resolved(client, jwt)
            except KeysUnavailable as reason:
                raise InvalidRequestObject(str(reason)) from None
        request_object.check_signature(jwt, client)
        return jwt


@dataclass(frozen=True, slots=True)
class Brought:
    """A request that a browser brought, and where its answer goes.

    ``pairs`` are its parameters, without those that a sign-in has satisfied; ``query`` leads back
    to it, form-urlencoded.
    """

    delivery: Delivery
    address: ReturnAddress
    pairs: Pairs
    query: str
    opening: Opening
    signed: SignedJwt | None = None

    @property
    def login_hint(self) -> str:
        return dict(self.pairs).get("login_hint", "")


class RequestReader:
    """Opens what browsers bring. ``secret`` signs the marks that travel with a request."""

    def __init__(
        self,
        *,
        issuer: str,
        clients: Clients,
        pushed_requests: PushedRequests,
        checks: RequestChecks,
        clock: Clock,
        secret: bytes,
        require_par: bool,
        profile: Profile = NO_PROFILE,
    ) -> None:
        self._issuer = issuer
        self._clients = clients
        self._pushed_requests = pushed_requests
        self._checks = checks
        self._clock = clock
        self._secret = secret
        self._require_par = require_par
        self._profile = profile

    async def open(self, pairs: Pairs, person: Person | None) -> Brought:
        """Find out what is asked, and where the answer goes.

        Raises the InvalidRequest that must be shown: no redirect URI can be trusted.
        """
        brought = delivery.read(pairs)
        client = authorization.registered(await self._found(brought.client_id), brought.client_id)
        if (flaw := self._profile.flaw_of(client)) is not None:
            raise InvalidRequest(flaw)
        if brought.way is Way.PLAIN:
            return self._plain(brought, client, pairs)
        signed, asked = None, pairs
        if brought.way is Way.OBJECT:
            signed = await self._checks.signed(brought.value, client)
            # RFC 9101 §6.3: The authorization server MUST only use the parameters in the Request
            # Object, even if the same parameter is provided in the query parameter.
            asked = request_object.parameters_of(signed)
        else:
            asked = await self._pushed(brought)
        return self._marked(brought, client, asked, person, signed)

    async def check(self, brought: Brought) -> Checked:
        """Hold what was brought to every rule. Raises the OAuthError to tell the client."""
        client = brought.address.client
        delivery.check(brought.delivery.way, client, require_par=self._require_par)
        # RFC 9396 §11.4: Authorization request URIs can become very long. Therefore, implementers
        # should consider using the request_uri parameter [...] with the pushed request object.
        if brought.delivery.way is Way.PLAIN and len(brought.query) > MAX_QUERY:
            raise InvalidRequest(f"expected at most {MAX_QUERY} bytes: use /par (RFC 9126)")
        if brought.signed is not None:
            # It may expire while the person signs in.
            now = brought.opening.at
            request_object.check_claims(
                brought.signed, client.client_id, issuer=self._issuer, now=now
            )
        return await self._checks(brought.pairs, brought.address)

    async def answer(self, brought: Brought) -> None:
        """Use the request up. Raises InvalidRequestUri if another answer was faster."""
        # RFC 9126 §7.3: it is RECOMMENDED that authorization servers treat request_uri values as
        # one-time use.
        is_pushed = brought.delivery.way is Way.PUSHED
        if is_pushed and not await self._pushed_requests.spend(par.key_of(brought.delivery.value)):
            raise InvalidRequestUri(_USED)

    async def _found(self, client_id: str) -> Client | None:
        try:
            return await self._clients.find(client_id)
        except InvalidClient as error:
            # Nobody authenticates here, so there is nothing to be challenged for.
            raise InvalidRequest(error.description) from None

    async def _pushed(self, brought: Delivery) -> Pairs:
        until = self._clock.now() + opening.LIFETIME
        opened = await self._pushed_requests.open(par.key_of(brought.value), until)
        # RFC 9126 §2.2: The request_uri value MUST be bound to the client that posted the request.
        if opened is None or opened.request.client_id != brought.client_id:
            raise InvalidRequestUri(_UNKNOWN)
        if opened.spent:
            raise InvalidRequestUri(_USED)
        return opened.request.parameters

    def _plain(self, brought: Delivery, client: Client, pairs: Pairs) -> Brought:
        return Brought(
            brought,
            authorization.return_address(client, authorization.telling_where(pairs)),
            pairs,
            urlencode(interaction.travelling(pairs)),
            Opening(self._clock.now(), None),
        )

    def _marked(
        self,
        brought: Delivery,
        client: Client,
        asked: Pairs,
        person: Person | None,
        signed: SignedJwt | None,
    ) -> Brought:
        now, auth_time = self._clock.now(), person.auth_time if person else None
        opened = opening.unseal(brought.mark, self._secret, brought.value, now)
        if opened is not None and auth_time is not None and opened.is_satisfied_by(auth_time):
            asked = interaction.after_sign_in(asked)
        opened = opened or Opening(now, auth_time)
        where = [("client_id", brought.client_id), *_but_client_id(asked)]
        return Brought(
            brought,
            authorization.return_address(client, authorization.telling_where(where)),
            asked,
            urlencode(brought.travelling(opened.seal(self._secret, brought.value))),
            opened,
            signed,
        )


def _but_client_id(pairs: Pairs) -> Pairs:
    return [pair for pair in pairs if pair[0] != "client_id"]
