"""Device authorizations of one process."""

from dataclasses import dataclass, replace

from ...clock import Clock
from ...oauth.device.codes import EARLY, SLOW_DOWN, Decision, DeviceRequest
from ...oauth.device.ports import StoredDeviceCode
from .expiring import Expiring
from .one_time import OneTimeRecords


@dataclass(frozen=True, slots=True)
class _Device:
    """A request, what was decided, when it was last polled for, and by how much to slow down."""

    request: DeviceRequest
    decision: Decision | None = None
    polled_at: float | None = None
    slower_by: int = 0


@dataclass(frozen=True, slots=True)
class _Name:
    code_hash: str
    expires_at: float


class MemoryDeviceCodes:
    """Implements ``oauth.device.ports.DeviceCodes``."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._records: OneTimeRecords[_Device] = OneTimeRecords(clock, limit)
        self._names: Expiring[str, _Name] = Expiring(lambda name: name.expires_at, limit)

    async def put(self, code_hash: str, user_code_hash: str, request: DeviceRequest) -> bool:
        now = self._clock.now()
        if self._names.get(user_code_hash, now) is not None:
            return False
        self._records.put(code_hash, _Device(request), request.forgotten_at)
        self._names.put(user_code_hash, _Name(code_hash, request.expires_at), now)
        return True

    async def find(self, code_hash: str) -> StoredDeviceCode | None:
        record = self._records.find(code_hash)
        if record is None:
            return None
        return StoredDeviceCode(record.value.request, record.value.decision, record.spent)

    async def named(self, user_code_hash: str) -> str | None:
        name = self._names.get(user_code_hash, self._clock.now())
        return name.code_hash if name is not None else None

    async def decide(self, code_hash: str, decision: Decision) -> bool:
        record = self._records.find(code_hash)
        if record is None or record.value.decision is not None:
            return False
        self._records.change(code_hash, replace(record.value, decision=decision))
        return True

    async def poll(self, code_hash: str, at: float, interval: int) -> bool:
        record = self._records.find(code_hash)
        if record is None:
            return True
        device = record.value
        due = interval + device.slower_by - EARLY
        is_early = device.polled_at is not None and at - device.polled_at < due
        slower_by = device.slower_by + (SLOW_DOWN if is_early else 0)
        self._records.change(code_hash, replace(device, polled_at=at, slower_by=slower_by))
        return not is_early

    async def spend(self, code_hash: str) -> bool:
        return self._records.spend(code_hash)
