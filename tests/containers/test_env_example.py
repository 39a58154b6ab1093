"""The example of an environment file is complete, and true of docker-compose.yml."""

import re

from app.settings import PREFIX, Settings
from tests.architecture.source import ROOT

# The image sets these, to directories of its own.
OF_THE_IMAGE = {"HOLDFAST_DATA_DIR", "HOLDFAST_SECRETS_DIR"}
OF_COMPOSE_ITSELF = {"COMPOSE_PROFILES"}

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
LINES = dict(re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}


def test_it_names_every_setting_of_the_server_and_no_other() -> None:
    assert {name for name in LINES if name.startswith(PREFIX)} == SETTINGS - OF_THE_IMAGE


def test_it_names_everything_that_the_compose_file_asks_for() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    assert asked <= LINES.keys()
    assert LINES.keys() - asked <= SETTINGS | OF_COMPOSE_ITSELF


def test_copied_as_it_is_it_changes_nothing() -> None:
    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []


def test_it_holds_no_secret() -> None:
    assert (LINES["HOLDFAST_SECRET_KEY"], LINES["HOLDFAST_SECRET_KEY_PREVIOUS"]) == ("", "")
    assert "POSTGRES_PASSWORD:" not in COMPOSE


def test_its_defaults_are_those_of_the_server() -> None:
    fields = {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}
    composed = {"HOLDFAST_LOG_FORMAT", "HOLDFAST_REDIS_URL", "HOLDFAST_TRUSTED_PROXIES"}
    shown = {
        name: value
        for name, value in LINES.items()
        if name in fields and value and fields[name].default is not None and name not in composed
    }
    assert shown == {name: _written(fields[name].default) for name in shown}


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
