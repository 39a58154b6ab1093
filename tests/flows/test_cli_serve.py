"""The command line in processes of its own: serving, prompting, reaching a running server."""

import json
import os
import pty
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.client import DpopAuth, DpopKey
from tests.flows.command_line import HOLDFAST, PASSWORD, WITHIN, Shell
from tests.redis_servers import wait_until

SLOW = ("sqlalchemy", "fastapi", "uvicorn", "cryptography", "httpx", "authlib", "redis")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data")


@pytest.mark.parametrize("arguments", [["--help"], ["client", "add", "--help"], ["--version"]])
def test_help_loads_nothing_that_is_slow(arguments: list[str]) -> None:
    code = f"""
import sys
from app.cli import main
sys.argv = ["holdfast", *{arguments}]
try:
    main()
finally:
    print(sorted(set({SLOW}) & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=WITHIN, check=False
    )
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"


def test_serve_makes_all_it_needs_and_says_where_it_is(shell: Shell) -> None:
    with shell.serve() as said:
        metadata = httpx.get(said["metadata"]).json()
        assert metadata["issuer"] == said["issuer"]
        assert said["issuer"].endswith(said["listening"])
        keys = httpx.get(metadata["jwks_uri"]).json()["keys"]
        assert {key["alg"] for key in keys} == {"ES256"}
        modes = {path.name: path.stat().st_mode & 0o777 for path in shell.data_dir.iterdir()}
        assert {"holdfast.db", "secret"} <= modes.keys()
        assert set(modes.values()) == {0o600}
        assert shell.data_dir.stat().st_mode & 0o777 == 0o700


def test_serve_tells_people_what_to_do_next(shell: Shell) -> None:
    command = [HOLDFAST, "serve", "--port", "0"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**shell.environment, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        said = "".join(iter(process.stdout.readline, "Stop with Ctrl-C.\n"))
        process.terminate()
    assert "/.well-known/oauth-authorization-server" in said
    assert "holdfast user add" in said
    assert "holdfast client add" in said


def test_a_second_server_on_the_same_data_refuses_to_start(shell: Shell) -> None:
    with shell.serve():
        second = shell("serve", "--port", "0")
    assert second.returncode == 1
    assert "HOLDFAST_REDIS_URL" in second.stderr
    assert second.stderr.count("\n") == 1
    assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_told(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shell("serve", "--port", str(port))
    assert done.returncode == 1
    assert f"port {port}: Address already in use; choose another with --port" in done.stderr


def test_several_workers_need_redis(shell: Shell) -> None:
    done = shell("serve", "--workers", "2")
    assert done.returncode == 1
    assert "HOLDFAST_REDIS_URL" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HOLDFAST_ISSUER", "http://as.example", "https"),
        ("HOLDFAST_ACCESS_TOKEN_LIFETIME", "-1", "HOLDFAST_ACCESS_TOKEN_LIFETIME"),
        ("HOLDFAST_TYPO", "1", "HOLDFAST_TYPO"),
        ("HOLDFAST_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/x", "HOLDFAST_SECRET_KEY"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    tmp_path: Path, name: str, value: str, told: str
) -> None:
    done = Shell(tmp_path / "data", ((name, value),))("serve", "--port", "0")
    assert done.returncode == 1
    assert done.stdout == ""
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def test_an_issuer_of_ones_own_is_kept(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "data", (("HOLDFAST_ISSUER", "https://as.example"),))
    with shell.serve() as said:
        assert said["issuer"] == "https://as.example"
        local = f"http://{said['listening']}/.well-known/oauth-authorization-server"
        assert httpx.get(local).json()["token_endpoint"] == "https://as.example/token"


def token(issuer: str, client_id: str, secret: str) -> httpx.Response:
    class Auth(DpopAuth):
        def authorize(self, request: httpx.Request) -> tuple[httpx.Request, str | None]:
            basic = next(httpx.BasicAuth(client_id, secret).auth_flow(request))
            return super().authorize(basic)

    form = {"grant_type": "client_credentials"}
    return httpx.post(f"{issuer}/token", data=form, auth=Auth(DpopKey.generate()))


def test_what_the_command_line_changes_reaches_a_running_server(shell: Shell) -> None:
    with shell.serve() as said:
        added = shell.json("client", "add", "--type", "service", "--name", "A service")
        client_id, secret = added["client_id"], added["client_secret"]
        assert token(said["issuer"], client_id, secret).json()["token_type"] == "DPoP"
        new = shell.json("client", "rotate-secret", client_id)["client_secret"]
        # Wrong secrets are counted, and after ten of them the answer is 429.
        wait_until(
            lambda: token(said["issuer"], client_id, secret).status_code in {401, 429},
            "a refusal of the old secret",
        )
        assert token(said["issuer"], client_id, new).status_code == 200
        shell.json("client", "update", client_id, "--disable")
        wait_until(
            lambda: token(said["issuer"], client_id, new).status_code in {401, 429},
            "a refusal of the disabled client",
        )


def test_a_password_is_asked_for_unseen(shell: Shell) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [HOLDFAST, "user", "add", "ann@example.com", "--json"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env=shell.environment,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = ""
        for prompt in ("Password: ", "Repeat for confirmation: "):
            while not seen.endswith(prompt):
                seen += os.read(ours, 1024).decode()
            os.write(ours, f"{PASSWORD}\n".encode())
        assert process.stdout is not None
        added = json.loads(process.stdout.read())
    os.close(ours)
    assert added["email"] == "ann@example.com"
    assert PASSWORD not in seen
