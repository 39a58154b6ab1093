"""The authorization endpoint (RFC 6749 §3.1, §4.1.1, §4.1.2; RFC 9207), without its pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from ..clock import Clock
from ..credentials import Kind, digest, mint
from ..telemetry.audit import AuditEvent, AuditSink, EventKind
from . import authorization_details, interaction
from .authorization import AuthorizationRequest, ReturnAddress
from .authorization_code import AuthorizationCode
from .authorization_request_endpoint import Brought, RequestReader
from .details_type import Types
from .errors import AccessDenied, InvalidRequestUri, OAuthError
from .interaction import Pairs, Person, Step
from .ports import Codes, Consent, Database, ResourceServer


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back to the client: a code, or an error, in the redirect URI's query."""

    redirect_uri: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Interaction:
    """The person must act first. ``query`` is the request to come back with, form-urlencoded.

    ``details_types`` has every type of the request's authorization details.
    """

    step: Step
    request: AuthorizationRequest
    resources: Sequence[ResourceServer]
    details_types: Types
    query: str


Outcome = Answer | Interaction


@dataclass(frozen=True, slots=True)
class _Valid:
    request: AuthorizationRequest
    resources: Sequence[ResourceServer]
    details_types: Types
    brought: Brought

    def ask(self, step: Step) -> Interaction:
        return Interaction(
            step, self.request, self.resources, self.details_types, self.brought.query
        )


class AuthorizationEndpoint:
    """Decides what an authorization request leads to. ``code_lifetime`` in seconds.

    Each method raises the OAuthErrors that must be shown on a page, because the request names no
    redirect URI that can be trusted; all later errors come back as an Answer.
    """

    def __init__(
        self,
        *,
        issuer: str,
        requests: RequestReader,
        codes: Codes,
        database: Database,
        audit: AuditSink,
        clock: Clock,
        code_lifetime: int,
    ) -> None:
        self._issuer = issuer
        self._requests = requests
        self._codes = codes
        self._database = database
        self._audit = audit
        self._clock = clock
        self._code_lifetime = code_lifetime

    async def locate(self, pairs: Pairs) -> Brought:
        """Find the client and where its answer goes."""
        return await self._requests.open(pairs, None)

    async def authorize(self, pairs: Pairs, person: Person | None) -> Outcome:
        """Answer GET and POST /authorize."""

        async def decide(valid: _Valid) -> Outcome:
            consent = await self._consent(person, valid.request)
            step = interaction.next_step(valid.request, person, consent, self._clock.now())
            if step is Step.ISSUE and person is not None:
                return await self._issue(valid, person)
            return valid.ask(step)

        return await self._for_valid(pairs, person, decide)

    async def review(self, pairs: Pairs, person: Person | None) -> Outcome:
        """Return what the consent page shows, or ask for a sign-in."""

        async def decide(valid: _Valid) -> Outcome:
            signed_in = self._is_signed_in(valid.request, person)
            return valid.ask(Step.CONSENT if signed_in else Step.SIGN_IN)

        return await self._for_valid(pairs, person, decide)

    async def approve(self, pairs: Pairs, person: Person, address: str) -> Outcome:
        """Remember the consent, then issue the code. ``address`` is the browser's."""

        async def decide(valid: _Valid) -> Outcome:
            if not self._is_signed_in(valid.request, person):
                return valid.ask(Step.SIGN_IN)
            await self._remember(valid.request, person, address)
            return await self._issue(valid, person)

        return await self._for_valid(pairs, person, decide)

    async def deny(self, pairs: Pairs, person: Person, address: str) -> Outcome:
        """Tell the client that the person said no."""

        async def decide(valid: _Valid) -> Outcome:
            await self._requests.answer(valid.brought)
            async with self._database.begin() as work:
                kind = EventKind.CONSENT_DENIED
                await work.audit.add(self._event(kind, valid.request, person, address))
                await work.commit()
            # RFC 6749 §4.1.2.1: access_denied: The resource owner or authorization server denied
            # the request.
            return self._refusal(valid.request.address, AccessDenied("the person did not consent"))

        return await self._for_valid(pairs, person, decide)

    async def _for_valid(
        self, pairs: Pairs, person: Person | None, decide: Callable[[_Valid], Awaitable[Outcome]]
    ) -> Outcome:
        brought = await self._requests.open(pairs, person)
        try:
            checked = await self._requests.check(brought)
            valid = _Valid(checked.request, checked.resources, checked.details_types, brought)
            return await decide(valid)
        except InvalidRequestUri:
            # Another answer to this very request was faster: the client has it, and needs no other.
            raise
        except OAuthError as error:
            # RFC 6749 §4.1.2.1: the authorization server informs the client by adding the
            # parameters to the query component of the redirection URI.
            self._record_refusal(brought.address, error)
            return self._refusal(brought.address, error)

    def _is_signed_in(self, request: AuthorizationRequest, person: Person | None) -> bool:
        now = self._clock.now()
        return person is not None and not interaction.needs_sign_in(request, person, now)

    async def _consent(
        self, person: Person | None, request: AuthorizationRequest
    ) -> Consent | None:
        if person is None:
            return None
        async with self._database.read() as work:
            return await work.consents.find(person.user_id, request.client.client_id)

    async def _remember(self, request: AuthorizationRequest, person: Person, address: str) -> None:
        consent = Consent(
            user_id=person.user_id,
            client_id=request.client.client_id,
            scopes=request.scopes,
            resources=frozenset(request.resources),
            authorization_details=request.authorization_details,
        )
        async with self._database.begin() as work:
            await work.consents.give(consent, self._clock.now())
            kind = EventKind.CONSENT_GIVEN
            await work.audit.add(self._event(kind, request, person, address))
            await work.commit()

    async def _issue(self, valid: _Valid, person: Person) -> Answer:
        request = valid.request
        # First used up, then answered: if a later step fails it must be asked anew.
        await self._requests.answer(valid.brought)
        value = mint(Kind.AUTHORIZATION_CODE)
        code = AuthorizationCode(
            client_id=request.client.client_id,
            user_id=person.user_id,
            redirect_uri=request.address.redirect_uri,
            redirect_uri_sent=request.address.sent,
            code_challenge=request.code_challenge,
            scopes=request.scopes,
            resources=request.resources,
            dpop_jkt=request.dpop_jkt,
            auth_time=person.auth_time,
            acr=person.acr,
            authorization_details=request.authorization_details,
            expires_at=self._clock.now() + self._code_lifetime,
        )
        await self._codes.put(digest(value), code)
        return self._answer(request.address, code=value)

    def _refusal(self, address: ReturnAddress, error: OAuthError) -> Answer:
        return self._answer(address, error=error.error, error_description=error.description)

    def _answer(self, address: ReturnAddress, **parameters: str) -> Answer:
        # RFC 6749 §4.1.2: state: REQUIRED if the "state" parameter was present in the client
        # authorization request. The exact value received from the client.
        if address.state is not None:
            parameters["state"] = address.state
        # RFC 9207 §2: the authorization server MUST indicate its identity by including the iss
        # parameter in the response, error responses included.
        parameters["iss"] = self._issuer
        return Answer(address.redirect_uri, parameters)

    def _event(
        self, kind: EventKind, request: AuthorizationRequest, person: Person, address: str
    ) -> AuditEvent:
        return AuditEvent(
            at=self._clock.now(),
            kind=kind,
            client_id=request.client.client_id,
            user_id=person.user_id,
            address=address,
            details={
                "scope": " ".join(sorted(request.scopes)),
                **authorization_details.as_told(request.authorization_details),
            },
        )

    def _record_refusal(self, address: ReturnAddress, error: OAuthError) -> None:
        self._audit.record(
            AuditEvent(
                at=self._clock.now(),
                kind=EventKind.REQUEST_REFUSED,
                client_id=address.client.client_id,
                details={"endpoint": "authorize", "error": error.error},
            )
        )
