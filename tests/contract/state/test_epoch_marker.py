"""The epoch of a memory in one process: none at the first start of a data directory."""

import os
from pathlib import Path

import pytest

from app.state import epoch
from app.state.memory import MemoryState
from tests.builders import NOW, FrozenClock


def test_the_first_start_of_a_data_directory_has_no_epoch(
    tmp_path: Path, clock: FrozenClock
) -> None:
    assert epoch.begin(tmp_path, clock) is None


def test_every_later_start_begins_an_epoch(tmp_path: Path, clock: FrozenClock) -> None:
    epoch.begin(tmp_path, clock)
    clock.advance(5)
    assert epoch.begin(tmp_path, clock) == NOW + 5
    clock.advance(5)
    assert epoch.begin(tmp_path, clock) == NOW + 10


def test_the_marker_is_on_the_disk_before_a_proof_can_be_taken(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    epoch.begin(tmp_path, clock)
    assert synced == [(tmp_path / epoch.MARKER).stat().st_ino, tmp_path.stat().st_ino]


def test_the_marker_is_nobody_elses_to_read(tmp_path: Path, clock: FrozenClock) -> None:
    epoch.begin(tmp_path, clock)
    assert (tmp_path / epoch.MARKER).stat().st_mode & 0o077 == 0


def test_memory_knows_when_it_was_born(clock: FrozenClock) -> None:
    assert MemoryState(clock, born_at=None).proofs.born_at is None
    assert MemoryState(clock, born_at=NOW).proofs.born_at == NOW


async def test_a_memory_just_made_answers_and_closes(memory_state: MemoryState) -> None:
    await memory_state.ping()
    await memory_state.close()
    assert memory_state.proofs.born_at is None
