"""Where a person answers a device (RFC 8628 §3.3), without its page."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...clock import Clock
from ...credentials import digest
from ...telemetry.audit import AuditEvent, AuditSink, EventKind
from .. import authorization_details
from ..client import Client, GrantType
from ..details_endpoint import DetailsReader
from ..details_type import Types
from ..errors import TooManyAttempts
from ..interaction import Person
from ..ports import Attempts, Clients, Consent, Database, Resources, ResourceServer
from . import codes
from .codes import Decision, DeviceRequest
from .ports import DeviceCodes


@dataclass(frozen=True, slots=True)
class WaitingDevice:
    """A device that waits for its person's answer. ``user_code`` as the device shows it."""

    user_code: str
    code_hash: str
    request: DeviceRequest
    client: Client
    resources: Sequence[ResourceServer]
    details_types: Types


class DeviceVerificationEndpoint:
    """Finds the device that shows a user code, and takes the person's answer.

    An unknown, an expired and an answered user code are all the same: None.
    """

    def __init__(
        self,
        *,
        device_codes: DeviceCodes,
        clients: Clients,
        resources: Resources,
        details: DetailsReader,
        database: Database,
        attempts: Attempts,
        audit: AuditSink,
        clock: Clock,
    ) -> None:
        self._device_codes = device_codes
        self._clients = clients
        self._resources = resources
        self._details = details
        self._database = database
        self._attempts = attempts
        self._audit = audit
        self._clock = clock

    async def look_up(self, typed: str, person: Person, address: str) -> WaitingDevice | None:
        """Count the try, then find the device. Raises TooManyAttempts.

        What is counted is not forgiven for a right code: whoever guesses can always get one.
        """
        # RFC 8628 §5.1: The server SHOULD rate-limit user code attempts. Counted by account alone:
        # nobody tries without one, and going elsewhere gives no further tries.
        wait = await self._attempts.count("user-code:" + digest(person.user_id))
        if wait:
            self._record_refusal(person, address, "too many attempts")
            raise TooManyAttempts("too many codes were tried for this account", retry_after=wait)
        found = await self._waiting(codes.normalised(typed))
        if found is None:
            self._record_refusal(person, address, "unknown code")
        return found

    async def approve(self, user_code: str, person: Person, address: str) -> WaitingDevice | None:
        """Remember the consent, then let the device have its tokens."""
        waiting = await self._waiting(user_code)
        if waiting is None:
            return None
        consent = Consent(
            user_id=person.user_id,
            client_id=waiting.client.client_id,
            scopes=waiting.request.scopes,
            resources=frozenset(waiting.request.resources),
            authorization_details=waiting.request.authorization_details,
        )
        async with self._database.begin() as work:
            await work.consents.give(consent, self._clock.now())
            await work.audit.add(self._event(EventKind.CONSENT_GIVEN, waiting, person, address))
            await work.commit()
        return await self._decided(waiting, person, allowed=True)

    async def deny(self, user_code: str, person: Person, address: str) -> WaitingDevice | None:
        """Tell the device that the person said no."""
        waiting = await self._waiting(user_code)
        if waiting is None:
            return None
        async with self._database.begin() as work:
            await work.audit.add(self._event(EventKind.CONSENT_DENIED, waiting, person, address))
            await work.commit()
        return await self._decided(waiting, person, allowed=False)

    async def _waiting(self, user_code: str | None) -> WaitingDevice | None:
        if user_code is None:
            return None
        code_hash = await self._device_codes.named(codes.key_of(user_code))
        stored = await self._device_codes.find(code_hash) if code_hash is not None else None
        if code_hash is None or stored is None or stored.decision is not None:
            return None
        asked = stored.request
        client = await self._clients.find(asked.client_id)
        if asked.expires_at <= self._clock.now() or client is None or client.disabled:
            return None
        found = [await self._resources.find(uri) for uri in asked.resources]
        known = [resource for resource in found if resource is not None]
        types = await self._details.types_of(asked.authorization_details)
        return WaitingDevice(user_code, code_hash, asked, client, known, types)

    async def _decided(
        self, waiting: WaitingDevice, person: Person, *, allowed: bool
    ) -> WaitingDevice | None:
        decision = Decision(allowed, person.user_id, person.auth_time, person.acr)
        is_first = await self._device_codes.decide(waiting.code_hash, decision)
        return waiting if is_first else None

    def _event(
        self, kind: EventKind, waiting: WaitingDevice, person: Person, address: str
    ) -> AuditEvent:
        return AuditEvent(
            at=self._clock.now(),
            kind=kind,
            client_id=waiting.client.client_id,
            user_id=person.user_id,
            jkt=waiting.request.dpop_jkt,
            address=address,
            details={
                "scope": " ".join(sorted(waiting.request.scopes)),
                "grant_type": str(GrantType.DEVICE_CODE),
                **authorization_details.as_told(waiting.request.authorization_details),
            },
        )

    def _record_refusal(self, person: Person, address: str, reason: str) -> None:
        self._audit.record(
            AuditEvent(
                at=self._clock.now(),
                kind=EventKind.USER_CODE_REFUSED,
                user_id=person.user_id,
                address=address,
                details={"reason": reason},
            )
        )
