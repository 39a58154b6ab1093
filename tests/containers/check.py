"""The composed server keeps its promises. Needs it to be up: tests/containers/run sees to that.

In order, for each step finds what the one before left behind; stops at the first failure.
"""

import os
import secrets
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.client import DpopAuth, DpopKey, sign_proof
from tests.containers.composed import (
    ISSUER,
    Confidential,
    Public,
    answered,
    claims,
    compose,
    containers,
    docker,
    holdfast,
    ids,
    up,
)

EMAIL = "ann@example.com"
PASSWORD = secrets.token_urlsafe(18)
REPLICAS = 3
CALLERS = 6
TLS_PORT = os.environ.get("TLS_PORT", "8443")


@dataclass
class Left:
    """What one step leaves to the next."""

    refresh_token: str = ""
    family: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def left() -> Left:
    return Left()


@pytest.fixture(scope="module")
def service() -> Confidential:
    made = holdfast("client", "add", "--type", "service", "--name", "Nightly job")
    return Confidential(made["client_id"], made["client_secret"], DpopKey.generate())


@pytest.fixture(scope="module")
def app() -> Public:
    uri = "http://127.0.0.1/callback"
    made = holdfast("client", "add", "--type", "native", "--name", "App", "--redirect-uri", uri)
    return Public(made["client_id"], DpopKey.generate())


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


def test_the_server_is_ready_through_the_proxy(http: httpx.Client) -> None:
    answer = http.get(f"{ISSUER}/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_every_container_is_confined() -> None:
    for each in containers():
        name, host = each["Name"], each["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["CapAdd"] in (None, []), name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert each["Config"]["User"] not in {"", "0", "root"}, name


def test_ports_are_published_on_loopback_only() -> None:
    published = [
        binding["HostIp"]
        for each in containers()
        for bindings in (each["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings
    ]
    assert published == ["127.0.0.1"]


def test_no_containers_configuration_holds_a_secret() -> None:
    names = {entry.partition("=")[0] for each in containers() for entry in each["Config"]["Env"]}
    assert names & {"HOLDFAST_SECRET_KEY", "HOLDFAST_DATABASE_URL", "POSTGRES_PASSWORD"} == set()


def test_the_database_cannot_read_the_servers_secret() -> None:
    readable = "test -r /run/secrets/holdfast_secret_key && echo yes || echo no"
    assert compose("exec", "-T", "postgres", "sh", "-c", readable).strip() == "no"


def test_the_server_is_process_1() -> None:
    command = compose("exec", "-T", "app", "cat", "/proc/1/cmdline")
    assert "holdfast\0serve" in command


def test_the_image_has_no_build_tools() -> None:
    look = "for each in uv gcc cc make git; do command -v $each; done; true"
    assert compose("exec", "-T", "app", "sh", "-c", look) == ""


def test_the_start_says_how_to_go_on() -> None:
    said = compose("logs", "--no-log-prefix", "proxy")
    assert "docker compose exec app holdfast user add you@example.com --admin" in said
    assert "docker compose exec app holdfast client add" in said


def test_a_client_added_through_exec_gets_a_bound_token(
    service: Confidential, http: httpx.Client
) -> None:
    answer = service.ask(http)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"
    assert claims(answer.json()["access_token"])["cnf"] == {"jkt": service.key.thumbprint}
    assert claims(answer.json()["access_token"])["iss"] == ISSUER


def test_a_person_signs_in_consents_and_the_app_gets_bound_tokens(app: Public, left: Left) -> None:
    holdfast("user", "add", EMAIL, "--password-stdin", given=f"{PASSWORD}\n")
    answer = app.tokens(EMAIL, PASSWORD)
    assert answer.status_code == 200, answer.text
    assert claims(answer.json()["access_token"])["cnf"] == {"jkt": app.key.thumbprint}
    left.refresh_token = answer.json()["refresh_token"]


def test_a_refresh_token_is_good_with_its_own_key_only(app: Public, left: Left) -> None:
    stolen = app.refresh(left.refresh_token, DpopKey.generate())
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    own = app.refresh(left.refresh_token)
    assert own.status_code == 200, own.text
    left.refresh_token = own.json()["refresh_token"]


def test_the_address_that_a_client_claims_for_itself_is_not_believed(http: httpx.Client) -> None:
    http.get(f"{ISSUER}/jwks", headers={"X-Forwarded-For": "203.0.113.99"})
    assert "203.0.113.99" not in compose("logs", "app")


def test_the_proxy_does_not_pass_metrics_on(http: httpx.Client) -> None:
    assert http.get(f"{ISSUER}/metrics").status_code == 404


def test_scaled_up_every_server_answers(service: Confidential) -> None:
    up("--scale", f"app={REPLICAS}")
    assert len(ids("app")) == REPLICAS
    for _ in range(20 * REPLICAS):
        with httpx.Client(timeout=30) as http:
            assert service.ask(http).status_code == 200
        if len(answered("/token")) == REPLICAS:
            break
    assert len(answered("/token")) == REPLICAS


def test_a_proof_is_taken_once_by_all_servers_together(
    service: Confidential, http: httpx.Client
) -> None:
    auth = DpopAuth(service.key)
    assert service.ask(http, auth=auth).status_code == 200
    url = f"{ISSUER}/token"
    proof = sign_proof(service.key, "POST", url, nonce=auth.prover.nonces.get(url))

    class Replayed(DpopAuth):
        def sync_auth_flow(self, request: httpx.Request) -> Any:
            request.headers["DPoP"] = proof
            yield request

    def send(_: int) -> int:
        with httpx.Client(timeout=30) as own:
            return service.ask(own, auth=Replayed(service.key)).status_code

    with ThreadPoolExecutor(CALLERS) as pool:
        statuses = Counter(pool.map(send, range(4 * CALLERS)))
    assert statuses == {200: 1, 400: 4 * CALLERS - 1}


class Load:
    """Callers that ask for tokens without pause, and what they were answered."""

    def __init__(self, service: Confidential) -> None:
        self._service = service
        self._over = threading.Event()
        self.answers: list[httpx.Response] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(CALLERS) as pool:
            calls = [pool.submit(self._call) for _ in range(CALLERS)]
            try:
                yield
            finally:
                self._over.set()
        for call in calls:
            call.result()

    def more(self, count: int) -> None:
        """Wait until so many answers more have come."""
        enough = len(self.answers) + count
        while len(self.answers) < enough:
            assert not self._over.wait(0.05)

    def _call(self) -> None:
        auth = DpopAuth(self._service.key)
        with httpx.Client(timeout=30) as http:
            while not self._over.is_set():
                self.answers.append(self._service.ask(http, auth=auth))

    def statuses(self) -> Counter[int]:
        return Counter(answer.status_code for answer in self.answers)

    def wrong(self) -> list[str]:
        """Return every success that is no token bound to the caller's key."""
        bound = {"jkt": self._service.key.thumbprint}
        return [
            answer.text
            for answer in self.answers
            if answer.status_code == 200 and claims(answer.json()["access_token"])["cnf"] != bound
        ]


def test_a_server_killed_under_load_costs_its_open_requests_and_no_more(
    service: Confidential,
) -> None:
    load = Load(service)
    with load.running():
        load.more(30)
        docker("kill", "--signal", "KILL", ids("app")[0])
        load.more(120)
    statuses = load.statuses()
    assert load.wrong() == []
    # What the killed server was doing, nobody knows: the proxy says so, and repeats no such POST.
    # Twice a caller, for the kernel still takes connections for a process that is dying.
    assert statuses.keys() <= {200, 503}
    assert statuses[503] <= 2 * CALLERS
    assert [each.status_code for each in load.answers[-60:]] == [200] * 60


def test_a_server_replaced_under_load_costs_no_request(service: Confidential) -> None:
    up("--scale", f"app={REPLICAS}")
    old = ids("app")[0]
    load = Load(service)
    with load.running():
        load.more(30)
        up("--no-deps", "--no-recreate", "--scale", f"app={REPLICAS + 1}", "app")
        docker("stop", old)
        docker("rm", old)
        load.more(60)
    assert len(ids("app")) == REPLICAS
    assert load.wrong() == []
    assert load.statuses().keys() == {200}


def test_nothing_is_lost_by_going_down_and_up(
    app: Public, service: Confidential, left: Left, http: httpx.Client
) -> None:
    keys = http.get(f"{ISSUER}/jwks").json()
    compose("down")
    up()
    assert http.get(f"{ISSUER}/jwks").json() == keys
    assert service.ask(http).status_code == 200
    assert [person["email"] for person in holdfast("user", "list")] == [EMAIL]
    again = app.refresh(left.refresh_token)
    assert again.status_code == 200, again.text
    assert app.tokens(EMAIL, PASSWORD).status_code == 200


def test_the_tls_profile_terminates_tls(service: Confidential) -> None:
    issuer = f"https://127.0.0.1:{TLS_PORT}"
    up("tls", HOLDFAST_ISSUER=issuer)
    made = "/tmp/tls/fullchain.pem"  # noqa: S108  # in the proxy's container
    certificate = compose("--profile", "tls", "exec", "-T", "tls", "cat", made)
    trusting = ssl.create_default_context(cadata=certificate)
    with httpx.Client(timeout=30, verify=trusting) as http:
        metadata = http.get(f"{issuer}/.well-known/oauth-authorization-server").json()
        answer = service.ask(http, issuer)
    compose("--profile", "tls", "rm", "--stop", "--force", "tls")
    assert metadata["token_endpoint"] == f"{issuer}/token"
    assert answer.status_code == 200, answer.text
    assert claims(answer.json()["access_token"])["iss"] == issuer
