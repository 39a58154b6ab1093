"""The keys that clients publish at their jwks_uri (RFC 7591 §2): read when needed, remembered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..clock import Clock
from ..oauth import signed_jwt, strict_json
from ..oauth.client import Client
from ..oauth.client_keys import KeysUnavailable, keys_in
from ..oauth.errors import TemporarilyUnavailable
from ..oauth.signed_jwt import SignedJwt
from ..outbound.errors import BadAnswer, FetchFailed
from ..outbound.fetcher import Fetcher
from ..outbound.remembered import Remembered
from . import client_jwks
from .errors import Refused

MAX_BYTES = 64 * 1024

Jwks = Mapping[str, Any]


class PublishedKeys:
    """oauth.ports.ClientKeys.

    ``unverified`` fetches for the clients that no administrator stands for, ``fetcher`` for the
    others.
    """

    def __init__(self, fetcher: Fetcher, unverified: Fetcher, clock: Clock) -> None:
        self._sets: Mapping[bool, Remembered[Jwks]] = {
            is_unverified: Remembered(by, _read, clock, max_bytes=MAX_BYTES)
            for is_unverified, by in ((False, fetcher), (True, unverified))
        }

    async def resolved(self, client: Client, jwt: SignedJwt) -> Client:
        if client.jwks_uri is None:
            return client
        sets = self._sets[client.unverified]
        try:
            jwks = await sets.get(client.jwks_uri)
            # OpenID Connect Core §10.1.1: the verifier knows to go back to the jwks_uri location to
            # re-retrieve the keys when it sees an unfamiliar kid value.
            if not _may_have_signed(jwks, jwt):
                jwks = await sets.newer(client.jwks_uri)
        except FetchFailed as error:
            raise _unavailable(error) from None
        return replace(client, jwks=jwks)


def _may_have_signed(jwks: Jwks, jwt: SignedJwt) -> bool:
    keys, kid = keys_in(jwks), jwt.header.get("kid")
    if kid is None:
        return signed_jwt.is_signed_by(jwt, keys)
    return any(key.kid == kid for key in keys)


def _read(_url: str, body: bytes) -> Jwks:
    try:
        return client_jwks.usable(strict_json.object_in(body))
    except Refused as flaw:
        raise BadAnswer(flaw.sentence) from None
    except ValueError:
        raise BadAnswer("the answer is no JSON object with each member once") from None


def _unavailable(error: FetchFailed) -> KeysUnavailable | TemporarilyUnavailable:
    sentence = f"no keys could be read from the jwks_uri of the client: {error.sentence}"
    if error.is_passing:
        return TemporarilyUnavailable(sentence, retry_after=10, part="jwks_uri")
    return KeysUnavailable(sentence)
