"""Valid things to store."""

import secrets
from dataclasses import replace
from typing import Any

from app.credentials import digest
from app.oauth.authorization_code import fingerprint
from app.oauth.client import ApplicationType, AuthMethod, Client, ClientSecret
from app.oauth.token_family import RefreshToken, TokenFamily, family_id_of
from app.storage.users import User
from app.telemetry.audit import AuditEvent, EventKind
from tests.builders import NOW

# Every kind of JSON value (RFC 8259 §3).
DETAILS: tuple[dict[str, Any], ...] = (
    {"type": "a", "text": 'ü "', "numbers": [1, -2.5, 0.1, 1e300], "flags": [True, False, None]},
    {"type": "b", "object": {"b": {}, "a": []}},
)


def a_client(**changes: Any) -> Client:
    """Every field differs from its default, and from every other field."""
    client = Client(
        client_id="spa",
        client_name="Łódź shop",
        auth_method=AuthMethod.CLIENT_SECRET_BASIC,
        application_type=ApplicationType.NATIVE,
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        redirect_uris=("http://127.0.0.1/cb", "https://b.example/cb?x=1"),
        scopes=frozenset({"read", "write"}),
        secrets=(ClientSecret(digest("new")), ClientSecret(digest("old"), NOW + 60.5)),
        jwks={"keys": [{"kty": "EC"}]},
        jwks_uri="https://b.example/jwks",
        dpop_bound_access_tokens=False,
        dpop_bound_refresh_tokens=True,
        dpop_nonce="required",
        rotate_refresh_tokens=False,
        require_pushed_authorization_requests=True,
        require_signed_request_object=True,
        request_object_signing_alg="PS256",
        token_endpoint_auth_signing_alg="ES384",
        allowed_origins=("https://b.example",),
        resource_uris=("https://api.example/c",),
        authorization_details_types=frozenset({"payment", "https://example.com/type"}),
        exchange_audiences=("https://api.example/d",),
        may_impersonate=True,
        may_delegate=True,
        unverified=True,
        disabled=True,
        created_at=NOW + 0.123456,
        metadata={"logo_uri": "https://b.example/logo.png"},
    )
    return replace(client, **changes)


def a_user(**changes: Any) -> User:
    user = User(
        user_id="usr_alice",
        email="Alice@Example.org",
        display_name="Alice",
        password_hash="$argon2id$v=19$…",
        is_admin=True,
        disabled=True,
        created_at=NOW,
    )
    return replace(user, **changes)


def a_family(code: str | None = None, **changes: Any) -> TokenFamily:
    """Make a family, born from the code with this name, or from one nobody else has."""
    code_hash = digest(code or secrets.token_hex(8))
    family = TokenFamily(
        family_id=family_id_of(code_hash),
        client_id="spa",
        user_id="usr_alice",
        scopes=frozenset({"read", "write"}),
        resources=("https://api.example/b", "https://api.example/a"),
        jkt="a-thumbprint",
        auth_time=NOW - 5.25,
        created_at=NOW + 0.000001,
        expires_at=NOW + 3600,
        code_hash=code_hash,
        code_fingerprint=fingerprint("spa", "http://127.0.0.1/cb", "challenge"),
        acr="urn:example:acr",
        authorization_details=DETAILS,
    )
    return replace(family, **changes)


def a_refresh_token(family: TokenFamily, value: str = "a token", **changes: Any) -> RefreshToken:
    token = RefreshToken(
        token_hash=digest(value),
        family_id=family.family_id,
        salt="salt",
        created_at=NOW,
        expires_at=NOW + 3600,
    )
    return replace(token, **changes)


def an_event(**changes: Any) -> AuditEvent:
    event = AuditEvent(
        at=NOW + 0.5,
        kind=EventKind.REQUEST_REFUSED,
        client_id="spa",
        user_id="usr_alice",
        family_id="fam_1",
        jkt="a-thumbprint",
        check="htu",
        address="192.0.2.1",
        request_id="req_1",
        details={"expected": "https://a/token"},
    )
    return replace(event, **changes)
