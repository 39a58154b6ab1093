"""Valid records to put into the stores."""

import asyncio
import dataclasses
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from app.dpop.ports import Spending
from app.oauth.authorization_code import AuthorizationCode
from app.oauth.device.codes import Decision, DeviceRequest
from app.oauth.par import PushedRequest
from app.state.session import Session
from tests.builders import NOW, s256

T = TypeVar("T")

# Every kind of JSON value (RFC 8259 §3).
DETAILS: tuple[dict[str, Any], ...] = (
    {"type": "a", "text": 'ü "', "numbers": [1, -2.5, 0.1, 1e300], "flags": [True, False, None]},
    {"type": "b", "object": {"b": {}, "a": []}},
)


def a_code(**changes: Any) -> AuthorizationCode:
    code = AuthorizationCode(
        client_id="client",
        user_id="user",
        redirect_uri="https://app.example/callback?ü=1",
        redirect_uri_sent=True,
        code_challenge=s256("verifier"),
        scopes=frozenset({"openid", "profile"}),
        resources=("https://api.example",),
        dpop_jkt=s256("key"),
        auth_time=NOW - 1.25,
        expires_at=NOW + 60,
        acr="urn:example:acr",
        authorization_details=DETAILS,
    )
    return dataclasses.replace(code, **changes)


def a_pushed_request(**changes: Any) -> PushedRequest:
    request = PushedRequest(
        client_id="client",
        parameters=(("state", "ü & =\n"), ("resource", "https://a"), ("resource", "https://b")),
        expires_at=NOW + 60,
    )
    return dataclasses.replace(request, **changes)


def a_device_request(**changes: Any) -> DeviceRequest:
    request = DeviceRequest(
        client_id="client",
        scopes=frozenset({"openid", "profile"}),
        resources=("https://api.example",),
        dpop_jkt=s256("key"),
        interval=5,
        expires_at=NOW + 60,
        authorization_details=DETAILS,
    )
    return dataclasses.replace(request, **changes)


def a_decision(**changes: Any) -> Decision:
    decision = Decision(allowed=True, user_id="user ü", auth_time=NOW - 1.25)
    return dataclasses.replace(decision, **changes)


def a_session(**changes: Any) -> Session:
    session = Session("user", NOW, csrf="secret", expires_at=NOW + 3600, acr="urn:example:acr")
    return dataclasses.replace(session, **changes)


def a_spending(**changes: Any) -> Spending:
    """One proof of its own, to be remembered for 70 seconds."""
    spending = Spending(
        jkt=s256("key"),
        proof=s256(secrets.token_hex()),
        expires_at=NOW + 70,
        holder=s256("holder"),
        owes_nonce=False,
        renew_marker=False,
    )
    return dataclasses.replace(spending, **changes)


def a_hash() -> str:
    return s256(secrets.token_hex())


async def at_once(times: int, operation: Callable[[], Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*(operation() for _ in range(times))))
