"""Security profiles: what a deployment demands beyond the RFCs. Values, which other code consults.

FAPI 2.0 Security Profile (final, February 2025), whose sections the rules name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from .client import ApplicationType, AuthMethod, Client
from .signed_jwt import ALGS


@dataclass(frozen=True, slots=True)
class SettingRule:
    """What the profile demands of a setting.

    ``wanted`` says it in words; ``default`` takes the place of the setting's own, unless None.
    """

    name: str
    section: str
    wanted: str
    keeps: Callable[[Any], bool]
    default: Any = None


@dataclass(frozen=True, slots=True)
class ClientRule:
    """What the profile demands of a client's registration; ``wanted`` says it in words."""

    member: str
    section: str
    wanted: str
    keeps: Callable[[Client], bool]


@dataclass(frozen=True, slots=True)
class Profile:
    """What one profile demands. The defaults demand nothing.

    ``algs`` are the signatures taken of proofs, assertions and request objects, and made for access
    tokens. ``issuer_only``: an assertion's ``aud`` is the issuer, at every endpoint. ``latest``:
    the seconds that a proof may be dated ahead even with a nonce; None for no limit.
    """

    title: str = ""
    auth_methods: tuple[AuthMethod, ...] = tuple(AuthMethod)
    algs: tuple[str, ...] = ALGS
    issuer_only: bool = False
    needs_redirect_uri: bool = False
    rotates_refresh_tokens: bool = True
    latest: int | None = None
    settings: tuple[SettingRule, ...] = field(default=(), repr=False)
    clients: tuple[ClientRule, ...] = field(default=(), repr=False)

    def among(self, algs: Iterable[str]) -> tuple[str, ...]:
        """Return those of the algorithms that the profile takes."""
        return tuple(alg for alg in algs if alg in self.algs)

    def broken_by(self, client: Client) -> ClientRule | None:
        """Return the first rule that the client's registration breaks."""
        return next((rule for rule in self.clients if not rule.keeps(client)), None)

    def flaw_of(self, client: Client) -> str | None:
        """Say what is wrong with the client's registration, and what to do; None if nothing is."""
        rule = self.broken_by(client)
        if rule is None:
            return None
        return (
            f"{rule.member} of the client breaks a rule of this server: {self.said(rule)}; "
            "have its registration changed, or register another client"
        )

    def said(self, rule: ClientRule | SettingRule) -> str:
        """Say what a rule wants, and where it stands."""
        return f"expected {rule.wanted} ({self.title} {rule.section})"


_FAPI_ALGS = ("PS256", "ES256", "EdDSA", "Ed25519")
_FAPI_KEYS = frozenset({("EC", "P-256"), ("OKP", "Ed25519"), ("RSA", None)})
_CODE_LIFETIME = 60
_PAR_LIFETIME = 600
# RFC 8252 §7.3: the loopback IP literal. §8.3: the use of localhost is NOT RECOMMENDED.
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


def _is_encrypted(uri: str, client: Client) -> bool:
    parts = urlsplit(uri)
    if parts.scheme != "http":
        return True
    return client.application_type is ApplicationType.NATIVE and parts.hostname in _LOOPBACK


def _may_sign(jwk: Mapping[str, Any]) -> bool:
    kind = (jwk.get("kty"), None if jwk.get("kty") == "RSA" else jwk.get("crv"))
    return kind in _FAPI_KEYS and jwk.get("alg", _FAPI_ALGS[0]) in _FAPI_ALGS


_FAPI_SETTINGS = (
    SettingRule(
        "allow_bearer",
        "5.3.2.1, 4 and 5",
        "false: every access token is bound to a key",
        lambda value: value is False,
    ),
    SettingRule(
        "require_par",
        "5.3.2.2, 3",
        "true: authorization requests come through /par only",
        lambda value: value is True,
        default=True,
    ),
    SettingRule(
        "dpop_algs",
        "5.4.1",
        f"none but {', '.join(_FAPI_ALGS)}",
        lambda value: set(value) <= set(_FAPI_ALGS),
        default=_FAPI_ALGS,
    ),
    SettingRule(
        "code_lifetime",
        "5.3.2.1, 11",
        f"at most {_CODE_LIFETIME} seconds",
        lambda value: value <= _CODE_LIFETIME,
    ),
    SettingRule(
        "par_lifetime",
        "5.3.2.2, 12",
        f"less than {_PAR_LIFETIME} seconds",
        lambda value: value < _PAR_LIFETIME,
    ),
)

_FAPI_CLIENTS = (
    ClientRule(
        "auth_method",
        "5.3.2.1, 3 and 6",
        "a confidential client that authenticates with private_key_jwt",
        lambda client: client.auth_method is AuthMethod.PRIVATE_KEY_JWT,
    ),
    ClientRule(
        "dpop_bound_access_tokens",
        "5.3.2.1, 4",
        "access tokens bound to a key",
        lambda client: client.dpop_bound_access_tokens,
    ),
    ClientRule(
        "redirect_uris",
        "5.3.2.2, 8",
        "https; http is for native clients on 127.0.0.1 and [::1]",
        lambda client: all(_is_encrypted(uri, client) for uri in client.redirect_uris),
    ),
    ClientRule(
        "jwks",
        "5.4.1",
        f"keys for {', '.join(_FAPI_ALGS)}: RSA, EC P-256 or OKP Ed25519",
        lambda client: all(map(_may_sign, (client.jwks or {}).get("keys", ()))),
    ),
    ClientRule(
        "request_object_signing_alg",
        "5.4.1",
        f"one of {', '.join(_FAPI_ALGS)}",
        lambda client: client.request_object_signing_alg in (None, *_FAPI_ALGS),
    ),
)

NO_PROFILE = Profile()

FAPI2 = Profile(
    title="FAPI 2.0 Security Profile",
    auth_methods=(AuthMethod.PRIVATE_KEY_JWT,),
    algs=_FAPI_ALGS,
    issuer_only=True,
    needs_redirect_uri=True,
    rotates_refresh_tokens=False,
    latest=60,
    settings=_FAPI_SETTINGS,
    clients=_FAPI_CLIENTS,
)

PROFILES: Mapping[str, Profile] = MappingProxyType({"none": NO_PROFILE, "fapi2": FAPI2})
"""By the value of the setting."""
