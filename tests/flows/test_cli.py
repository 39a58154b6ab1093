"""The command line in this process: every command, its refusals and its JSON."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from app.cli.root import root
from tests.flows.command_line import PASSWORD, own_logs

WEB = (
    *("client", "add", "--type", "web", "--name", "A web server"),
    *("--redirect-uri", "https://client.example/callback", "--scope", "read write"),
)


class Holdfast:
    """Runs commands on one data directory."""

    def __init__(self) -> None:
        self._runner = CliRunner()
        self.stdout = ""
        self.stderr = ""

    def __call__(self, *arguments: str, stdin: str = "") -> int:
        """Run a command and return its exit code."""
        result = self._runner.invoke(root, list(arguments), input=stdin)
        self.stdout, self.stderr = result.stdout, result.stderr
        return result.exit_code

    def json(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command that must succeed, and return its JSON."""
        assert self(*arguments, "--json", stdin=stdin) == 0, self.stderr
        return json.loads(self.stdout)

    def refused(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that must be refused in one line, and return it."""
        assert self(*arguments, stdin=stdin) == 1, self.stdout + self.stderr
        assert self.stdout == ""
        assert self.stderr.startswith("error: ")
        assert self.stderr.count("\n") == 1
        return self.stderr


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data"
    monkeypatch.setenv("HOLDFAST_DATA_DIR", str(path))
    return path


@pytest.fixture
def holdfast(data_dir: Path) -> Iterator[Holdfast]:
    assert not data_dir.exists()
    with own_logs():
        yield Holdfast()


def commands() -> Iterator[tuple[str, click.Command]]:
    def inside(name: str, command: Any) -> Iterator[tuple[str, click.Command]]:
        found: Mapping[str, Any] = getattr(command, "commands", {})
        if not found:
            yield name, command
        for part, sub in found.items():
            yield from inside(f"{name} {part}".strip(), sub)

    return inside("", typer.main.get_command(root))


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_json(holdfast: Holdfast, name: str) -> None:
    assert holdfast(*name.split(), "--help") == 0
    assert "--json" in holdfast.stdout
    assert COMMANDS[name].help


@pytest.mark.parametrize("group", ["", "client", "user", "resource", "key", "db", "proof"])
def test_a_group_alone_shows_its_commands(holdfast: Holdfast, group: str) -> None:
    assert holdfast(*group.split()) == 2
    assert "Commands:" in holdfast.stdout + holdfast.stderr


def test_the_version_is_told(holdfast: Holdfast) -> None:
    assert holdfast("--version") == 0
    assert holdfast.stdout.startswith("holdfast ")


# Settings.


def test_an_unknown_setting_is_told_in_one_line(
    holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_ISUER", "https://as.example")
    assert "HOLDFAST_ISUER" in holdfast.refused("client", "list")


def test_a_database_out_of_reach_is_told_in_one_line(
    holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", "postgresql://holdfast:hunter2@127.0.0.1:1/x")
    monkeypatch.setenv("HOLDFAST_SECRET_KEY", "k" * 32)
    line = holdfast.refused("client", "list")
    assert "does not answer" in line
    assert "hunter2" not in line


def test_a_data_directory_that_cannot_be_made_is_named(
    holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HOLDFAST_DATA_DIR", str(tmp_path / "file" / "data"))
    assert "HOLDFAST_DATA_DIR" in holdfast.refused("client", "list")


def test_the_first_command_makes_a_data_directory_for_its_owner_only(
    holdfast: Holdfast, data_dir: Path
) -> None:
    assert holdfast("client", "list") == 0
    assert data_dir.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in data_dir.iterdir()}
    assert {"holdfast.db", "secret"} <= modes.keys()
    assert set(modes.values()) == {0o600}


# Clients.


def test_a_type_of_authorization_details_comes_and_goes(holdfast: Holdfast, tmp_path: Path) -> None:
    schema = {"type": "object", "additionalProperties": False, "properties": {"a": {}}}
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema))
    add = ("details-type", "add", "payment", "--schema-file", str(file))
    assert holdfast("details-type", "list") == 0
    assert "No types yet" in holdfast.stdout
    expected = {
        "type": "payment",
        "name": "Make a payment",
        "resource_uri": None,
        "ask_always": True,
        "schema": schema,
    }
    assert holdfast.json(*add, "--name", "Make a payment", "--ask-always") == expected
    assert holdfast.json("details-type", "list") == [expected]
    assert holdfast("details-type", "list") == 0
    assert "Make a payment" in holdfast.stdout
    assert "already registered" in holdfast.refused(*add)
    service = ("client", "add", "--type", "service", "--name", "A service", "--details-type")
    added = holdfast.json(*service, "payment")
    assert added["authorization_details_types"] == ["payment"]
    update = ("client", "update", added["client_id"], "--details-type", "")
    assert holdfast.json(*update)["authorization_details_types"] == []
    assert holdfast.json("details-type", "delete", "payment") == {"deleted": "payment"}
    assert "details-type list" in holdfast.refused("details-type", "delete", "payment")


def test_a_schema_that_cannot_be_read_is_refused(holdfast: Holdfast, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    add = ("details-type", "add", "payment", "--schema-file", str(file))
    assert "cannot be read" in holdfast.refused(*add)
    for text in ("{", "[]"):
        file.write_text(text)
        assert "--schema-file" in holdfast.refused(*add)


def test_a_client_is_registered_for_a_resource_server(holdfast: Holdfast) -> None:
    api, files = "https://api.example", "https://files.example"
    service = ("client", "add", "--type", "service", "--name", "An API")
    assert api in holdfast.refused(*service, "--resource-server", api)
    for uri in (api, files):
        holdfast.json("resource", "add", uri)
    added = holdfast.json(*service, "--resource-server", api)
    assert added["resource_uris"] == [api]
    update = ("client", "update", added["client_id"], "--resource-server")
    assert holdfast.json(*update, api, "--resource-server", files)["resource_uris"] == [api, files]
    assert holdfast.json(*update, "")["resource_uris"] == []


@pytest.mark.rfc("8693", "2.1")
def test_what_a_client_may_exchange_is_said_in_one_command(holdfast: Holdfast) -> None:
    api = "https://api.example"
    holdfast.json("resource", "add", api)
    service = holdfast.json("client", "add", "--type", "service", "--name", "An API")
    command = ("client", "exchange", service["client_id"])
    for broken in ((), ("--audience", api), ("--may-delegate",), ("--stop", "--may-delegate")):
        assert holdfast(*command, *broken) == 2
        assert "--may-delegate" in holdfast.stderr
    allowed = holdfast.json(*command, "--audience", api, "--may-delegate")
    assert "urn:ietf:params:oauth:grant-type:token-exchange" in allowed["grant_types"]
    assert allowed["exchange_audiences"] == [api]
    assert (allowed["may_delegate"], allowed["may_impersonate"]) == (True, False)
    assert holdfast.json(*command, "--stop") == service_view(service)


def service_view(added: dict[str, Any]) -> dict[str, Any]:
    """Return what `client show` says of a client that was just added."""
    return {name: value for name, value in added.items() if name != "client_secret"}


def test_a_clients_secret_is_shown_when_it_is_made_and_never_again(holdfast: Holdfast) -> None:
    added = holdfast.json(*WEB)
    assert added["client_secret"].startswith("hf_cs_")
    client_id = added["client_id"]
    for command in (("client", "list"), ("client", "show", client_id)):
        assert holdfast(*command) == 0
        assert added["client_secret"] not in holdfast.stdout
        assert client_id in holdfast.stdout
    assert "client_secret" not in holdfast.json("client", "show", client_id)


def test_people_are_told_that_a_secret_is_shown_once(holdfast: Holdfast) -> None:
    assert holdfast(*WEB) == 0
    assert "hf_cs_" in holdfast.stdout
    assert "shown this once" in holdfast.stdout


def test_scopes_come_as_one_option_or_several(holdfast: Holdfast) -> None:
    assert holdfast.json(*WEB, "--scope", "admin")["scope"] == "admin read write"


def test_a_refusal_names_the_option_and_says_what_to_do(holdfast: Holdfast) -> None:
    line = holdfast.refused(*WEB, "--redirect-uri", "http://client.example/cb")
    assert line.startswith("error: --redirect-uri: 'http://client.example/cb' must use https")


def test_a_device_needs_no_redirect_uri_and_may_have_none(holdfast: Holdfast) -> None:
    device = ("client", "add", "--type", "device", "--name", "A television")
    added = holdfast.json(*device)
    assert "client_secret" not in added
    assert "urn:ietf:params:oauth:grant-type:device_code" in added["grant_types"]
    line = holdfast.refused(*device, "--redirect-uri", "https://client.example/callback")
    assert "authorization_code" in line


def test_bearer_tokens_need_the_deployments_consent(
    holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "HOLDFAST_ALLOW_BEARER" in holdfast.refused(*WEB, "--bearer")
    monkeypatch.setenv("HOLDFAST_ALLOW_BEARER", "true")
    assert holdfast.json(*WEB, "--bearer")["dpop_bound_access_tokens"] is False


@pytest.mark.parametrize(
    "arguments",
    [
        ("client", "add", "--type", "web"),
        ("client", "add", "--type", "robot", "--name", "x"),
        ("client", "add", "--type", "spa", "--name", "x", "--dpop-nonce", "sometimes"),
        ("client", "update", "some-client"),
        ("client", "frobnicate"),
        ("user", "update", "ann@example.com"),
        ("user", "add"),
        ("serve", "--port", "65536"),
    ],
)
def test_wrong_usage_is_exit_code_2(holdfast: Holdfast, arguments: tuple[str, ...]) -> None:
    assert holdfast(*arguments) == 2
    assert holdfast.stdout == ""
    assert holdfast.stderr != ""


def test_an_update_replaces_what_it_names_and_nothing_else(holdfast: Holdfast) -> None:
    before = holdfast.json(*WEB)
    del before["client_secret"]
    client_id = before["client_id"]
    after = holdfast.json(
        *("client", "update", client_id, "--name", "New", "--disable", "--no-rotation"),
        *("--dpop-nonce", "required", "--scope", "", "--bind-refresh-tokens"),
    )
    assert after == before | {
        "client_name": "New",
        "disabled": True,
        "rotate_refresh_tokens": False,
        "dpop_nonce": "required",
        "scope": "",
        "dpop_bound_refresh_tokens": True,
    }
    again = holdfast.json("client", "update", client_id, "--enable", "--dpop-nonce", "default")
    assert (again["disabled"], again["dpop_nonce"]) == (False, None)


def test_a_rotated_secret_can_overlap_with_the_old_one(holdfast: Holdfast) -> None:
    added = holdfast.json(*WEB)
    rotated = holdfast.json("client", "rotate-secret", added["client_id"], "--overlap", "600")
    assert rotated["client_secret"] != added["client_secret"]
    assert len(rotated["client_secrets"]) == 2


def test_a_deleted_client_is_gone(holdfast: Holdfast) -> None:
    client_id = holdfast.json(*WEB)["client_id"]
    assert holdfast.json("client", "delete", client_id) == {"deleted": client_id}
    assert client_id in holdfast.refused("client", "show", client_id)
    assert holdfast("client", "list") == 0
    assert "No clients yet" in holdfast.stdout


def test_the_keys_of_a_client_come_from_a_file_or_stdin(holdfast: Holdfast, tmp_path: Path) -> None:
    key = ECKey.generate_key("P-256")
    public = json.dumps({"keys": [key.as_dict(private=False)]})
    (tmp_path / "jwks.json").write_text(public)
    service = ("client", "add", "--type", "service", "--name", "A service")
    signing = (*service, "--auth-method", "private_key_jwt", "--jwks-file")
    added = holdfast.json(*signing, str(tmp_path / "jwks.json"))
    assert added["token_endpoint_auth_method"] == "private_key_jwt"
    assert "client_secret" not in added
    assert holdfast.json(*signing, "-", stdin=public)["jwks"] == added["jwks"]
    private = json.dumps({"keys": [key.as_dict(private=True)]})
    line = holdfast.refused(*signing, "-", stdin=private)
    assert "private member 'd'" in line
    assert str(key.as_dict(private=True)["d"]) not in line


def test_the_keys_of_a_client_may_be_where_it_publishes_them(holdfast: Holdfast) -> None:
    service = ("client", "add", "--type", "service", "--name", "Job", "--client-id", "job")
    uri = "https://client.example/jwks"
    signing = (*service, "--auth-method", "private_key_jwt", "--jwks-uri")
    assert "https" in holdfast.refused(*signing, "http://client.example/jwks")
    assert holdfast.json(*signing, uri)["jwks_uri"] == uri
    moved = holdfast.json("client", "update", "job", "--jwks-uri", uri + "/new")
    assert (moved["jwks"], moved["jwks_uri"]) == (None, uri + "/new")


def test_a_client_by_url_is_blocked_until_it_is_deleted(holdfast: Holdfast) -> None:
    url = "https://client.example/client.json"
    assert "no path" in holdfast.refused("client", "block", "https://client.example")
    assert "must use https" in holdfast.refused("client", "block", "web")
    assert holdfast.json("client", "block", url)["disabled"] is True
    assert holdfast("client", "block", url) == 0
    assert "holdfast client delete" in holdfast.stdout
    assert "redirect" in holdfast.refused("client", "update", url, "--enable")
    assert holdfast.json("client", "delete", url) == {"deleted": url}


def test_a_client_may_be_registered_under_its_url(holdfast: Holdfast) -> None:
    url = "https://client.example/client.json"
    assert holdfast.json(*WEB, "--client-id", url)["client_id"] == url
    assert "no path" in holdfast.refused(*WEB, "--client-id", "https://client.example")


def test_how_a_client_sends_its_requests_can_be_required(
    holdfast: Holdfast, tmp_path: Path
) -> None:
    keys = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
    (tmp_path / "jwks.json").write_text(json.dumps(keys))
    signing = ("--jwks-file", str(tmp_path / "jwks.json"), "--request-object-alg", "ES256")
    added = holdfast.json(*WEB, *signing, "--require-par", "--require-request-object")
    assert added["request_object_signing_alg"] == "ES256"
    assert added["require_pushed_authorization_requests"] is True
    assert added["require_signed_request_object"] is True
    update = ("client", "update", added["client_id"])
    assert "request_object_signing_alg" in holdfast.refused(*update, "--request-object-alg", "")
    changed = holdfast.json(*update, "--no-require-par", "--no-require-request-object")
    assert changed["require_pushed_authorization_requests"] is False
    assert changed["require_signed_request_object"] is False
    assert (
        holdfast.json(*update, "--request-object-alg", "PS256")["request_object_signing_alg"]
        == "PS256"
    )


@pytest.mark.parametrize("content", ["no json", "[]", None])
def test_a_key_file_that_cannot_be_read_is_told(
    holdfast: Holdfast, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_text(content)
    assert "--jwks-file" in holdfast.refused(*WEB, "--jwks-file", str(path))


# People.


def test_a_person_is_added_with_a_password_from_stdin(holdfast: Holdfast) -> None:
    added = holdfast.json(
        *("user", "add", "ann@example.com", "--name", "Ann", "--admin", "--password-stdin"),
        stdin=PASSWORD + "\n",
    )
    assert (added["email"], added["display_name"], added["is_admin"]) == (
        "ann@example.com",
        "Ann",
        True,
    )
    assert [each["email"] for each in holdfast.json("user", "list")] == ["ann@example.com"]
    assert holdfast("user", "list") == 0
    assert "ann@example.com" in holdfast.stdout


@pytest.mark.parametrize("option", ["--password=secret", "--password secret"])
def test_a_password_is_never_an_argument(holdfast: Holdfast, option: str) -> None:
    assert holdfast("user", "update", "ann@example.com", *option.split()) == 2
    assert holdfast("user", "add", "ann@example.com", *option.split()) == 2


def test_without_a_terminal_the_password_must_come_from_stdin(holdfast: Holdfast) -> None:
    assert "--password-stdin" in holdfast.refused("user", "add", "ann@example.com")


def test_a_weak_password_is_refused(holdfast: Holdfast) -> None:
    line = holdfast.refused("user", "add", "a@b.example", "--password-stdin", stdin="short\n")
    assert line.startswith("error: password: ")


def test_a_person_is_changed_and_deleted(holdfast: Holdfast) -> None:
    holdfast.json("user", "add", "ann@example.com", "--password-stdin", stdin=PASSWORD)
    changed = holdfast.json(
        *("user", "update", "ann@example.com", "--disable", "--name", "Ann", "--password-stdin"),
        stdin=PASSWORD[::-1],
    )
    assert (changed["disabled"], changed["display_name"]) == (True, "Ann")
    assert holdfast.json("user", "delete", "ann@example.com") == {"deleted": "ann@example.com"}
    assert "ann@example.com" in holdfast.refused("user", "delete", "ann@example.com")


# Resource servers and keys.


def test_a_resource_is_registered_and_removed(holdfast: Holdfast) -> None:
    uri = "https://api.example/notes"
    added = holdfast.json("resource", "add", uri, "--scope", "read", "--scope", "write")
    assert added == {
        "uri": uri,
        "name": uri,
        "scope": "read write",
        "access_token_lifetime": None,
    }
    assert holdfast.json("resource", "list") == [added]
    assert holdfast.json("resource", "delete", uri) == {"deleted": uri}
    assert uri in holdfast.refused("resource", "delete", uri)


def test_keys_are_listed_rotated_revoked_and_encrypted_anew(holdfast: Holdfast) -> None:
    assert holdfast.json("key", "list") == []
    assert "--now" in holdfast.refused("key", "rotate")
    first = holdfast.json("key", "rotate", "--now")["active"]
    second = holdfast.json("key", "rotate", "--now")["active"]
    states = {each["kid"]: each["state"] for each in holdfast.json("key", "list")}
    assert (states[first], states[second]) == ("retired", "active")
    assert holdfast.json("key", "revoke", second) == {"revoked": second}
    states = {each["kid"]: each["state"] for each in holdfast.json("key", "list")}
    assert states[second] == "revoked"
    assert sorted(states.values()).count("active") == 1
    assert holdfast.json("key", "reencrypt") == {"reencrypted": len(states)}
    assert "nobody" in holdfast.refused("key", "revoke", "nobody")
    assert holdfast("key", "list") == 0
    assert "UTC" in holdfast.stdout


# The database.


def test_the_tables_are_made_and_checked(holdfast: Holdfast) -> None:
    assert "holdfast db upgrade" in holdfast.refused("db", "check")
    assert holdfast.json("db", "upgrade") == {"upgraded": True}
    assert holdfast.json("db", "check") == {"matches": True}
    assert holdfast.json("db", "upgrade") == {"upgraded": True}
