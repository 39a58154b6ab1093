"""Keys whose private half is elsewhere: a security module, a service."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey
from joserfc.jws import JWSRegistry

from app.client import DpopAuth, DpopKey, Signer, sign_proof

from .server import DpopServer, taken_apart


class Module:
    """A security module: it says its public key, and signs what it is given."""

    def __init__(self, alg: str = "ES256", public_jwk: Mapping[str, Any] | None = None) -> None:
        self._secret = ECKey.generate_key("P-256")
        self.alg = alg
        self.public_jwk = public_jwk or self._secret.as_dict(private=False, kid="slot 9")
        self.signed: list[bytes] = []

    def sign(self, signing_input: bytes) -> bytes:
        self.signed.append(signing_input)
        return JWSRegistry.algorithms["ES256"].sign(signing_input, self._secret)


@pytest.mark.rfc("9449", "4.2")
def test_a_module_signs_proofs_that_verify(server: DpopServer) -> None:
    module: Signer = Module()
    key = DpopKey(module)
    header, claims = taken_apart(sign_proof(key, "POST", "https://as.example/token"))
    assert header["jwk"] == key.public_jwk
    assert header["jwk"].keys() == {"crv", "kty", "x", "y"}
    assert claims["htu"] == "https://as.example/token"
    answer = httpx.post(f"{server.origin}/token", auth=DpopAuth(key), trust_env=False)
    assert answer.status_code == 200


def test_its_private_half_cannot_be_had() -> None:
    key = DpopKey(Module())
    for export in (key.to_jwk, key.to_pem):
        with pytest.raises(TypeError, match="with its signer"):
            export()


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (Module("ES384"), "P-256 key cannot sign ES384"),
        (Module("HS256"), "cannot sign HS256"),
        (Module(public_jwk=ECKey.generate_key().as_dict(private=True)), "not the public half"),
        (Module(public_jwk=OctKey.generate_key().as_dict(private=True)), "not the public half"),
        (Module(public_jwk={"kty": "EC"}), "not a well-formed key"),
    ],
)
@pytest.mark.rfc("9449", "4.2")
def test_a_module_whose_key_could_not_prove_possession_is_refused(
    module: Module, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        DpopKey(module)
