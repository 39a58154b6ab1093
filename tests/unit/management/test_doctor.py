"""What the doctor finds of each rule, from facts that break one thing at a time."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest

from app.management.doctor.bcp import BCP_RULES
from app.management.doctor.facts import Database, Facts, Memory, Reached, RedisServer
from app.management.doctor.fapi2 import FAPI2_RULES
from app.management.doctor.operation import OPERATION_RULES
from app.management.doctor.rule import Finding, Rule, Verdict, examine, named
from app.oauth.client import ApplicationType, AuthMethod, Client
from app.oauth.profile import FAPI2
from tests.builders import NOW
from tests.harness import SIGNING, SPA, WEB

YEAR = 366 * 86400


@dataclass
class Key:
    """A signing key as it is stored."""

    kid: str
    state: str
    alg: str = "ES256"
    created_at: float = NOW - 10
    activated_at: float | None = None
    retired_at: float | None = None
    public_jwk: str = "{}"
    sealed_private_jwk: str = "sealed"


REDIS = RedisServer("noeviction", appends=True, replicas=1, wanted=1, ahead=0.2)
SOUND = Facts(
    issuer="https://login.example",
    now=NOW,
    profile=FAPI2,
    require_par=True,
    refresh_token_lifetime=30 * 86400,
    dpop_algs=FAPI2.algs,
    trusts_proxies=True,
    clients=(SIGNING,),
    keys=(Key("one", "active"), Key("two", "next")),
    database=Database(is_shared=True, ahead=0.1, is_far=True, encrypts=True),
    memory=Memory((REDIS,), is_far=True, encrypts=True),
    reached=Reached(tls="TLSv1.3", hsts="max-age=31536000"),
)
EVERY_RULE = (*FAPI2_RULES, *BCP_RULES, *OPERATION_RULES)


def findings(rules: tuple[Rule, ...] = EVERY_RULE, **changes: Any) -> dict[str, Finding]:
    facts = dataclasses.replace(SOUND, **changes)
    return {each.rule.says: each.finding for each in examine(facts, rules)}


def found(says: str, rules: tuple[Rule, ...] = EVERY_RULE, **changes: Any) -> Finding:
    """Return what was found of the only rule that says this."""
    [finding] = [each for rule, each in findings(rules, **changes).items() if says in rule]
    return finding


def changed(client: Client = SIGNING, **changes: Any) -> tuple[Client, ...]:
    return (dataclasses.replace(client, **changes),)


def test_a_sound_deployment_keeps_every_rule() -> None:
    assert {each.verdict for each in findings().values()} == {Verdict.KEPT}


@pytest.mark.parametrize("rules", [FAPI2_RULES, BCP_RULES, OPERATION_RULES])
def test_every_rule_is_there_once(rules: tuple[Rule, ...]) -> None:
    assert len({(rule.source, rule.says) for rule in rules}) == len(rules)


def test_every_finding_says_something() -> None:
    empty = Facts(issuer="http://127.0.0.1:8000", now=NOW)
    assert all(each.finding.why for each in examine(empty, EVERY_RULE))


@pytest.mark.parametrize(
    ("says", "changes"),
    [
        ("HOLDFAST_ALLOW_BEARER", {"allow_bearer": True}),
        ("HOLDFAST_REQUIRE_PAR", {"require_par": False}),
        ("HOLDFAST_DPOP_ALGS", {"dpop_algs": ("ES256", "RS256")}),
        ("HOLDFAST_CODE_LIFETIME", {"code_lifetime": 61}),
        ("HOLDFAST_PAR_LIFETIME", {"par_lifetime": 600}),
        ("clients, auth_method", {"clients": (SPA, WEB)}),
        ("access tokens bound to a key", {"clients": changed(dpop_bound_access_tokens=False)}),
        ("http is for native", {"clients": changed(redirect_uris=("http://127.0.0.1/",))}),
        ("RSA, EC P-256", {"clients": changed(jwks={"keys": [{"kty": "EC", "crv": "P-384"}]})}),
        ("RSA, EC P-256", {"clients": changed(jwks={"keys": [{"kty": "RSA", "alg": "RS256"}]})}),
        ("request_object_signing_alg", {"clients": changed(request_object_signing_alg="RS256")}),
        ("tokens are signed", {"keys": (Key("one", "active", "RS256"), Key("two", "next"))}),
        ("TLS for every endpoint", {"issuer": "http://127.0.0.1:8000"}),
        ("TLS 1.2 or later", {"reached": Reached(tls="TLSv1.1")}),
        ("TLS 1.2 or later", {"reached": Reached(failure="the name is unknown")}),
        ("no TLS stripping", {"reached": Reached(tls="TLSv1.3")}),
    ],
)
def test_fapi_rules_that_a_deployment_can_break(says: str, changes: dict[str, Any]) -> None:
    assert found(says, FAPI2_RULES, **changes).verdict is Verdict.BROKEN


def test_a_disabled_client_breaks_no_rule() -> None:
    clients = changed(SPA, disabled=True)
    assert found("clients, auth_method", FAPI2_RULES, clients=clients).verdict is Verdict.KEPT


def test_a_finding_names_the_clients_and_says_what_to_do() -> None:
    why = found("clients, auth_method", FAPI2_RULES, clients=(SPA, WEB)).why
    assert why.startswith("spa, web: ")
    assert "--auth-method private_key_jwt" in why


def test_of_many_clients_some_are_named() -> None:
    many = [dataclasses.replace(SPA, client_id=f"c{number}") for number in range(8)]
    assert named(many) == "c0, c1, c2, c3, c4 and 3 more"


@pytest.mark.parametrize(
    ("says", "changes", "verdict"),
    [
        ("clients authenticate by", {"clients": (WEB,)}, Verdict.ADVICE),
        ("clients authenticate by", {"clients": (SPA,)}, Verdict.KEPT),
        (
            "access tokens are bound",
            {"clients": changed(dpop_bound_access_tokens=False)},
            Verdict.ADVICE,
        ),
        (
            "authorization answers are encrypted",
            {"clients": changed(redirect_uris=("http://localhost/",))},
            Verdict.ADVICE,
        ),
        (
            "authorization answers are encrypted",
            {
                "clients": changed(
                    SPA,
                    redirect_uris=("http://localhost/",),
                    application_type=ApplicationType.NATIVE,
                )
            },
            Verdict.KEPT,
        ),
        ("taken for a person", {"clients": changed(client_id="usr_1")}, Verdict.BROKEN),
        ("trusted proxies", {"trusts_proxies": False}, Verdict.ADVICE),
        ("refresh tokens end", {"refresh_token_lifetime": 3 * YEAR}, Verdict.ADVICE),
        ("TLS answers", {"reached": None}, Verdict.UNKNOWN),
        ("TLS answers", {"reached": Reached()}, Verdict.ADVICE),
    ],
)
def test_what_best_current_practice_makes_of_a_deployment(
    says: str, changes: dict[str, Any], verdict: Verdict
) -> None:
    assert found(says, BCP_RULES, **changes).verdict is verdict


def test_without_a_profile_a_development_server_is_advised_only() -> None:
    plain = {"issuer": "http://127.0.0.1:8000", "profile": type(FAPI2)(), "trusts_proxies": False}
    assert found("TLS from end to end", BCP_RULES, **plain).verdict is Verdict.ADVICE
    assert found("trusted proxies", BCP_RULES, **plain).verdict is Verdict.KEPT


def redis(**changes: Any) -> Memory:
    return Memory((REDIS, dataclasses.replace(REDIS, **changes)))


@pytest.mark.parametrize(
    ("says", "changes", "verdict"),
    [
        ("the database answers", {"database": Database(failure="it is down")}, Verdict.BROKEN),
        ("way to the database", {"database": Database(is_far=True)}, Verdict.ADVICE),
        ("way to the database", {"database": Database()}, Verdict.KEPT),
        ("database's clock", {"database": Database(ahead=-10.5)}, Verdict.BROKEN),
        ("database's clock", {"database": Database(failure="it is down")}, Verdict.UNKNOWN),
        ("never forgets", {"memory": redis(policy="allkeys-lru")}, Verdict.BROKEN),
        ("never forgets", {"memory": Memory(failure="it is down")}, Verdict.BROKEN),
        ("never forgets", {"memory": Memory()}, Verdict.KEPT),
        ("over a restart", {"memory": redis(appends=False)}, Verdict.ADVICE),
        ("over a restart", {"memory": Memory(failure="it is down")}, Verdict.UNKNOWN),
        ("forgets little", {"memory": redis(wanted=0)}, Verdict.ADVICE),
        ("forgets little", {"memory": Memory()}, Verdict.KEPT),
        ("way to Redis", {"memory": Memory((REDIS,), is_far=True)}, Verdict.ADVICE),
        ("Redis's clock", {"memory": redis(ahead=-11.0)}, Verdict.BROKEN),
        ("a signing key", {"keys": ()}, Verdict.ADVICE),
        ("a signing key", {"keys": (Key("one", "active"),)}, Verdict.BROKEN),
        ("a signing key", {"now": NOW + YEAR}, Verdict.ADVICE),
        ("a signing key", {"database": Database(failure="it is down")}, Verdict.UNKNOWN),
        ("secrets can be read", {"readable": ("/data/secret",)}, Verdict.BROKEN),
    ],
)
def test_what_the_doctor_makes_of_what_is_around_the_server(
    says: str, changes: dict[str, Any], verdict: Verdict
) -> None:
    assert found(says, OPERATION_RULES, **changes).verdict is verdict


def test_what_could_not_be_read_is_not_called_kept() -> None:
    unread = findings(FAPI2_RULES, database=Database(failure="it is down"), clients=())
    assert unread["tokens are signed by PS256, ES256, EdDSA, Ed25519"].verdict is Verdict.UNKNOWN
    by_client = [each for rule, each in unread.items() if rule.startswith("clients, ")]
    assert {each.verdict for each in by_client} == {Verdict.UNKNOWN}


def test_the_client_that_keeps_the_profile_is_of_the_kind_it_wants() -> None:
    assert SIGNING.auth_method is AuthMethod.PRIVATE_KEY_JWT
    assert FAPI2.flaw_of(SIGNING) is None
