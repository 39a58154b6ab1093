"""RFC 9449: what the specification says of proofs, section by section, with its own examples."""

import asyncio
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from app.dpop.access_token import check_ath, check_jkt
from app.dpop.binding import BoundKey
from app.dpop.errors import Check, NonceRequired, ProofRefused
from app.dpop.keys import thumbprint
from app.dpop.proof import VerifiedProof
from tests.builders import NOW, TOKEN_ENDPOINT, DpopKey, s256
from tests.unit.dpop.door import Door, a_client
from tests.unit.dpop.support import (
    ABSENT,
    ALGS,
    EVERY_ALG,
    a_key,
    a_proof,
    assert_refused,
    judged,
    refusal,
    verified,
)

HEADER = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo"
    "UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW"
    "clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
FIGURE_2 = (
    f"{HEADER}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLm"
    "V4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwn"
    "Qg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
FIGURE_7 = (
    f"{HEADER}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLm"
    "V4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5"
    "QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA"
)
FIGURE_13 = (
    f"{HEADER}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS"
    "5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNT"
    "NFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6px"
    "HF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
FIGURE_9_JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
ACCESS_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
SERVER = "https://server.example.com/token"
RESOURCE = "https://resource.example.org/protectedresource"


@pytest.mark.rfc("9449", "4.1")
class TestSection41TheHeader:
    def test_the_example_of_figure_2_is_verified(self) -> None:
        assert verified(FIGURE_2, uri=SERVER) == VerifiedProof(
            jkt=FIGURE_9_JKT,
            alg="ES256",
            jti="-BwC3ESc6acc2lTc",
            htm="POST",
            htu=SERVER,
            iat=1562262616,
            nonce=None,
            ath=None,
        )

    def test_case_is_significant_in_the_field_value(self) -> None:
        assert refusal(verified, FIGURE_2.swapcase(), uri=SERVER).error == "invalid_dpop_proof"


@pytest.mark.rfc("9449", "4.2")
class TestSection42TheSyntax:
    @pytest.mark.parametrize(
        ("member", "check"), [("typ", Check.TYP), ("alg", Check.ALG), ("jwk", Check.JWK)]
    )
    def test_the_header_must_contain_typ_alg_and_jwk(self, member: str, check: Check) -> None:
        assert_refused(check, a_key().proof(without_header=(member,)))

    def test_alg_must_not_be_none(self) -> None:
        assert_refused(Check.ALG, a_key().proof(header={"alg": "none"}), algs=EVERY_ALG | {"none"})

    @pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
    def test_alg_must_not_be_symmetric(self, alg: str) -> None:
        assert_refused(Check.ALG, a_key().proof(header={"alg": alg}), algs=EVERY_ALG | {alg})

    @pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256"])
    def test_jwk_must_not_contain_a_private_key(self, alg: str) -> None:
        private = a_key(alg).key.as_dict(private=True)
        assert_refused(Check.JWK, a_key(alg).proof(header={"jwk": private}))

    @pytest.mark.parametrize("claim", ["jti", "htm", "htu", "iat"])
    def test_the_payload_must_contain_jti_htm_htu_and_iat(self, claim: str) -> None:
        assert_refused(Check.CLAIMS, a_proof(**{claim: ABSENT}))

    def test_ath_is_the_hash_of_the_ascii_encoding_of_the_access_token(self) -> None:
        proof = verified(FIGURE_13, method="GET", uri=RESOURCE)
        assert proof.ath == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
        assert judged(check_ath, proof.ath, ACCESS_TOKEN) is None

    def test_a_proof_may_contain_other_header_parameters_and_claims(self) -> None:
        extended = a_key().proof(header={"kid": "k", "ext": {"a": 1}}, exp=1, other=[1])
        assert verified(extended).jkt == a_key().jkt


@pytest.mark.rfc("9449", "4.3")
class TestSection43TheChecks:
    def test_1_there_is_not_more_than_one_header_field(self) -> None:
        assert_refused(Check.HEADER_COUNT, a_proof(), a_proof())

    @pytest.mark.parametrize("value", ["", "a.b", "a.b.c.d", "not a JWT", FIGURE_2 + "."])
    def test_2_the_value_is_a_single_and_well_formed_jwt(self, value: str) -> None:
        assert_refused(Check.JWT_FORM, value, uri=SERVER)
        assert_refused(Check.HEADER_COUNT, f"{FIGURE_2}, {FIGURE_2}", uri=SERVER)

    @pytest.mark.parametrize("claim", ["jti", "htm", "htu", "iat"])
    def test_3_all_required_claims_are_contained(self, claim: str) -> None:
        assert_refused(Check.CLAIMS, a_proof(**{claim: None}))

    def test_4_the_typ_is_dpop_jwt(self) -> None:
        assert_refused(Check.TYP, a_key().proof(header={"typ": "JWT"}))

    @pytest.mark.parametrize("alg", ALGS)
    def test_5_the_alg_is_acceptable_per_local_policy(self, alg: str) -> None:
        proof = a_key(alg).proof()
        assert verified(proof, algs=frozenset({alg})).alg == alg
        assert_refused(Check.ALG, proof, algs=EVERY_ALG - {alg})

    @pytest.mark.parametrize("alg", ALGS)
    def test_6_the_signature_verifies_with_the_key_in_the_header(self, alg: str) -> None:
        jwk = DpopKey(alg).public_jwk
        assert_refused(Check.SIGNATURE, a_key(alg).proof(header={"jwk": jwk}))

    def test_7_the_jwk_does_not_contain_a_private_key(self) -> None:
        jwk = a_key().public_jwk | {"d": "AAAA"}
        assert_refused(Check.JWK, a_key().proof(header={"jwk": jwk}))

    def test_8_the_htm_matches_the_method(self) -> None:
        assert_refused(Check.HTM, a_proof(htm="GET"))

    def test_9_the_htu_matches_the_uri_ignoring_query_and_fragment(self) -> None:
        assert_refused(Check.HTU, a_proof(htu=TOKEN_ENDPOINT + "/"))
        assert verified(a_proof(htu=f"{TOKEN_ENDPOINT}?a#b"), uri=f"{TOKEN_ENDPOINT}?c").htu

    async def test_10_the_nonce_matches_the_one_provided(self) -> None:
        await Door("required").assert_challenges(a_proof(nonce="another"))

    @pytest.mark.parametrize("iat", [NOW - 61, NOW + 11])
    async def test_11_the_creation_time_is_within_an_acceptable_window(self, iat: float) -> None:
        await Door("off").assert_refuses(a_proof(iat=iat), Check.IAT)

    async def test_11_or_the_nonce_says_when_it_was_made(self) -> None:
        door = Door("required")
        assert await door.admits(a_proof(iat=0, nonce=await door.nonce()))

    def test_12_the_ath_is_the_hash_of_the_access_token(self) -> None:
        assert refusal(check_ath, s256("another token"), ACCESS_TOKEN).check is Check.ATH

    def test_12_the_access_token_is_bound_to_the_key(self) -> None:
        proof = verified(FIGURE_13, method="GET", uri=RESOURCE)
        assert judged(check_jkt, proof.jkt, FIGURE_9_JKT) is None
        assert refusal(check_jkt, proof.jkt, a_key().jkt).error == "invalid_token"

    @pytest.mark.parametrize(
        "htu",
        ["HTTPS://SERVER.example.com:443/token", "https://server.example.com/a/../%74oken"],
    )
    def test_the_htu_is_normalised_before_it_is_compared(self, htu: str) -> None:
        assert verified(a_proof(htu=htu), uri=SERVER).htu == SERVER


@pytest.mark.rfc("9449", "5")
class TestSection5TheTokenRequest:
    async def test_a_request_without_a_proof_is_an_invalid_dpop_proof(self) -> None:
        with pytest.raises(ProofRefused) as missing:
            await Door().admit_nothing()
        assert missing.value.error == "invalid_dpop_proof"

    def test_the_example_of_figure_7_is_verified(self) -> None:
        assert verified(FIGURE_7, uri=SERVER).jkt == verified(FIGURE_2, uri=SERVER).jkt

    async def test_a_bound_token_has_the_type_dpop(self) -> None:
        assert (await Door().admit(a_proof())).token_type == "DPoP"

    def test_the_binding_of_a_refresh_token_must_be_validated(self) -> None:
        assert refusal(BoundKey(a_key().jkt).confirm, FIGURE_9_JKT).error == "invalid_grant"

    @pytest.mark.rfc("9449", "5.2")
    async def test_a_client_that_always_uses_dpop_is_rejected_without_the_header(self) -> None:
        client = a_client(dpop_bound_access_tokens=True)
        with pytest.raises(ProofRefused) as missing:
            await Door(allow_bearer=True).admit_nothing(client)
        assert missing.value.check is Check.HEADER_PRESENT


@pytest.mark.rfc("9449", "6.1")
class TestSection61TheThumbprint:
    def test_the_thumbprint_of_the_examples_is_that_of_figure_9(self) -> None:
        jwk: dict[str, Any] = {
            "kty": "EC",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
            "crv": "P-256",
        }
        assert thumbprint(jwk) == FIGURE_9_JKT


@pytest.mark.rfc("9449", "7")
class TestSection7TheProtectedResource:
    def test_the_proof_must_include_the_ath_of_the_access_token(self) -> None:
        assert refusal(check_ath, verified(a_proof()).ath, ACCESS_TOKEN).check is Check.ATH

    @pytest.mark.rfc("9449", "7.1")
    def test_the_key_of_the_proof_must_be_the_one_the_token_is_bound_to(self) -> None:
        assert refusal(check_jkt, a_key().jkt, None).error == "invalid_token"


@pytest.mark.rfc("9449", "8")
class TestSection8TheNonce:
    async def test_a_request_without_a_nonce_is_answered_with_one(self) -> None:
        challenge = await Door("required").assert_challenges(a_proof())
        assert challenge.error == "use_dpop_nonce"
        assert challenge.description

    async def test_a_mismatch_is_answered_with_the_same_code_and_a_new_nonce(self) -> None:
        door = Door("required")
        challenge = await door.assert_challenges(a_proof(nonce="mismatch"))
        assert await door.admits(a_proof(nonce=challenge.nonce))

    async def test_nonces_must_be_unpredictable(self) -> None:
        nonces = {(await Door("required").assert_challenges(a_proof())).nonce for _ in range(50)}
        assert len(nonces) == 50
        assert min(map(len, nonces)) >= 22

    async def test_a_nonce_must_match_exactly(self) -> None:
        door = Door("required")
        nonce = await door.nonce()
        for almost in (nonce[:-1], nonce + "x", nonce.swapcase(), f" {nonce}", f"{nonce}\n"):
            await door.assert_challenges(a_proof(nonce=almost))

    async def test_a_nonce_that_is_no_longer_recent_must_be_rejected(self) -> None:
        door = Door("required")
        nonce = await door.nonce()
        door.clock.advance(120)
        await door.assert_challenges(a_proof(nonce=nonce))

    @pytest.mark.rfc("9449", "8.1")
    async def test_a_nonce_is_made_of_nqchars(self) -> None:
        nonce = (await Door("required").assert_challenges(a_proof())).nonce
        assert all(0x21 <= ord(one) <= 0x7E and one not in '"\\' for one in nonce)

    @pytest.mark.rfc("9449", "8.2")
    async def test_a_success_may_supply_the_next_nonce(self) -> None:
        door = Door("required")
        nonce = await door.nonce()
        door.clock.advance(60)
        renewed = (await door.admit(a_proof(nonce=nonce))).nonce
        assert renewed not in {None, nonce}
        assert await door.admits(a_proof(nonce=renewed))


@pytest.mark.rfc("9449", "10")
class TestSection10TheAuthorizationCode:
    def test_a_code_bound_to_another_key_must_be_rejected(self) -> None:
        wrong = refusal(BoundKey(a_key().jkt).confirm, FIGURE_9_JKT)
        assert (wrong.check, wrong.error) == (Check.BINDING, "invalid_grant")


@pytest.mark.rfc("9449", "11.1")
class TestSection111Replay:
    async def test_a_proof_is_accepted_only_for_a_limited_time(self) -> None:
        door = Door("off")
        proof = door.proof()
        door.clock.advance(61)
        await door.assert_refuses(proof, Check.IAT)

    async def test_a_jti_seen_before_at_the_same_uri_is_declined(self) -> None:
        door = Door()
        await door.admit(door.proof(jti="j"))
        await door.assert_refuses(door.proof(jti="j"), Check.REPLAY)

    async def test_of_parallel_uses_of_one_proof_one_is_accepted(self) -> None:
        door, proof = Door(), a_proof()
        outcomes = await asyncio.gather(
            *(door.admit(proof) for _ in range(20)), return_exceptions=True
        )
        assert sum(isinstance(one, BoundKey) for one in outcomes) == 1

    def test_an_unnecessarily_large_jti_is_rejected(self) -> None:
        assert_refused(Check.CLAIMS, a_proof(jti="j" * 257))

    async def test_only_a_hash_of_the_jti_is_stored(self) -> None:
        door = Door()
        await door.admit(door.proof(jti="a-telling-jti"))
        assert "a-telling-jti" not in str(door.memory.spent)

    async def test_an_iat_in_the_near_future_is_accepted(self) -> None:
        assert await Door("off").admits(a_proof(iat=NOW + 10))

    async def test_a_jti_is_tracked_for_the_lifetime_of_the_nonce(self) -> None:
        door = Door("required")
        proof = a_proof(iat=0, nonce=await door.nonce())
        await door.admit(proof)
        door.clock.advance(119.999)
        await door.assert_refuses(proof, Check.REPLAY)


@pytest.mark.rfc("9449", "11.2")
class TestSection112PreGeneration:
    async def test_a_proof_made_ahead_of_its_nonce_is_not_accepted(self) -> None:
        door = Door("required")
        proof = a_proof(iat=NOW + 600)
        door.clock.advance(600)
        await door.assert_challenges(proof)


@pytest.mark.rfc("9449", "11.3")
class TestSection113Downgrade:
    @pytest.mark.parametrize("policy", ["auto", "required"])
    async def test_who_was_given_a_nonce_is_not_accepted_without_one(self, policy: str) -> None:
        door = Door(policy)
        with pytest.raises(NonceRequired) as challenge:
            await door.admit(a_proof(iat=0))
        assert await door.admits(a_proof(nonce=challenge.value.nonce))
        await door.assert_challenges(a_proof())


@pytest.mark.rfc("9449", "11.5")
class TestSection115SignedJwtSwapping:
    @pytest.mark.parametrize("typ", ["JWT", "at+jwt", "logout+jwt", "client-authentication+jwt"])
    def test_a_jwt_made_for_another_purpose_is_refused(self, typ: str) -> None:
        assert_refused(Check.TYP, a_key().proof(header={"typ": typ}))


@pytest.mark.rfc("9449", "11.6")
class TestSection116Algorithms:
    @pytest.mark.parametrize("alg", ["none", "HS256", "RS1", "ES256K", "Ed448", "made-up"])
    def test_only_asymmetric_algorithms_deemed_secure_can_be_used(self, alg: str) -> None:
        assert_refused(Check.ALG, a_key().proof(header={"alg": alg}), algs=EVERY_ALG | {alg})

    def test_eddsa_means_ed25519(self) -> None:
        key = DpopKey("EdDSA", OKPKey.generate_key("Ed448"))
        assert_refused(Check.JWK, key.proof())
