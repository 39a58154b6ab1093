"""``holdfast doctor``, as people run it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner, Result

from app.cli.root import root
from app.settings import PREFIX, Settings
from tests import redis_servers
from tests.flows.command_line import Shell, own_logs
from tests.servers import Postgres, ServerMissing, missing, run_postgres

SECRET = "s" * 40
NOTHING = dict.fromkeys(PREFIX + name.upper() for name in Settings.model_fields)
HTTPS = ("HOLDFAST_ISSUER", "https://login.example")
FAPI = ("HOLDFAST_PROFILE", "fapi2")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data")


def within(shell: Shell, *settings: tuple[str, str]) -> Shell:
    return Shell(shell.data_dir, settings)


def ran(shell: Shell, *arguments: str) -> Result:
    """Run a command in this process, as in a shell with these settings and no others."""
    with own_logs():
        return CliRunner().invoke(root, arguments, env={**NOTHING, **shell.environment})


def examined(shell: Shell, *arguments: str, broken: bool) -> dict[str, dict[str, str]]:
    """Run the doctor, and return its findings by rule."""
    done = ran(shell, "doctor", "--json", *arguments)
    assert done.exit_code == int(broken), done.stderr + done.stdout
    members: dict[str, Any] = json.loads(done.stdout)
    assert members["ok"] is not broken
    return {each["rule"]: each for each in members["findings"]}


def add(shell: Shell, name: str, tmp_path: Path, *more: str) -> None:
    jwks = tmp_path / "jwks.json"
    key = ECKey.generate_key("P-256")
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    fixed = ("client", "add", "--type", "service", "--name", name, "--client-id", name)
    keys = ("--auth-method", "private_key_jwt", "--jwks-file", str(jwks))
    shell.json(*fixed, *(more or keys))


def test_a_new_deployment_breaks_no_rule_of_best_current_practice(shell: Shell) -> None:
    done = ran(shell, "doctor")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["where", "rule", "what", "was", "found"]
    assert lines[-1].startswith("RFC 9700")
    assert " broken" not in lines[-1]
    # Aligned: every row has its rule in the same column.
    column = lines[0].index("rule")
    assert all(line[column - 1] == " " for line in lines[1:-2] if line[:1].strip())


def test_under_the_profile_a_development_server_breaks_the_rule_of_tls(shell: Shell) -> None:
    found = examined(within(shell, FAPI), broken=True)
    assert found["TLS for every endpoint"]["verdict"] == "broken"
    assert "HOLDFAST_ISSUER" in found["TLS for every endpoint"]["found"]
    assert [each["rule"] for each in found.values() if each["verdict"] == "broken"] == [
        "TLS for every endpoint"
    ]


def test_clients_of_the_profile_break_nothing(shell: Shell, tmp_path: Path) -> None:
    keeping = within(shell, FAPI, HTTPS, ("HOLDFAST_TRUSTED_PROXIES", "10.0.0.0/8"))
    add(keeping, "bank", tmp_path)
    assert {each["verdict"] for each in examined(keeping, broken=False).values()} <= {
        "kept",
        "advice",
        "unknown",
    }


def test_a_client_from_before_the_profile_is_named(shell: Shell, tmp_path: Path) -> None:
    add(within(shell, HTTPS), "old", tmp_path, "--auth-method", "client_secret_basic")
    found = examined(within(shell, FAPI, HTTPS), broken=True)
    [wrong] = [each for each in found.values() if each["verdict"] == "broken"]
    assert wrong["source"] == "FAPI 2.0 5.3.2.1, 3 and 6"
    assert wrong["found"].startswith("old: ")


def test_a_client_that_breaks_the_profile_is_refused_at_its_registration(shell: Shell) -> None:
    there = within(shell, FAPI, HTTPS)
    done = ran(there, "client", "add", "--type", "service", "--name", "x")
    assert done.exit_code == 1
    assert "private_key_jwt" in done.stderr
    assert "FAPI 2.0 Security Profile 5.3.2.1" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [("doctor",), ("serve", "--port", "0")])
def test_a_setting_that_contradicts_the_profile_stops_every_command(
    shell: Shell, command: tuple[str, ...]
) -> None:
    done = ran(within(shell, FAPI, ("HOLDFAST_CODE_LIFETIME", "120")), *command)
    assert done.exit_code == 1
    assert done.stderr.startswith("error: HOLDFAST_CODE_LIFETIME: expected at most 60 seconds")
    assert done.stderr.count("\n") == 1


def test_files_that_others_can_read_break_a_rule(shell: Shell) -> None:
    examined(shell, broken=False)
    (shell.data_dir / "secret").chmod(0o644)
    found = examined(shell, broken=True)["secrets can be read by the server only"]
    assert str(shell.data_dir / "secret") in found["found"]


def test_the_issuer_is_asked_where_that_is_wanted(shell: Shell) -> None:
    with shell.serve() as told:
        there = within(shell, ("HOLDFAST_ISSUER", told["issuer"]))
        found = examined(there, "--reach", broken=False)
        assert found["TLS answers at the issuer"]["found"] == "the issuer answers, without TLS"
    gone = examined(there, "--reach", broken=True)["TLS answers at the issuer"]
    assert "cannot be reached" in gone["found"]


def test_something_else_at_the_issuer_s_address_is_told(shell: Shell) -> None:
    with shell.serve() as told:
        other = told["issuer"].replace("127.0.0.1", "localhost")
        found = examined(within(shell, ("HOLDFAST_ISSUER", other)), "--reach", broken=True)
    assert "without this issuer" in found["TLS answers at the issuer"]["found"]


def test_redis_is_asked_about_its_policy_and_persistence(shell: Shell, tmp_path: Path) -> None:
    with redis_servers.single(redis_servers.valkey_binary(), tmp_path / "redis") as server:
        there = within(shell, ("HOLDFAST_REDIS_URL", server.url))
        found = examined(there, broken=False)
        assert "noeviction" in found["Redis never forgets a proof that could be replayed"]["found"]
        kept = found["Redis keeps sign-in sessions over a restart"]
        assert (kept["verdict"], "appendonly" in kept["found"]) == ("advice", True)
        assert found["Redis's clock agrees"]["verdict"] == "kept"
        server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        found = examined(there, broken=True)
    evicts = found["Redis never forgets a proof that could be replayed"]
    assert "noeviction" in evicts["found"]


def test_a_redis_that_does_not_answer_is_told(shell: Shell) -> None:
    port = redis_servers.free_port()
    gone = within(shell, ("HOLDFAST_REDIS_URL", f"redis://:hidden@127.0.0.1:{port}/0"))
    done = ran(gone, "doctor")
    assert done.exit_code == 1
    assert "HOLDFAST_REDIS_URL" in done.stdout
    assert "hidden" not in done.stdout + done.stderr


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    try:
        with run_postgres() as server:
            yield server
    except ServerMissing as error:
        missing(error)


def test_postgresql_is_asked_about_its_tables_and_its_clock(
    shell: Shell, postgres: Postgres
) -> None:
    url = postgres.create_database("examined")
    there = within(shell, ("HOLDFAST_DATABASE_URL", url), ("HOLDFAST_SECRET_KEY", SECRET))
    answers = "the database answers, and its tables are those of this version"
    assert "holdfast db upgrade" in examined(there, broken=True)[answers]["found"]
    there.json("db", "upgrade")
    found = examined(there, broken=False)
    assert found[answers]["found"] == "PostgreSQL"
    assert found["the database's clock agrees"]["found"].endswith("this machine")


def test_a_database_that_does_not_answer_is_told(shell: Shell) -> None:
    url = f"postgresql://holdfast:hidden@127.0.0.1:{redis_servers.free_port()}/holdfast"
    gone = within(shell, ("HOLDFAST_DATABASE_URL", url), ("HOLDFAST_SECRET_KEY", SECRET))
    done = ran(gone, "doctor")
    assert done.exit_code == 1
    assert "HOLDFAST_DATABASE_URL" in done.stdout
    assert "hidden" not in done.stdout + done.stderr
