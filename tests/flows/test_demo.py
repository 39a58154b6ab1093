"""``holdfast demo`` as a newcomer runs it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.cli.demo import story
from app.cli.demo.expectations import StepFailed, expect_equal
from app.cli.demo.narrator import Narrator
from app.cli.demo.server import Server
from tests.flows.command_line import Shell

ESCAPE = "\x1b"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = Shell(tmp_path_factory.mktemp("demo") / "data")("demo")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    shell = Shell(
        tmp_path_factory.mktemp("demo") / "data",
        # A deployment's own settings, which the demo must not touch.
        (("HOLDFAST_ISSUER", "https://as.example"), ("HOLDFAST_DPOP_NONCE", "required")),
    )
    done = shell("demo", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert not shell.data_dir.exists()
    assert record["ok"] is True
    found: list[dict[str, Any]] = record["steps"]
    return found


def test_the_demo_takes_every_step(steps: list[dict[str, Any]]) -> None:
    assert [step["title"] for step in steps] == [title for title, _ in story.STEPS]


def test_the_token_is_bound_to_the_key_before_and_after_a_refresh(
    steps: list[dict[str, Any]],
) -> None:
    thumbprint = steps[1]["thumbprint"]
    assert steps[5]["cnf.jkt"] == thumbprint
    assert steps[6]["cnf.jkt"] == thumbprint


def test_three_attacks_fail_for_three_reasons(steps: list[dict[str, Any]]) -> None:
    reasons = [(step["error"], step["check"]) for step in steps[7:10]]
    assert reasons == [
        ("invalid_grant", "binding"),
        ("invalid_dpop_proof", "replay"),
        ("invalid_grant", None),
    ]


def test_a_replayed_code_ends_the_whole_family(steps: list[dict[str, Any]]) -> None:
    assert steps[9]["family"]["error"] == "invalid_grant"


def test_into_a_pipe_goes_plain_text_of_80_columns(told: str) -> None:
    assert ESCAPE not in told
    assert max(map(len, told.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in told.splitlines())


def test_the_story_shows_the_proof_and_the_binding(told: str) -> None:
    for text in ("dpop+jwt", "htm", "htu", "jti", "What is signed", "cnf.jkt", "they match"):
        assert text in told
    thumbprint = re.search(r"thumbprint  (\S{43})", told)
    assert thumbprint is not None
    # Introduced, asked for as dpop_jkt, in the token twice, and beside the thief's.
    assert told.count(thumbprint[1]) >= 4


@pytest.mark.parametrize("columns", ["40", "60", "200"])
def test_the_story_fits_the_terminal(tmp_path: Path, columns: str) -> None:
    shell = Shell(tmp_path / "data", (("COLUMNS", columns), ("NO_COLOR", "1")))
    done = shell("demo")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    assert "they match" in done.stdout
    assert "…" not in "".join(re.findall(r"^\d+\. .*$", done.stdout, re.MULTILINE))


def test_a_step_that_fails_ends_the_demo_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_scene: object) -> dict[str, Any]:
        expect_equal("the status", 200, 500)
        return {}

    monkeypatch.setattr(story, "STEPS", (("A step", broken),))
    nowhere = Server("http://127.0.0.1:1", "http://127.0.0.1:1/metadata")
    with pytest.raises(StepFailed, match="step 1, 'A step', failed: expected the status to be 200"):
        story.play(nowhere, Narrator(quiet=True))
