"""What keeps device authorizations. As oauth.ports, whose laws hold here too."""

from dataclasses import dataclass
from typing import Protocol

from .codes import Decision, DeviceRequest


@dataclass(frozen=True, slots=True)
class StoredDeviceCode:
    """A device code as its store has it; ``decision`` None while the person has not answered."""

    request: DeviceRequest
    decision: Decision | None
    spent: bool


class DeviceCodes(Protocol):
    """Device authorizations (RFC 8628), by the hashes of their device code and user code."""

    async def put(self, code_hash: str, user_code_hash: str, request: DeviceRequest) -> bool:
        """Keep the request until its ``forgotten_at``, and its user code until ``expires_at``.

        False if the user code is another request's: then nothing leads to this one.
        """
        ...

    async def find(self, code_hash: str) -> StoredDeviceCode | None: ...

    async def named(self, user_code_hash: str) -> str | None:
        """Return the hash of the device code that goes with a user code."""
        ...

    async def decide(self, code_hash: str, decision: Decision) -> bool:
        """Atomically keep the first decision, ever: True for exactly one caller."""
        ...

    async def poll(self, code_hash: str, at: float, interval: int) -> bool:
        """Atomically note a poll; True if it came in time.

        ``interval`` holds until the first poll that comes too soon after the one before. That one,
        and each that follows too soon again, lengthens it by SLOW_DOWN.
        """
        ...

    async def spend(self, code_hash: str) -> bool:
        """Atomically: True for exactly one caller, ever; False for all others."""
        ...
