import os
import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from app.client import DpopKey, KeyFileError, load_key, load_or_create_key, save_key

PASSWORD = "a long password"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "client.pem"


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "Ed25519", "EdDSA", "PS256", "RS256"])
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_key_comes_back_from_its_file(path: Path, alg: str, password: str | None) -> None:
    key = DpopKey.generate(alg)
    save_key(key, path, password=password)
    again = load_key(path, alg=alg, password=password)
    assert (again.alg, again.thumbprint) == (alg, key.thumbprint)


def test_only_the_owner_can_read_the_file(path: Path) -> None:
    mask = os.umask(0)
    try:
        save_key(DpopKey.generate(), path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_is_open_to_others_is_refused(path: Path, mode: int) -> None:
    save_key(DpopKey.generate(), path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="open to others"):
        load_key(path)


def test_a_password_encrypts_the_file(path: Path) -> None:
    save_key(DpopKey.generate(), path, password=PASSWORD)
    assert path.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")


@pytest.mark.parametrize("password", [None, "another password"])
def test_without_the_password_the_key_does_not_open(path: Path, password: str | None) -> None:
    save_key(DpopKey.generate(), path, password=PASSWORD)
    with pytest.raises(KeyFileError, match="the password is wrong") as refusal:
        load_key(path, password=password)
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "not a private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a private key"),
        (ECKey.generate_key().as_pem(private=False), "not a private key"),
        (ECKey.generate_key("secp256k1").as_pem(private=True), "cannot sign"),
        (
            X25519PrivateKey.generate().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ),
            "cannot sign",
        ),
    ],
)
def test_a_file_without_a_key_that_signs_proofs_is_refused(
    path: Path, pem: bytes, reason: str
) -> None:
    path.touch(0o600)
    path.write_bytes(pem)
    with pytest.raises(KeyFileError, match=reason):
        load_key(path)


def test_an_algorithm_that_does_not_fit_the_file_is_refused(path: Path) -> None:
    save_key(DpopKey.generate("ES256"), path)
    with pytest.raises(KeyFileError, match="cannot sign ES384"):
        load_key(path, alg="ES384")


def test_no_file_is_no_key(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_key(path)


def test_the_first_call_makes_the_key_and_the_next_finds_it(path: Path) -> None:
    first = load_or_create_key(path, alg="Ed25519", password=PASSWORD)
    again = load_or_create_key(path, alg="Ed25519", password=PASSWORD)
    assert first.thumbprint == again.thumbprint
    assert list(path.parent.iterdir()) == [path]


def test_first_calls_at_once_all_get_the_same_key(path: Path) -> None:
    found: list[str] = []
    gate = threading.Barrier(8)

    def call() -> None:
        gate.wait(30)
        found.append(load_or_create_key(path).thumbprint)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_saving_takes_the_place_of_the_file_that_is_there(path: Path) -> None:
    save_key(DpopKey.generate(), path)
    key = DpopKey.generate()
    save_key(key, path)
    assert load_key(path).thumbprint == key.thumbprint
