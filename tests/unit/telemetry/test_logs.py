"""What is logged, and what never is."""

import logging
import secrets
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from app.telemetry.logs import configure_logging


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_traceback_shows_no_local_variable(
    style: Literal["text", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", style)
    secret = secrets.token_hex(16)
    try:
        _fail(secret)
    except RuntimeError:
        structlog.get_logger("test").exception("unexpected")
    said = capsys.readouterr().err
    assert "a mistake" in said
    assert secret not in said


def _fail(_token: str) -> None:
    raise RuntimeError("a mistake")
