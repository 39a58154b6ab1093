"""The rules of the FAPI 2.0 Security Profile for an authorization server (docs/fapi.md)."""

import re
from collections.abc import Iterator

from ...oauth.profile import FAPI2, ClientRule, SettingRule
from ...tokens.ports import KeyState
from . import transport
from .facts import Facts
from .rule import Finding, Judge, Rule, always, broken, kept, of_clients, unknown

_SOURCE = "FAPI 2.0 "
_MEMBERS = {
    "auth_method": "register another client with --auth-method private_key_jwt",
    "dpop_bound_access_tokens": "run holdfast client update --no-bearer",
    "redirect_uris": "change them with holdfast client update --redirect-uri",
    "jwks": "change them with holdfast client update --jwks-file",
    "request_object_signing_alg": "change it with holdfast client update --request-object-alg",
}


def _by_client(rule: ClientRule) -> Rule:
    cure = f"{_MEMBERS[rule.member]}, or disable it; until then it is refused"
    return Rule(
        _SOURCE + rule.section,
        f"clients, {rule.member}: {rule.wanted}",
        of_clients(rule.keeps, cure),
    )


def _by_setting(rule: SettingRule) -> Rule:
    name = f"HOLDFAST_{rule.name.upper()}"

    def judge(facts: Facts) -> Finding:
        value = getattr(facts, rule.name)
        shown = ", ".join(value) if isinstance(value, tuple) else str(value).lower()
        if rule.keeps(value):
            return kept(f"{name}={shown}")
        return broken(f"{name} is {shown}: expected {rule.wanted}")

    return Rule(_SOURCE + rule.section, f"{name}: {rule.wanted}", judge)


def _signing_keys(facts: Facts) -> Finding:
    if facts.database.failure is not None:
        return unknown("the signing keys could not be read")
    signing = [key for key in facts.keys if key.state in {KeyState.ACTIVE, KeyState.NEXT}]
    if wrong := [key for key in signing if key.alg not in FAPI2.algs]:
        return broken(f"key {wrong[0].kid} signs by {wrong[0].alg}: run holdfast key revoke")
    return kept(", ".join(sorted({key.alg for key in signing})) or "made at the first start: ES256")


def _rule(section: str, says: str, judge: Judge | str) -> Rule:
    return Rule(_SOURCE + section, says, always(judge) if isinstance(judge, str) else judge)


def _rules() -> Iterator[Rule]:
    yield _rule("5.2.1", "TLS for every endpoint", transport.https_issuer)
    yield _rule("5.2.1", "TLS 1.2 or later", transport.tls_version)
    yield _rule("5.2.3", "no TLS stripping", transport.no_stripping)
    yield _rule("5.2.3", "no CORS for the authorization endpoint", "/authorize never answers it")
    yield _rule("5.3.2.1, 1", "metadata is published", "made from what is served (RFC 8414)")
    yield _rule("5.3.2.1, 2", "no password grant", "there is none")
    yield _rule("5.3.2.1, 7", "no open redirectors", "redirect URIs match exactly")
    yield _rule(
        "5.3.2.1, 8",
        "aud of client assertions is the issuer, as one string",
        "others are refused, at /par too",
    )
    yield _rule(
        "5.3.2.1, 9", "no rotation of refresh tokens", "whatever a client is registered for"
    )
    yield _rule("5.3.2.1, 12", "codes are bound to the DPoP key", "by dpop_jkt or a proof at /par")
    yield _rule(
        "5.3.2.1, 13",
        "JWTs up to 10 s ahead are taken, over 60 s refused",
        "not even a nonce makes up for more",
    )
    yield _rule("5.3.2.2, 1", "response_type is code", "there is no other")
    yield _rule("5.3.2.2, 2 and 4", "clients authenticate at /par", "as at the token endpoint")
    yield _rule("5.3.2.2, 5", "PKCE with S256", "required of every client")
    yield _rule("5.3.2.2, 6", "redirect_uri in pushed requests", "refused without")
    yield _rule("5.3.2.2, 7", "iss in authorization answers", "always (RFC 9207)")
    yield _rule("5.3.2.2, 9", "a used code is refused", "and its tokens are revoked")
    yield _rule("5.3.2.2, 10 and 11", "303 redirects, never 307", "every redirect")
    yield from map(_by_setting, FAPI2.settings)
    yield from map(_by_client, FAPI2.clients)
    yield _rule("5.4.1", f"tokens are signed by {', '.join(FAPI2.algs)}", _signing_keys)
    yield _rule("5.4.1", "RSA keys of 2048 bits or more", "checked at registration and in proofs")
    yield _rule("5.4.1", "credentials of 128 bits or more", "256 bits of randomness each")
    yield _rule("5.4.2", "no two keys share a kid", "it is the thumbprint")


def _place(rule: Rule) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", rule.source.removeprefix(_SOURCE))]


FAPI2_RULES = tuple(sorted(_rules(), key=_place))
