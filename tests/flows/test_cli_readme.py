"""The README's walk-through, run as it stands there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app.cli.demo.browser import Browser
from tests.flows.command_line import HOLDFAST, PASSWORD, WITHIN, Shell

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ISSUER = "http://127.0.0.1:8000"
CALLBACK = "http://127.0.0.1/callback"
ADD_USER = "uv run holdfast user add ann@example.com\n"
MARK = "== "

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl"))),
    reason="the README's walk-through needs bash, curl and openssl",
)


def blocks() -> list[str]:
    by_hand = README.partition("## By hand")[2]
    return re.findall(r"^```sh\n(.*?)^```", by_hand, re.MULTILINE | re.DOTALL)


def script(issuer: str) -> str:
    """Join the blocks, a mark before each, as one session of a shell."""
    found = blocks()
    assert any(ADD_USER in block for block in found)
    joined = "".join(f"echo; echo '{MARK}{n}'\n{block}" for n, block in enumerate(found))
    # The test cannot type a password, nor wait for a server on a port that may be taken.
    return joined.replace(ADD_USER, "").replace("uv run ", "").replace(ISSUER, issuer)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return what each block printed."""
    shell = Shell(tmp_path_factory.mktemp("readme") / "data")
    tools = f"{Path(HOLDFAST).parent}{os.pathsep}{os.environ['PATH']}"
    with shell.serve() as server:
        shell.json("user", "add", "ann@example.com", "--password-stdin", stdin=PASSWORD)
        with subprocess.Popen(
            ["bash", "-eu", "-c", script(server["issuer"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**shell.environment, "PATH": tools},
            cwd=shell.data_dir.parent,
        ) as session:
            assert session.stdin is not None
            assert session.stdout is not None
            before = ""
            while "/authorize?" not in before:
                line = session.stdout.readline()
                assert line, before
                before += line
            code = sign_in(server["issuer"], before.splitlines()[-1])
            session.stdin.write(f"{code}\n")
            session.stdin.close()
            # Not communicate(): it would pass over what readline has read ahead.
            after = session.stdout.read()
            session.wait(timeout=WITHIN)
        assert session.returncode in {0, 1}, after
    return re.split(rf"^{MARK}\d+$", before + after, flags=re.MULTILINE)[1:]


def sign_in(issuer: str, url: str) -> str:
    browser = Browser(issuer)
    try:
        callback = browser.authorize(url, email="ann@example.com", password=PASSWORD)
    finally:
        browser.close()
    return parse_qs(urlsplit(callback).query)["code"][0]


def answers(text: str) -> list[dict[str, object]]:
    """Return the JSON objects in what a block printed."""
    decoder, found, rest = json.JSONDecoder(), [], text
    while "{" in rest:
        rest = rest[rest.index("{") :]
        answer, end = decoder.raw_decode(rest)
        found.append(answer)
        rest = rest[end:]
    return found


def test_every_block_runs(said: list[str]) -> None:
    assert len(said) == len(blocks())


def test_a_code_is_swapped_for_bound_tokens(said: list[str]) -> None:
    [answer] = answers(said[3])
    assert answer["token_type"] == "DPoP"
    claims, thumbprint = said[4].strip().splitlines()
    assert thumbprint.removeprefix("thumbprint of the key: ") in claims


def test_the_refresh_gives_another_token(said: list[str]) -> None:
    [answer] = answers(said[5])
    assert answer["token_type"] == "DPoP"


def test_a_service_gets_a_token_by_itself(said: list[str]) -> None:
    [answer] = answers(said[6])
    assert answer["token_type"] == "DPoP"
    assert "refresh_token" not in answer


def test_each_refusal_is_the_one_that_the_text_announces(said: list[str]) -> None:
    refusals = [answer for text in said[7:10] for answer in answers(text)]
    checks = [refusal["dpop"]["check"] for refusal in refusals]  # type: ignore[index]  # JSON of any shape
    assert checks == ["replay", "htu", "header.present", "binding"]
    [replay] = answers(said[7])
    shown = json.loads(re.findall(r"^```json\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[0])
    assert shown["error"] == replay["error"]
    assert shown["error_description"] == replay["error_description"]
    assert shown["dpop"].keys() == replay["dpop"].keys()  # type: ignore[attr-defined]  # JSON of any shape


def test_the_inspector_tells_what_is_right_and_wrong(said: list[str]) -> None:
    assert "signature" in said[10]
    assert "passed" in said[10]
