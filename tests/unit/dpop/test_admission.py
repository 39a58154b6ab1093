"""Admitting proofs: client_key, nonce, iat, replay, under each policy."""

import asyncio
import dataclasses

import pytest

from app.dpop.admission import proof_key
from app.dpop.binding import BoundKey
from app.dpop.errors import Check, NonceRequired, ProofRefused
from app.oauth.errors import TemporarilyUnavailable
from app.oauth.ports import KeyBinding, ProofGate
from tests.builders import NOW, DpopKey, FrozenClock, s256
from tests.unit.dpop.door import CLIENT, Door, a_client
from tests.unit.dpop.support import a_key, a_proof, verified

POLICIES = ("off", "auto", "required")


async def test_the_gate_is_the_one_the_protocol_core_asks_for() -> None:
    gate: ProofGate = Door().admission.gate(verified(a_proof()))
    binding: KeyBinding = await gate.admit(CLIENT, frozenset())
    assert (binding.jkt, binding.token_type, binding.nonce) == (a_key().jkt, "DPoP", None)


def test_a_policy_that_does_not_exist_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="always"):
        Door("always")


class TestWithoutProof:
    @pytest.mark.rfc("9449", "5.2")
    @pytest.mark.parametrize("policy", POLICIES)
    async def test_a_request_without_a_proof_is_refused(self, policy: str) -> None:
        with pytest.raises(ProofRefused) as refused:
            await Door(policy).admit_nothing()
        assert refused.value.check is Check.HEADER_PRESENT
        assert refused.value.error == "invalid_dpop_proof"

    @pytest.mark.parametrize(("allowed", "bound"), [(False, False), (True, True), (False, True)])
    async def test_bearer_takes_both_the_server_and_the_client(
        self, *, allowed: bool, bound: bool
    ) -> None:
        client = a_client(dpop_bound_access_tokens=bound)
        with pytest.raises(ProofRefused) as refused:
            await Door(allow_bearer=allowed).admit_nothing(client)
        assert refused.value.check is Check.HEADER_PRESENT

    @pytest.mark.parametrize("policy", POLICIES)
    async def test_a_client_that_both_allow_bearer_comes_without_a_proof(self, policy: str) -> None:
        client = a_client(dpop_bound_access_tokens=False)
        binding = await Door(policy, allow_bearer=True).admit_nothing(client)
        assert (binding.token_type, binding.jkt) == ("Bearer", None)

    async def test_such_a_client_may_bind_its_tokens_all_the_same(self) -> None:
        door, client = Door(allow_bearer=True), a_client(dpop_bound_access_tokens=False)
        assert (await door.admit(door.proof(), client)).token_type == "DPoP"


class TestClientKey:
    async def test_a_proof_by_a_key_of_the_client_is_refused(self) -> None:
        door = Door()
        with pytest.raises(ProofRefused) as refused:
            await door.admit(door.proof(), client_keys=frozenset({a_key().jkt}))
        assert refused.value.check is Check.CLIENT_KEY
        assert door.memory.spent == []

    async def test_it_is_refused_before_a_nonce_is_asked_for(self) -> None:
        door = Door("required")
        with pytest.raises(ProofRefused) as refused:
            await door.admit(door.proof(), client_keys=frozenset({a_key().jkt}))
        assert not isinstance(refused.value, NonceRequired)
        assert door.memory.made == []

    async def test_other_keys_of_the_client_do_no_harm(self) -> None:
        door = Door()
        keys = frozenset({a_key("ES256", 1).jkt})
        assert (await door.admit(door.proof(), client_keys=keys)).jkt == a_key().jkt


@pytest.mark.rfc("9449", "11.1")
class TestReplay:
    @pytest.mark.parametrize("policy", ["off", "auto"])
    async def test_a_proof_is_good_for_one_request(self, policy: str) -> None:
        door = Door(policy)
        proof = door.proof(jti="j1")
        await door.admit(proof)
        refused = await door.assert_refuses(proof, Check.REPLAY)
        assert refused.received == "j1"

    async def test_a_proof_with_a_nonce_is_good_for_one_request(self) -> None:
        door = Door("required")
        proof = door.proof(nonce=await door.nonce())
        await door.admit(proof)
        await door.assert_refuses(proof, Check.REPLAY)

    async def test_the_nonce_may_be_used_again_with_another_jti(self) -> None:
        door = Door("required")
        nonce = await door.nonce()
        for _ in range(3):
            assert (await door.admit(door.proof(nonce=nonce))).nonce == nonce

    async def test_the_same_jti_in_another_proof_is_a_replay(self) -> None:
        door = Door()
        await door.admit(door.proof(jti="j1"))
        await door.assert_refuses(door.proof(jti="j1", age=1), Check.REPLAY)

    async def test_the_same_proof_from_another_client_is_a_replay(self) -> None:
        door = Door()
        proof = door.proof()
        await door.admit(proof)
        await door.assert_refuses(proof, Check.REPLAY, a_client(client_id="c2"))

    async def test_nobody_can_burn_the_jti_of_another_key(self) -> None:
        door = Door()
        await door.admit(door.proof(a_key("ES256", 1), jti="j1"))
        assert (await door.admit(door.proof(jti="j1"))).jkt == a_key().jkt

    async def test_a_jti_counts_in_the_context_of_its_uri(self) -> None:
        door = Door()
        await door.admit(door.proof(jti="j1"))
        uri = "https://other.example/"
        other = verified(door.proof(jti="j1", htu=uri), uri=uri)
        binding = await door.admission.gate(other).admit(CLIENT, frozenset())
        assert binding.jkt == a_key().jkt

    async def test_another_spelling_of_the_uri_is_no_other_context(self) -> None:
        door = Door()
        await door.admit(door.proof(jti="j1"))
        await door.assert_refuses(
            door.proof(jti="j1", htu="HTTP://127.0.0.1:8000/./token"), Check.REPLAY
        )

    def test_key_uri_and_jti_cannot_be_confused(self) -> None:
        proof = verified(a_proof(jti="j"))
        jkt, htu = proof.jkt, proof.htu
        twins = [
            dataclasses.replace(proof, jkt=jkt + htu, htu=""),
            dataclasses.replace(proof, htu=htu[:-1], jti=htu[-1] + "j"),
            dataclasses.replace(proof, htu="", jti=htu + "j"),
            dataclasses.replace(proof, jti=f"{htu}\nj"),
        ]
        keys = {proof_key(one) for one in [proof, *twins]}
        assert len(keys) == 5
        assert proof_key(proof) == s256(f"{jkt}\n{htu}\nj")

    @pytest.mark.parametrize("policy", ["off", "auto"])
    async def test_of_20_parallel_uses_of_one_proof_one_wins(self, policy: str) -> None:
        door = Door(policy)
        peers = [door, door.peer()]
        proof = door.proof()
        outcomes = await asyncio.gather(
            *(peers[turn % 2].admit(proof) for turn in range(20)), return_exceptions=True
        )
        winners = [one for one in outcomes if isinstance(one, BoundKey)]
        losers = [one for one in outcomes if isinstance(one, ProofRefused)]
        assert (len(winners), len(losers)) == (1, 19)
        assert {loser.check for loser in losers} == {Check.REPLAY}

    async def test_of_20_parallel_uses_of_one_proof_with_a_nonce_one_wins(self) -> None:
        door = Door("required")
        proof = door.proof(nonce=await door.nonce())
        outcomes = await asyncio.gather(
            *(door.admit(proof) for _ in range(20)), return_exceptions=True
        )
        assert sum(isinstance(one, BoundKey) for one in outcomes) == 1

    @pytest.mark.parametrize(
        ("age", "until"), [(0, NOW + 70), (60, NOW + 10), (-10, NOW + 80), (-9.5, NOW + 80)]
    )
    async def test_a_proof_is_remembered_until_its_iat_runs_out_on_every_replica(
        self, age: float, until: float
    ) -> None:
        door = Door()
        await door.admit(door.proof(age=age))
        assert door.memory.spent[0].expires_at == until

    async def test_a_slow_replica_cannot_be_shown_a_proof_its_peers_have_forgotten(self) -> None:
        door = Door("off")
        proof = door.proof(age=-10)
        await door.admit(proof)
        slow = door.peer(ahead=-10)
        for clock in (door.clock, slow.clock):
            clock.advance(80)
        # 70 s by the slow clock: the last moment at which it takes the proof by its iat.
        await slow.assert_refuses(proof, Check.REPLAY)
        slow.clock.advance(0.001)
        await slow.assert_refuses(proof, Check.IAT)

    async def test_a_proof_with_a_nonce_is_remembered_until_the_nonce_runs_out(self) -> None:
        door = Door("required", FrozenClock(NOW + 59))
        await door.admit(door.proof(age=5000, nonce=await door.nonce()))
        assert door.memory.spent[0].expires_at == NOW + 120 + 10

    async def test_a_proof_with_the_previous_nonce_is_remembered_until_that_one_runs_out(
        self,
    ) -> None:
        door = Door("required")
        nonce = await door.nonce()
        door.clock.advance(60)
        await door.admit(door.proof(age=5000, nonce=nonce))
        assert door.memory.spent[0].expires_at == NOW + 120 + 10

    async def test_a_proof_dated_ahead_cannot_return_when_nonces_are_turned_off(self) -> None:
        door = Door("required")
        proof = door.proof(age=-500, nonce=await door.nonce())
        await door.admit(proof)
        door.clock.advance(500 - 5)
        await door.assert_refuses(proof, Check.REPLAY, a_client(dpop_nonce="off"))

    async def test_only_valid_proofs_cost_memory(self) -> None:
        door = Door("off")
        await door.assert_refuses(door.proof(age=61), Check.IAT)
        await Door("required", given=door.memory).assert_challenges(door.proof())
        await Door("auto", given=door.memory).assert_challenges(door.proof(age=61), Check.IAT)
        await Door("auto", given=door.memory).assert_challenges(door.proof(nonce="x"))
        assert door.memory.spent == []


@pytest.mark.rfc("9449", "8")
class TestOff:
    async def test_no_nonce_is_handed_out(self) -> None:
        door = Door("off")
        assert (await door.admit(door.proof())).nonce is None
        assert door.memory.made == []

    @pytest.mark.parametrize("nonce", ["", "unknown"])
    async def test_the_claim_is_ignored(self, nonce: str) -> None:
        door = Door("off")
        assert (await door.admit(door.proof(nonce=nonce))).nonce is None
        assert door.memory.looked_up == []

    async def test_a_valid_nonce_forgives_no_clock(self) -> None:
        door = Door("off")
        await door.assert_refuses(door.proof(age=61, nonce=await door.nonce()), Check.IAT)

    @pytest.mark.parametrize("age", [60.001, 3600, -10.001, -3600])
    async def test_a_proof_outside_the_window_is_refused(self, age: float) -> None:
        door = Door("off")
        refused = await door.assert_refuses(door.proof(age=age), Check.IAT)
        assert refused.expected == f"{int(NOW) - 60} to {int(NOW) + 10}"
        assert door.memory.marked == []

    async def test_a_marker_is_not_looked_at(self) -> None:
        door = Door()
        await door.assert_challenges(door.proof(age=61), Check.IAT)
        assert await door.admits(door.proof(), a_client(dpop_nonce="off"))


@pytest.mark.rfc("9449", "8")
class TestRequired:
    async def test_a_proof_without_a_nonce_is_challenged(self) -> None:
        door = Door("required")
        challenge = await door.assert_challenges(door.proof())
        assert challenge.nonce == await door.nonce()
        assert challenge.received == "no nonce"

    @pytest.mark.parametrize("nonce", ["", "unknown"])
    async def test_a_proof_with_another_nonce_is_challenged(self, nonce: str) -> None:
        door = Door("required")
        assert (await door.assert_challenges(door.proof(nonce=nonce))).received == nonce

    async def test_the_challenge_is_healed_by_one_retry(self) -> None:
        door = Door("required")
        challenge = await door.assert_challenges(door.proof(age=86_400))
        assert (await door.admit(door.proof(age=86_400, nonce=challenge.nonce))).jkt == a_key().jkt

    async def test_the_challenged_proof_itself_was_not_consumed(self) -> None:
        door = Door("required")
        proof = door.proof()
        await door.assert_challenges(proof)
        assert await door.admits(proof, a_client(dpop_nonce="off"))

    async def test_a_success_hands_out_the_current_nonce(self) -> None:
        door = Door("required")
        old = await door.nonce()
        door.clock.advance(60)
        binding = await door.admit(door.proof(nonce=old))
        assert binding.nonce == await door.nonce() != old

    async def test_no_marker_is_written(self) -> None:
        door = Door("required")
        challenge = await door.assert_challenges(door.proof())
        await door.admit(door.proof(nonce=challenge.nonce))
        assert door.memory.marked == []
        assert not door.memory.spent[0].renew_marker

    @pytest.mark.rfc("9449", "11.1")
    @pytest.mark.parametrize("age", [61, 86_400, 1e9, -11, -86_400])
    async def test_a_valid_nonce_forgives_a_wrong_clock(self, age: float) -> None:
        door = Door("required")
        assert await door.admits(door.proof(age=age, nonce=await door.nonce()))


@pytest.mark.rfc("9449", "8")
class TestAuto:
    async def test_a_fresh_proof_needs_no_nonce_and_gets_none(self) -> None:
        door = Door("auto")
        assert (await door.admit(door.proof())).nonce is None
        assert door.memory.made == []

    @pytest.mark.parametrize("age", [60.001, 86_400, -10.001, -86_400])
    async def test_a_client_with_a_wrong_clock_heals_itself_with_one_retry(
        self, age: float
    ) -> None:
        door = Door("auto")
        challenge = await door.assert_challenges(door.proof(age=age), Check.IAT)
        assert challenge.expected == f"{int(NOW) - 60} to {int(NOW) + 10}"
        assert challenge.received is not None
        binding = await door.admit(door.proof(age=age, nonce=challenge.nonce))
        assert (binding.jkt, binding.nonce) == (a_key().jkt, challenge.nonce)

    async def test_such_a_client_goes_on_with_the_nonces_of_its_successes(self) -> None:
        door = Door("auto")
        nonce: str | None = (await door.assert_challenges(door.proof(age=5000), Check.IAT)).nonce
        for _ in range(5):
            door.clock.advance(60)
            nonce = (await door.admit(door.proof(age=5000, nonce=nonce))).nonce
            assert nonce == await door.nonce()

    @pytest.mark.parametrize("nonce", ["", "unknown"])
    async def test_a_proof_with_another_nonce_is_challenged_even_if_it_is_fresh(
        self, nonce: str
    ) -> None:
        door = Door("auto")
        challenge = await door.assert_challenges(door.proof(nonce=nonce))
        assert await door.admits(door.proof(nonce=challenge.nonce))

    async def test_a_proof_with_another_nonce_is_told_so_before_its_clock_is_looked_at(
        self,
    ) -> None:
        door = Door("auto")
        await door.assert_challenges(door.proof(age=5000, nonce="unknown"), Check.NONCE)

    @pytest.mark.rfc("9449", "11.3")
    async def test_who_was_given_a_nonce_must_keep_sending_one(self) -> None:
        door = Door("auto")
        await door.assert_challenges(door.proof(age=61), Check.IAT)
        challenge = await door.assert_challenges(door.proof())
        assert challenge.received == "no nonce"
        assert await door.admits(door.proof(nonce=challenge.nonce))
        await door.assert_challenges(door.proof())

    @pytest.mark.rfc("9449", "11.3")
    async def test_a_nonce_handed_out_with_a_success_counts_too(self) -> None:
        door = Door("auto")
        await door.admit(door.proof(nonce=await door.nonce()))
        await door.assert_challenges(door.proof())

    @pytest.mark.rfc("9449", "11.3")
    async def test_another_replica_knows_who_was_given_a_nonce(self) -> None:
        door = Door("auto")
        await door.assert_challenges(door.proof(age=61), Check.IAT)
        await door.peer().assert_challenges(door.proof())

    async def test_the_duty_is_that_of_one_client_with_one_key(self) -> None:
        door = Door("auto")
        await door.assert_challenges(door.proof(age=61), Check.IAT)
        assert await door.admits(door.proof(a_key("ES256", 1)))
        assert await door.admits(door.proof(), a_client(client_id="c2"))

    async def test_a_refused_replay_hands_nothing_out(self) -> None:
        door = Door("auto")
        proof = door.proof()
        await door.admit(proof)
        await door.assert_refuses(proof, Check.REPLAY)
        assert door.memory.marked == []
        assert door.memory.made == []

    async def test_a_proof_that_owes_a_nonce_is_not_consumed(self) -> None:
        door = Door("auto")
        await door.assert_challenges(door.proof(age=61), Check.IAT)
        proof = door.proof()
        await door.assert_challenges(proof)
        assert await door.admits(proof, a_client(dpop_nonce="off"))


class TestPolicyOfAClient:
    @pytest.mark.parametrize("server", POLICIES)
    async def test_a_clients_own_policy_goes_before_the_servers(self, server: str) -> None:
        door = Door(server)
        await door.assert_challenges(door.proof(), client=a_client(dpop_nonce="required"))
        await door.assert_challenges(door.proof(age=61), Check.IAT, a_client(dpop_nonce="auto"))
        await door.assert_refuses(door.proof(age=61), Check.IAT, a_client(dpop_nonce="off"))


@pytest.mark.rfc("9449", "8")
class TestNonces:
    async def test_a_nonce_is_taken_for_the_rest_of_its_step_and_all_of_the_next(self) -> None:
        door = Door("required")
        nonce = await door.nonce()
        for _ in range(2):
            assert await door.admits(door.proof(nonce=nonce))
            door.clock.advance(59.999)
            assert await door.admits(door.proof(nonce=nonce))
            door.clock.advance(0.001)
        await door.assert_challenges(door.proof(nonce=nonce))

    async def test_each_step_has_a_nonce_of_its_own(self) -> None:
        door = Door("required")
        nonces = set()
        for _ in range(5):
            nonces.add((await door.assert_challenges(door.proof())).nonce)
            door.clock.advance(60)
        assert len(nonces) == 5

    async def test_within_a_step_the_memory_is_asked_once(self) -> None:
        door = Door("required")
        nonce = (await door.assert_challenges(door.proof())).nonce
        for _ in range(10):
            await door.admit(door.proof(nonce=nonce))
        assert door.memory.made == [NOW // 60]
        assert door.memory.looked_up == []

    async def test_an_unknown_nonce_makes_a_replica_look_once_at_the_steps_around_now(self) -> None:
        door = Door("required")
        await door.assert_challenges(door.proof(nonce="unknown"))
        step = NOW // 60
        assert sorted(door.memory.looked_up) == [step - 1, step, step + 1]

    async def test_looking_makes_no_nonce(self) -> None:
        door = Door("required")
        await door.assert_challenges(door.proof(nonce="unknown"))
        assert await door.memory.known_nonce(int(NOW // 60) - 1) is None
        assert await door.memory.known_nonce(int(NOW // 60) + 1) is None

    async def test_a_nonce_from_one_replica_is_good_on_another(self) -> None:
        door = Door("required")
        nonce = (await door.assert_challenges(door.proof())).nonce
        assert (await door.peer().admit(door.proof(nonce=nonce))).nonce == nonce

    @pytest.mark.parametrize("ahead", [-10, 10])
    async def test_replicas_whose_clocks_are_in_different_steps_take_each_others_nonces(
        self, ahead: float
    ) -> None:
        door = Door("required", FrozenClock(NOW + (5 if ahead < 0 else 55)))
        peer = door.peer(ahead=ahead)
        mine, theirs = await door.nonce(), await peer.nonce()
        assert mine != theirs
        assert await door.admits(door.proof(nonce=theirs))
        assert await peer.admits(peer.proof(nonce=mine))

    async def test_what_was_looked_up_is_kept(self) -> None:
        door = Door("required")
        nonce = await door.nonce()
        peer = door.peer()
        for _ in range(3):
            await peer.admit(peer.proof(nonce=nonce))
        assert len(door.memory.looked_up) == 3

    async def test_nonces_of_the_past_are_not_kept(self) -> None:
        door = Door("required")
        for _ in range(100):
            await door.assert_challenges(door.proof())
            door.clock.advance(60)
        assert len(door.admission._nonces._kept) <= 3


class TestMemoryOutOfReach:
    @pytest.mark.parametrize("policy", POLICIES)
    async def test_without_a_memory_nobody_is_admitted(self, policy: str) -> None:
        door = Door(policy)
        door.memory.out_of_reach = True
        with pytest.raises(TemporarilyUnavailable):
            await door.admit(door.proof())

    async def test_a_proof_is_not_spent_if_the_nonce_to_hand_out_cannot_be_had(self) -> None:
        door = Door("required")
        proof = door.proof(nonce=await door.nonce())
        door.clock.advance(60)
        door.memory.out_of_reach = True
        with pytest.raises(TemporarilyUnavailable):
            await door.admit(proof)
        door.memory.out_of_reach = False
        assert door.memory.spent == []
        assert await door.admits(proof)


async def test_every_kind_of_key_is_admitted() -> None:
    door = Door()
    for alg in ("ES256", "EdDSA", "RS256"):
        key: DpopKey = a_key(alg)
        assert (await door.admit(door.proof(key))).jkt == key.jkt
