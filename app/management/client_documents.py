"""Clients that say themselves what they are, in a document at the URL that is their client_id.

draft-ietf-oauth-client-id-metadata-document. No administrator knows them: they get what a setting
allows to all, and nothing else of what they ask for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock
from ..oauth import strict_json
from ..oauth.client import AuthMethod, Client
from ..oauth.errors import InvalidClient, TemporarilyUnavailable
from ..outbound.errors import BadAnswer, FetchFailed
from ..outbound.fetcher import Fetcher
from ..outbound.remembered import Remembered
from . import client_metadata, client_rules, client_url
from .client_metadata import SIGN_IN_GRANTS, Bounds
from .errors import Refused

# §6.6: The recommended maximum response size for client metadata documents is 5 kilobytes.
MAX_BYTES = 5 * 1024

_AUTH_METHODS = frozenset({AuthMethod.NONE, AuthMethod.PRIVATE_KEY_JWT})
_SECRETS = ("client_secret", "client_secret_expires_at")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts whose clients are taken; all, if there are none here.

    ``*.example.com`` stands for every host below example.com.
    """

    patterns: tuple[str, ...] = ()

    def include(self, host: str) -> bool:
        """Whether clients of the host are taken."""
        return not self.patterns or any(_matches(each, host) for each in self.patterns)


@dataclass(frozen=True, slots=True)
class Terms:
    """What clients by URL get. ``scopes`` is the most that each of them may ask for."""

    hosts: Hosts = field(default_factory=Hosts)
    scopes: frozenset[str] = frozenset()
    grant_types: frozenset[str] = SIGN_IN_GRANTS
    http_on_loopback: bool = False


class ClientDocuments:
    """The clients at URLs. ``policy`` is that of all clients."""

    def __init__(
        self, fetcher: Fetcher, clock: Clock, policy: client_rules.Policy, terms: Terms
    ) -> None:
        self._policy = policy
        self._terms = terms
        self._clients = Remembered(fetcher, self._read, clock, max_bytes=MAX_BYTES)

    async def find(self, client_id: str) -> Client:
        """Return the client. Raises InvalidClient or TemporarilyUnavailable."""
        try:
            self._check_url(client_id)
            return await self._clients.get(client_id)
        except Refused as flaw:
            raise InvalidClient(f"client_id: {flaw.sentence}") from None
        except FetchFailed as error:
            # §4.2: If fetching the metadata document fails, the authorization server SHOULD abort
            # the authorization request.
            raise _unavailable(client_id, error) from None

    async def known(self, client_id: str) -> Client | None:
        """Return the client as far as it is known without asking its host; None if it is none.

        For those who ask about a client that was let in before: its tokens stay good while its
        host is down.
        """
        try:
            self._check_url(client_id)
        except Refused:
            return None
        return self._clients.known(client_id) or client_url.unnamed(client_id)

    def _check_url(self, client_id: str) -> None:
        client_url.check(client_id, http_on_loopback=self._terms.http_on_loopback)
        host = client_url.host_of(client_id)
        if not self._terms.hosts.include(host):
            raise Refused("client_id", f"clients of {host} are not taken here")

    def _read(self, url: str, body: bytes) -> Client:
        try:
            members = strict_json.object_in(body)
        except ValueError:
            raise BadAnswer("the document is no JSON object with each member once") from None
        try:
            _check_identity(members, url)
            client = self._client(members, client_url.unnamed(url))
            client_rules.check(client, self._policy)
        except Refused as flaw:
            raise BadAnswer(f"{flaw.field} in the document: {flaw.sentence}") from None
        return client

    def _client(self, members: Mapping[str, Any], base: Client) -> Client:
        """Apply what is to be had here of what is asked for: documents are for many servers."""
        terms, kept = self._terms, {"client_name": base.client_name, **members}
        asked, scopes = kept.pop("scope", None), terms.scopes
        if isinstance(asked, str):
            scopes &= frozenset(asked.split())
        if isinstance(asked := kept.get("grant_types"), list):
            kept["grant_types"] = _among(asked, terms.grant_types)
        # Whatever they say, their tokens are bound to a key.
        kept.pop("dpop_bound_access_tokens", None)
        if not _signs(kept):
            kept.pop("jwks", None)
            kept.pop("jwks_uri", None)
        # §4.1: token_endpoint_auth_method MUST NOT include [...] any other method based around a
        # shared symmetric secret.
        bounds = Bounds(scopes, terms.grant_types, _AUTH_METHODS, AuthMethod.NONE)
        return client_metadata.applied(kept, base, bounds)


def _check_identity(members: Mapping[str, Any], url: str) -> None:
    # §4.1: MUST contain a client_id property whose value MUST match the URL of the document using
    # simple string comparison.
    if members.get("client_id") != url:
        received = str(members.get("client_id"))[:300]
        raise Refused("client_id", f"expected '{url}', received '{received}'")
    for name in _SECRETS:
        # §4.1: the client_secret and client_secret_expires_at properties MUST NOT be used
        if name in members:
            raise Refused(name, "a document that everybody can read holds no secret; remove it")


def _among(asked: list[Any], grant_types: frozenset[str]) -> list[Any]:
    if not (kept := [each for each in asked if each in grant_types]):
        expected = ", ".join(sorted(grant_types))
        raise Refused("grant_types", f"expected some of {expected}, which clients by URL may have")
    return kept


def _signs(members: Mapping[str, Any]) -> bool:
    by_assertion = members.get("token_endpoint_auth_method") == AuthMethod.PRIVATE_KEY_JWT.value
    return by_assertion or members.get("request_object_signing_alg") is not None


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


def _unavailable(client_id: str, error: FetchFailed) -> InvalidClient | TemporarilyUnavailable:
    sentence = f"no client could be read from the client_id '{client_id}': {error.sentence}"
    if error.is_passing:
        return TemporarilyUnavailable(sentence, retry_after=10, part="client_document")
    return InvalidClient(sentence)
