"""Client authentication (RFC 6749 §2.3 and §3.2.1, RFC 7523 §2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..clock import Clock
from ..credentials import digest, same
from . import client_assertion
from .client import AuthMethod, Client, ClientSecret
from .client_assertion import ASSERTION_ALGS, Assertion, UnverifiedAssertion
from .client_keys import ClientKey, KeysUnavailable, keys_of
from .client_presented import Presented
from .errors import InvalidClient, TooManyAttempts, UnauthorizedClient
from .origin import check_origin
from .ports import Assertions, Attempts, ClientKeys, Clients
from .profile import NO_PROFILE, Profile

AUTH_METHODS = tuple(AuthMethod)

_NO_SECRET = ClientSecret(hash=digest("the secret of no client"))


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that is who it claims to be.

    ``keys`` are the thumbprints of the keys it authenticates with, all of those registered.
    ``assertion`` is what it presented, still to be spent.
    """

    client: Client
    keys: frozenset[str] = frozenset()
    assertion: Assertion | None = None


class ClientAuthenticator:
    """Authenticates clients, and lets none pass whose registration the profile forbids."""

    def __init__(
        self,
        clients: Clients,
        assertions: Assertions,
        attempts: Attempts,
        clock: Clock,
        *,
        issuer: str,
        profile: Profile = NO_PROFILE,
        client_keys: ClientKeys | None = None,
    ) -> None:
        self._clients = clients
        self._client_keys = client_keys
        self._assertions = assertions
        self._attempts = attempts
        self._clock = clock
        self._issuer = issuer
        self._profile = profile
        self._algs = profile.among(ASSERTION_ALGS)

    async def authenticate(
        self,
        presented: Presented,
        *,
        endpoint: str,
        address: str,
        origin: str | None = None,
        also: Sequence[str] = (),
    ) -> AuthenticatedClient:
        """Believe the claim, or raise InvalidClient, TooManyAttempts or UnauthorizedClient.

        ``endpoint`` is the URL called, ``address`` where the request came from and ``origin`` its
        Origin header field. An assertion is found unspent, and stays so until
        ``spend_assertion``; its ``aud`` may be the issuer, the endpoint, or one of ``also``.
        """
        self._check_method(presented)
        if presented.assertion is not None:
            others = () if self._profile.issuer_only else (endpoint, *also)
            audiences = (self._issuer, *others)
            authenticated = await self._by_assertion(presented.assertion, audiences)
        else:
            authenticated = await self._by_secret(presented, address)
        check_origin(origin, authenticated.client, self._issuer)
        if (flaw := self._profile.flaw_of(authenticated.client)) is not None:
            raise UnauthorizedClient(flaw)
        return authenticated

    async def spend_assertion(self, authenticated: AuthenticatedClient) -> None:
        """Use up the assertion, if there was one. Raises InvalidClient if another was faster."""
        assertion, client_id = authenticated.assertion, authenticated.client.client_id
        if assertion is None:
            return
        # RFC 7523 §3, rule 7: The authorization server MAY ensure that JWTs are not replayed by
        # maintaining the set of used "jti" values.
        if not await self._assertions.spend(client_id, assertion.jti, assertion.expires_at):
            raise _replayed()
        # The memory may have been lost under this request.
        self._check_memory(assertion)

    def _check_method(self, presented: Presented) -> None:
        taken = self._profile.auth_methods
        if presented.method not in taken:
            raise InvalidClient(
                f"expected the client to authenticate with {', '.join(taken)}, as the "
                f"{self._profile.title} demands here, received {presented.method}"
            )

    async def _by_secret(self, presented: Presented, address: str) -> AuthenticatedClient:
        client = await self._clients.find(presented.client_id)
        if presented.method is AuthMethod.NONE:
            return AuthenticatedClient(_usable(client, presented))
        secret_is_right = _has_secret(client, presented.secret, self._clock.now())
        # Unknown, disabled, registered for another method, wrong secret: all count and read alike.
        if client is None or not secret_is_right or not _is_usable(client, presented):
            await self._count_failure(presented.client_id, address)
            raise _failure(presented)
        return AuthenticatedClient(client)

    async def _by_assertion(
        self, unverified: UnverifiedAssertion, audiences: Sequence[str]
    ) -> AuthenticatedClient:
        assertion = client_assertion.check_claims(
            unverified,
            audiences=audiences,
            algs=self._algs,
            now=self._clock.now(),
        )
        presented = Presented(AuthMethod.PRIVATE_KEY_JWT, unverified.client_id)
        client = _usable(await self._clients.find(unverified.client_id), presented)
        if client.jwks_uri is not None and self._client_keys is not None:
            try:
                client = await self._client_keys.resolved(client, unverified.jwt)
            except KeysUnavailable as reason:
                raise InvalidClient(str(reason)) from None
        keys = keys_of(client)
        if not client_assertion.is_signed_by(unverified, keys):
            raise _failure(presented)
        client_assertion.check_alg(unverified, client.token_endpoint_auth_signing_alg)
        if await self._assertions.is_spent(client.client_id, assertion.jti):
            raise _replayed()
        self._check_memory(assertion)
        return AuthenticatedClient(client, _thumbprints(keys), assertion)

    def _check_memory(self, assertion: Assertion) -> None:
        born_at, now = self._assertions.born_at, self._clock.now()
        client_assertion.check_memory(assertion, born_at, now)

    async def _count_failure(self, client_id: str, address: str) -> None:
        # RFC 6749 §2.3.1: the authorization server MUST protect any endpoint utilizing [passwords]
        # against brute force attacks. Failures only: nobody can lock a client out.
        wait = await self._attempts.count("client_secret:" + digest(f"{client_id}\n{address}"))
        if wait:
            raise TooManyAttempts(
                f"too many wrong secrets for this client from this address; wait {wait} s",
                retry_after=wait,
            )


def _has_secret(client: Client | None, presented: str, now: float) -> bool:
    live = [
        secret
        for secret in (client.secrets if client else ())
        if secret.expires_at is None or now < secret.expires_at
    ]
    hashed = digest(presented)
    matches = [same(secret.hash, hashed) for secret in live or [_NO_SECRET]]
    return bool(live) and any(matches)


def _is_usable(client: Client, presented: Presented) -> bool:
    return client.auth_method is presented.method and not client.disabled


def _usable(client: Client | None, presented: Presented) -> Client:
    if client is None or not _is_usable(client, presented):
        raise _failure(presented)
    return client


def _thumbprints(keys: Sequence[ClientKey]) -> frozenset[str]:
    return frozenset(key.jkt for key in keys)


_WRONG = {
    AuthMethod.NONE: "or must authenticate",
    AuthMethod.CLIENT_SECRET_BASIC: "or the secret is wrong",
    AuthMethod.CLIENT_SECRET_POST: "or the secret is wrong",
    AuthMethod.PRIVATE_KEY_JWT: "or no registered key (with the header's kid) made the signature",
}


def _failure(presented: Presented) -> InvalidClient:
    # RFC 6749 §5.2: invalid_client, 401 with a WWW-Authenticate that matches the scheme used.
    return InvalidClient(
        f"received {presented.method} for client '{presented.client_id[:200]}': it is unknown, "
        f"disabled, registered for another method, {_WRONG[presented.method]}"
    )


def _replayed() -> InvalidClient:
    return InvalidClient(
        "the jti of client_assertion was used before: sign a new assertion",
        replayed="client_assertion",
    )
