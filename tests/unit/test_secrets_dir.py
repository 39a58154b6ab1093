"""Settings that come from files: HOLDFAST_SECRETS_DIR."""

from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings

SECRET = "s" * 43


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOLDFAST_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_setting_is_read_from_the_file_of_its_name(secrets: Path) -> None:
    (secrets / "holdfast_secret_key").write_text(SECRET)
    found = load_settings().secret_key
    assert found is not None
    assert found.get_secret_value() == SECRET


def test_the_newline_at_a_files_end_is_not_part_of_the_secret(secrets: Path) -> None:
    (secrets / "holdfast_secret_key").write_text(SECRET + "\n")
    found = load_settings().secret_key
    assert found is not None
    assert found.get_secret_value() == SECRET


def test_the_environment_comes_before_the_files(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "holdfast_log_level").write_text("debug")
    monkeypatch.setenv("HOLDFAST_LOG_LEVEL", "error")
    assert load_settings().log_level == "error"


def test_files_that_are_not_ours_are_passed_over(secrets: Path) -> None:
    (secrets / "postgres_password").write_text("whatever")
    assert load_settings().database_url is None


def test_a_file_that_names_no_setting_stops_the_start(secrets: Path) -> None:
    (secrets / "holdfast_secret_kee").write_text(SECRET)
    with pytest.raises(SettingsError, match="HOLDFAST_SECRET_KEE is not a setting"):
        load_settings()


def test_a_wrong_value_in_a_file_is_named_without_being_shown(secrets: Path) -> None:
    (secrets / "holdfast_secret_key").write_text("too-short")
    with pytest.raises(SettingsError, match="HOLDFAST_SECRET_KEY") as refused:
        load_settings()
    assert "too-short" not in str(refused.value)


def test_a_directory_that_is_not_there_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_SECRETS_DIR", str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match=r"HOLDFAST_SECRETS_DIR: .*missing"):
        load_settings()
