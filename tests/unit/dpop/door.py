"""A server's door for proofs, over the real memory of one process."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app.dpop.admission import Admission
from app.dpop.binding import Bearer, BoundKey
from app.dpop.errors import Check, NonceRequired, ProofRefused
from app.dpop.ports import Outcome, Spending
from app.oauth.client import AuthMethod, Client
from app.oauth.errors import TemporarilyUnavailable
from app.state.memory.proofs import MemoryProofs
from tests.builders import DpopKey, FrozenClock
from tests.unit.dpop.support import a_key, a_proof, verified

CLIENT = Client(client_id="c1", client_name="A client", auth_method=AuthMethod.NONE)


def a_client(**changes: Any) -> Client:
    return replace(CLIENT, **changes)


class Memory:
    """The real memory of one process, watched. Like a remote one it can be lost or not answer."""

    def __init__(self, clock: FrozenClock, born_at: float | None = None) -> None:
        self._clock = clock
        self._proofs = MemoryProofs(clock, born_at, 1_000_000)
        self.spent: list[Spending] = []
        self.remembered = 0
        self.marked: list[str] = []
        self.looked_up: list[int] = []
        self.made: list[int] = []
        self.out_of_reach = False
        self.lose_at_next_spend = False

    def lose(self) -> None:
        """Start empty again."""
        self._proofs = MemoryProofs(self._clock, self._clock.now(), 1_000_000)

    @property
    def born_at(self) -> float | None:
        return self._proofs.born_at

    async def spend(self, spending: Spending) -> Outcome:
        self._reach()
        if self.lose_at_next_spend:
            self.lose_at_next_spend = False
            self.lose()
        self.spent.append(spending)
        outcome = await self._proofs.spend(spending)
        self.remembered += outcome is Outcome.FRESH
        return outcome

    async def mark(self, jkt: str, holder: str) -> None:
        self._reach()
        self.marked.append(holder)
        await self._proofs.mark(jkt, holder)

    async def nonce(self, step: int) -> str:
        self._reach()
        self.made.append(step)
        return await self._proofs.nonce(step)

    async def known_nonce(self, step: int) -> str | None:
        self.looked_up.append(step)
        return await self._proofs.known_nonce(step)

    def _reach(self) -> None:
        if self.out_of_reach:
            raise TemporarilyUnavailable("the memory does not answer")


@dataclass
class Door:
    """One replica. Those that share a memory share what they remember, but not their clocks."""

    policy: str = "auto"
    clock: FrozenClock = field(default_factory=FrozenClock)
    given: Memory | None = None
    allow_bearer: bool = False

    def __post_init__(self) -> None:
        self.memory = self.given or Memory(self.clock)
        self.admission = Admission(
            self.memory, self.clock, self.policy, allow_bearer=self.allow_bearer
        )

    def peer(self, *, ahead: float = 0, policy: str | None = None) -> "Door":
        """Return another replica, whose clock is some seconds ahead."""
        clock = FrozenClock(self.clock.now() + ahead)
        return Door(policy or self.policy, clock, self.memory, self.allow_bearer)

    async def admit(
        self, proof: str, client: Client = CLIENT, client_keys: frozenset[str] = frozenset()
    ) -> BoundKey:
        binding = await self.admission.gate(verified(proof)).admit(client, client_keys)
        assert isinstance(binding, BoundKey)
        return binding

    async def admits(self, proof: str, client: Client = CLIENT) -> str:
        """Return the thumbprint that an admitted proof binds to."""
        return (await self.admit(proof, client)).jkt

    async def admit_nothing(self, client: Client = CLIENT) -> Bearer:
        binding = await self.admission.gate(None).admit(client, frozenset())
        assert isinstance(binding, Bearer)
        return binding

    async def assert_refuses(
        self, proof: str, check: Check, client: Client = CLIENT
    ) -> ProofRefused:
        """Assert that the check refuses the proof for good."""
        with pytest.raises(ProofRefused) as refused:
            await self.admit(proof, client)
        assert (refused.value.check, refused.value.error) == (check, "invalid_dpop_proof")
        assert not isinstance(refused.value, NonceRequired)
        return refused.value

    async def assert_challenges(
        self, proof: str, check: Check = Check.NONCE, client: Client = CLIENT
    ) -> NonceRequired:
        """Assert that the check answers with a nonce, and that nothing was consumed."""
        remembered = self.memory.remembered
        with pytest.raises(NonceRequired) as challenged:
            await self.admit(proof, client)
        assert (challenged.value.check, challenged.value.error) == (check, "use_dpop_nonce")
        assert challenged.value.nonce
        assert "DPoP-Nonce" in challenged.value.description
        assert self.memory.remembered == remembered
        return challenged.value

    async def nonce(self) -> str:
        """Return the nonce a client would be given now."""
        return await self.memory._proofs.nonce(int(self.clock.now() // 60))

    def proof(self, key: DpopKey | None = None, /, *, age: float = 0, **claims: Any) -> str:
        """Sign a proof dated ``age`` seconds before this replica's now."""
        return a_proof(key or a_key(), **({"iat": self.clock.now() - age} | claims))
