"""The epoch of a memory that ends with its process : a restart must not reopen its window."""

import os
from pathlib import Path

from ..clock import Clock

MARKER = "started"


def begin(data_dir: Path, clock: Clock) -> float | None:
    """Return the ``born_at`` of a new memory: None at the first start in this data directory.

    From the second start on it is now, in POSIX seconds: the memory before may have held proofs.
    Call before the first proof is taken. The marker is on the disk when this returns.
    """
    try:
        marker = os.open(data_dir / MARKER, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return clock.now()
    try:
        os.fsync(marker)
    finally:
        os.close(marker)
    _sync_directory(data_dir)
    return None


def _sync_directory(directory: Path) -> None:
    if os.name == "nt":  # Windows opens no directory, and needs no such call
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
