"""The secret that a data directory is given at its first start."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.parts import SECRET_FILE, deployment_secret
from app.settings import load_settings


def secret_of(data_dir: Path) -> bytes:
    return deployment_secret(load_settings(data_dir=data_dir)).current


def test_the_first_start_makes_a_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    assert len(secret_of(data_dir)) >= 32
    assert stat.S_IMODE((data_dir / SECRET_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


def test_every_later_start_finds_the_same(tmp_path: Path) -> None:
    assert secret_of(tmp_path) == secret_of(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [SECRET_FILE]


def test_two_data_directories_have_two_secrets(tmp_path: Path) -> None:
    assert secret_of(tmp_path / "a") != secret_of(tmp_path / "b")


def test_of_several_first_starts_one_secret_wins(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(secret_of, [tmp_path] * 8))) == 1


def test_what_a_killed_start_left_behind_stops_no_later_one(tmp_path: Path) -> None:
    (tmp_path / f".{SECRET_FILE}.1").write_text("half a sec")
    assert len(secret_of(tmp_path)) >= 32
