"""``holdfast proof inspect``: every check of a proof, told to people and to programs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.root import root
from app.clock import SystemClock
from app.dpop.errors import Check
from tests.builders import DpopKey, s256

URL = "https://as.example/token"


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOLDFAST_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def fresh(key: DpopKey, **changes: Any) -> str:
    return key.proof(**{"htu": URL, "iat": SystemClock().now(), **changes})


def inspect(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    command = ["proof", "inspect", "--url", URL, *arguments]
    result = CliRunner().invoke(root, command, input=stdin)
    return result.exit_code, result.stdout, result.stderr


def findings(*arguments: str, stdin: str = "") -> tuple[int, dict[str, dict[str, Any]]]:
    code, stdout, _ = inspect("--json", *arguments, stdin=stdin)
    return code, {each["check"]: each for each in json.loads(stdout)["checks"]}


def test_a_valid_proof_passes_and_every_check_is_listed_in_order(key: DpopKey) -> None:
    code, found = findings(fresh(key))
    assert code == 0
    assert list(found) == [check.value for check in Check]
    verdicts = {name: each["verdict"] for name, each in found.items()}
    judged = {"header.present", "header.count", "jwt.form", "typ", "alg", "jwk", "signature"}
    assert {verdicts[name] for name in judged | {"claims", "htm", "htu", "iat"}} == {"passed"}
    assert verdicts["replay"] == "not judged"


def test_header_claims_and_thumbprint_are_shown(key: DpopKey) -> None:
    code, stdout, _ = inspect("--json", fresh(key, jti="my-jti"))
    shown = json.loads(stdout)
    assert code == 0
    assert shown["header"]["jwk"] == key.public_jwk
    assert shown["claims"]["jti"] == "my-jti"
    assert shown["thumbprint"] == key.jkt


def test_people_see_the_same(key: DpopKey) -> None:
    code, stdout, stderr = inspect(fresh(key, jti="my-jti"))
    assert (code, stderr) == (0, "")
    for text in (key.jkt, "my-jti", "dpop+jwt", "passed", *[check.value for check in Check]):
        assert text in stdout


@pytest.mark.parametrize("prefix", ["", "DPoP: ", "dpop:"])
def test_a_proof_may_come_from_stdin_with_its_header_name(key: DpopKey, prefix: str) -> None:
    code, found = findings(stdin=f"{prefix}{fresh(key)}\n")
    assert code == 0
    assert found["signature"]["verdict"] == "passed"


@pytest.mark.parametrize(
    ("check", "changes", "arguments"),
    [
        ("htm", {"htm": "GET"}, ()),
        ("htm", {}, ("--method", "GET")),
        ("htu", {"htu": "https://other.example/token"}, ()),
        ("typ", {"header": {"typ": "JWT"}}, ()),
        ("claims", {"without": ("jti",)}, ()),
        ("iat", {"iat": 1_000_000_000}, ()),
        ("jkt", {}, ("--jkt", "A" * 43)),
    ],
)
def test_a_check_that_fails_is_exit_code_1_and_named(
    key: DpopKey, check: str, changes: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    code, found = findings(fresh(key, **changes), *arguments)
    assert code == 1
    assert [name for name, each in found.items() if each["verdict"] == "failed"] == [check]
    code, _, stderr = inspect(fresh(key, **changes), *arguments)
    assert code == 1
    assert f"the check {check} fails: " in stderr


def test_an_access_token_file_is_checked_against_ath(key: DpopKey, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("the-access-token\n")
    with_token = ("--access-token-file", str(path), "--jkt", key.jkt)
    code, found = findings(fresh(key, ath=s256("the-access-token")), *with_token)
    assert (code, found["ath"]["verdict"], found["jkt"]["verdict"]) == (0, "passed", "passed")
    code, found = findings(fresh(key, ath=s256("another")), *with_token)
    assert (code, found["ath"]["verdict"]) == (1, "failed")


def test_a_file_that_cannot_be_read_is_told(key: DpopKey, tmp_path: Path) -> None:
    code, _, stderr = inspect(fresh(key), "--access-token-file", str(tmp_path / "none"))
    assert code == 1
    assert "--access-token-file" in stderr


@pytest.mark.parametrize("text", ["", "garbage", "a.b", "a.b.c", "..", "é.é.é", "\x00", "e30.e30."])
def test_whatever_comes_in_a_clear_answer_comes_out(text: str) -> None:
    code, found = findings(stdin=text)
    assert code == 1
    assert any(each["verdict"] == "failed" for each in found.values())
    code, stdout, stderr = inspect(stdin=text)
    assert code == 1
    assert "Traceback" not in stdout + stderr


def test_a_private_key_in_a_proof_is_told_but_not_shown(key: DpopKey) -> None:
    private = key.key.as_dict(private=True)
    proof = fresh(key, header={"jwk": private})
    for arguments in ((), ("--json",)):
        code, stdout, stderr = inspect(proof, *arguments)
        assert code == 1
        assert private["d"] not in stdout + stderr
        assert private["x"] in stdout
        assert "(private, not shown)" in stdout


@pytest.mark.parametrize("mark", ["", "> "])
def test_a_whole_request_is_judged_by_its_own_method_and_url(key: DpopKey, mark: str) -> None:
    token = key.sign({"alg": "ES256"}, {"cnf": {"jkt": key.jkt}})
    url = "https://api.example/notes"
    lines = (
        "GET /notes?page=2 HTTP/1.1",
        "Host: api.example",
        f"Authorization: DPoP {token}",
        f"DPoP: {fresh(key, htm='GET', htu=url, ath=s256(token))}",
    )
    request = "".join(f"{mark}{line}\n" for line in lines)
    result = CliRunner().invoke(root, ["proof", "inspect", "--json"], input=request)
    shown = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (shown["method"], shown["url"]) == ("GET", url)
    found = {each["check"]: each["verdict"] for each in shown["checks"]}
    assert {found[name] for name in ("htm", "htu", "ath", "jkt")} == {"passed"}
    assert token not in result.stdout


def test_the_clock_difference_is_told(key: DpopKey) -> None:
    proof = fresh(key, iat=SystemClock().now() - 3600)
    assert "seconds behind this server" in inspect(proof)[1]
    shown = json.loads(inspect("--json", proof)[1])
    assert -3700 < shown["clock_difference"] < -3590


def test_a_url_that_is_none_is_told(key: DpopKey) -> None:
    result = CliRunner().invoke(root, ["proof", "inspect", "--url", "x", fresh(key)])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: --url: the URL must be")


def test_an_inspection_leaves_no_trace(key: DpopKey, data_dir: Path) -> None:
    proof = fresh(key)
    # The second is no replay of the first: nothing remembers a jti.
    assert [findings(proof)[0], findings(proof)[0]] == [0, 0]
    assert not data_dir.exists()
