"""The device code grant (RFC 8628 §3.4, §3.5, RFC 9449 §5)."""

from functools import partial

from ...credentials import digest
from ..client import GrantType
from ..device.codes import Decision, DeviceRequest, fingerprint
from ..device.ports import DeviceCodes, StoredDeviceCode
from ..errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    OAuthError,
    SlowDown,
)
from ..ports import Database, RefreshTokens, Users
from ..token_family import TokenFamily
from .code_replay import CodeReplay
from .founding import Founder, Founding
from .grant import Authorization, GrantRequest
from .minting import Mint

_UNKNOWN = "the device code is unknown, was forgotten, or was issued to another client"
_START_AGAIN = "start again at the device authorization endpoint"


class DeviceCodeGrant:
    """Redeems a device code, exactly once, for the first tokens of a family."""

    grant_type = GrantType.DEVICE_CODE

    def __init__(
        self,
        device_codes: DeviceCodes,
        database: Database,
        users: Users,
        refresh_tokens: RefreshTokens,
        mint: Mint,
    ) -> None:
        self._device_codes = device_codes
        self._database = database
        self._users = users
        self._replay = CodeReplay(database, "device code")
        self._founder = Founder(
            database,
            refresh_tokens,
            mint,
            self._replay,
            spend=device_codes.spend,
            start_again=_START_AGAIN,
        )

    async def authorize(self, request: GrantRequest) -> Authorization:
        code_hash = digest(request.parameters.require("device_code"))
        stored = await self._device_codes.find(code_hash)
        if stored is None:
            await self._replay.of_forgotten_code(code_hash, request, _could_redeem)
            raise InvalidGrant(_UNKNOWN)
        asked = stored.request
        # RFC 8628 §3.4: the client MUST authenticate [...]; the device code is that client's.
        if asked.client_id != request.client.client_id:
            raise InvalidGrant(_UNKNOWN)
        # RFC 9449 §10: the server rejects the request if the proof's key is not that of dpop_jkt.
        # Nothing counts before, not even a poll: else whoever learns the code could slow it down.
        request.binding.confirm(asked.dpop_jkt)
        decision = await self._decision(code_hash, stored, request)
        founding = _founding(code_hash, asked, decision, request)
        if stored.spent:
            raise await self._founder.replayed(founding)
        await self._check_person(asked, decision)
        return Authorization(
            scopes=asked.scopes,
            resources=asked.resources,
            requested_scope=None,
            authorization_details=asked.authorization_details,
            redeem=partial(self._founder.redeem, founding),
        )

    async def _decision(
        self, code_hash: str, stored: StoredDeviceCode, request: GrantRequest
    ) -> Decision:
        """Return the person's yes. Raises what the device is told in its place."""
        asked, decision = stored.request, stored.decision
        # RFC 8628 §3.5: access_denied: The authorization request was denied.
        if decision is not None and not decision.allowed:
            raise AccessDenied("the person did not allow it")
        # RFC 8628 §3.5: expired_token: The "device_code" has expired, and the device authorization
        # session has concluded.
        if asked.expires_at <= request.now and not stored.spent:
            raise ExpiredToken(f"the device code has expired: {_START_AGAIN}")
        if decision is None:
            raise await self._pending(code_hash, asked, request)
        return decision

    async def _pending(
        self, code_hash: str, asked: DeviceRequest, request: GrantRequest
    ) -> OAuthError:
        # RFC 8628 §3.5: slow_down: the authorization request is still pending and polling should
        # continue, but the interval MUST be increased by 5 seconds for this and all subsequent
        # requests.
        if not await self._device_codes.poll(code_hash, request.now, asked.interval):
            return SlowDown(
                "the device polls too fast: add 5 seconds to the interval, for this and all polls "
                "to come"
            )
        # RFC 8628 §3.5: authorization_pending: The authorization request is still pending as the
        # end user hasn't yet completed the user-interaction steps.
        return AuthorizationPending("the person has not answered yet: go on polling")

    async def _check_person(self, asked: DeviceRequest, decision: Decision) -> None:
        if not await self._users.is_active(decision.user_id):
            raise InvalidGrant("the person who allowed this has no active account any more")
        # A device may take minutes to come, and the person may have thought better of it.
        async with self._database.read() as unit:
            consent = await unit.consents.find(decision.user_id, asked.client_id)
        if consent is None:
            raise AccessDenied("the person allowed it, and took it back")


def _founding(
    code_hash: str, asked: DeviceRequest, decision: Decision, request: GrantRequest
) -> Founding:
    return Founding(
        code_hash=code_hash,
        user_id=decision.user_id,
        scopes=asked.scopes,
        resources=asked.resources,
        auth_time=decision.auth_time,
        acr=decision.acr,
        authorization_details=asked.authorization_details,
        fingerprint=fingerprint(asked.client_id, asked.dpop_jkt),
        request=request,
    )


def _could_redeem(request: GrantRequest, family: TokenFamily) -> bool:
    client_id = request.client.client_id
    # Which key it was bound to is forgotten, but not that it was.
    candidates = {fingerprint(client_id, jkt) for jkt in (None, request.binding.jkt)}
    return family.client_id == client_id and family.code_fingerprint in candidates
