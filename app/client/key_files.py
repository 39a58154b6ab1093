"""A key in a file that nobody else can read: PEM (PKCS #8), mode 0600, encrypted or not."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from .keys import DpopKey

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(ValueError):
    """A key's file cannot be used; the message says what to do."""


def save_key(key: DpopKey, path: str | Path, *, password: str | None = None) -> None:
    """Write the private key, in place of a file that is there. Raises OSError, TypeError.

    Whoever reads the file has the key, unless there is a password.
    """
    written = _written(key, Path(path), password)
    written.replace(path)


def load_key(path: str | Path, *, alg: str | None = None, password: str | None = None) -> DpopKey:
    """Read a private key. Raises KeyFileError, and FileNotFoundError if there is none.

    A file that others may read or write is refused: its key may be theirs, too. ``alg`` is for RSA
    and Ed25519 keys, which more than one algorithm fits.
    """
    with Path(path).open("rb") as file:
        if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
            raise KeyFileError(
                f"{path} is open to others: make a new key, or run chmod 600 if nobody read it"
            )
        pem = file.read()
    try:
        return DpopKey.from_pem(pem, alg, password=password)
    except ValueError as error:
        raise KeyFileError(f"{path}: {error}") from None


def load_or_create_key(
    path: str | Path, *, alg: str = "ES256", password: str | None = None
) -> DpopKey:
    """Read the key, or make and keep one where there is none; of two first calls one wins.

    Raises KeyFileError, OSError.
    """
    target = Path(path)
    if not target.exists():
        written = _written(DpopKey.generate(alg), target, password)
        # A link fails where the file is already there.
        with contextlib.suppress(FileExistsError):
            os.link(written, target)
        written.unlink()
    return load_key(target, alg=alg, password=password)


def _written(key: DpopKey, path: Path, password: str | None) -> Path:
    pem = key.to_pem(password=password)
    written = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(written, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    return written
