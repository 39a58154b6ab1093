"""What expires within minutes, in the memory of one process.

No method awaits anything, so each is atomic in the event loop. A second process would not see it:
who uses this must hold the data directory's lock.
"""

import secrets

from ...clock import Clock
from ..keys import ATTEMPT_LIMIT, ATTEMPT_WINDOW
from .counters import MemoryAssertions, MemoryAttempts
from .device_codes import MemoryDeviceCodes
from .one_time import MemoryCodes, MemoryPushedRequests
from .proofs import MemoryProofs
from .sessions import MemorySessions


class MemoryState:
    """Every store of this package.

    ``born_at``: as ``state.epoch.begin`` returns it. ``capacity``: entries each store holds at
    most; a full one raises TemporarilyUnavailable.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        born_at: float | None,
        attempt_limit: int = ATTEMPT_LIMIT,
        attempt_window: float = ATTEMPT_WINDOW,
        capacity: int = 1_000_000,
    ) -> None:
        self._name = secrets.token_hex(8)
        self.codes = MemoryCodes(clock, capacity)
        # Each is some kilobytes, and anybody may push for a public client.
        self.pushed_requests = MemoryPushedRequests(clock, max(1, capacity // 10))
        # Likewise, and a device asks without a person.
        self.device_codes = MemoryDeviceCodes(clock, max(1, capacity // 10))
        self.assertions = MemoryAssertions(clock, born_at, capacity)
        self.attempts = MemoryAttempts(clock, attempt_limit, attempt_window, capacity)
        self.proofs = MemoryProofs(clock, born_at, capacity)
        self.sessions = MemorySessions(clock, capacity)

    @property
    def name(self) -> str:
        """Name the memory: every process has another."""
        return "process " + self._name

    def was_first(self, name: str) -> None:
        """Do nothing: ``born_at`` said so already."""

    async def ping(self) -> None:
        """Do nothing: memory is always there."""

    async def close(self) -> None:
        """Do nothing: memory ends with the process."""
