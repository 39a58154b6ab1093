"""The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 9449 §10)."""

from functools import partial

from ...credentials import digest
from ..authorization_code import AuthorizationCode, fingerprint
from ..client import GrantType
from ..errors import InvalidGrant, InvalidRequest
from ..pkce import challenge_of, check_verifier
from ..ports import Codes, Database, RefreshTokens, Users
from ..token_family import TokenFamily
from .code_replay import CodeReplay
from .founding import Founder, Founding
from .grant import Authorization, GrantRequest
from .minting import Mint

_UNKNOWN = "the code is unknown, has expired, or was issued to another client"


class AuthorizationCodeGrant:
    """Redeems a code, exactly once, for the first tokens of a family."""

    grant_type = GrantType.AUTHORIZATION_CODE

    def __init__(
        self,
        codes: Codes,
        database: Database,
        users: Users,
        refresh_tokens: RefreshTokens,
        mint: Mint,
    ) -> None:
        self._codes = codes
        self._users = users
        self._replay = CodeReplay(database)
        # RFC 6749 §4.1.2: The client MUST NOT use the authorization code more than once.
        self._founder = Founder(
            database,
            refresh_tokens,
            mint,
            self._replay,
            spend=codes.spend,
            start_again="send the person to the authorization endpoint again",
        )

    async def authorize(self, request: GrantRequest) -> Authorization:
        code_hash = digest(request.parameters.require("code"))
        stored = await self._codes.find(code_hash)
        if stored is None:
            await self._replay.of_forgotten_code(code_hash, request, _could_redeem)
            raise InvalidGrant(_UNKNOWN)
        code, founding = stored.code, _founding(code_hash, stored.code, request)
        _check_match(code, request)
        if stored.spent:
            raise await self._founder.replayed(founding)
        # RFC 6749 §4.1.2: The authorization code MUST expire shortly after it is issued.
        if code.expires_at <= request.now:
            raise InvalidGrant(_UNKNOWN)
        # RFC 9449 §10: the server rejects the request if the proof's key is not that of dpop_jkt.
        request.binding.confirm(code.dpop_jkt)
        if not await self._users.is_active(code.user_id):
            raise InvalidGrant("the person who allowed this has no active account any more")
        return Authorization(
            scopes=code.scopes,
            resources=code.resources,
            requested_scope=None,
            authorization_details=code.authorization_details,
            redeem=partial(self._founder.redeem, founding),
        )


def _founding(code_hash: str, code: AuthorizationCode, request: GrantRequest) -> Founding:
    return Founding(
        code_hash=code_hash,
        user_id=code.user_id,
        scopes=code.scopes,
        resources=code.resources,
        auth_time=code.auth_time,
        acr=code.acr,
        authorization_details=code.authorization_details,
        fingerprint=code.fingerprint,
        request=request,
    )


def _check_match(code: AuthorizationCode, request: GrantRequest) -> None:
    # RFC 6749 §4.1.3: ensure that the authorization code was issued to the authenticated
    # confidential client, or if the client is public, [...] to "client_id" in the request.
    if code.client_id != request.client.client_id:
        raise InvalidGrant(_UNKNOWN)
    redirect_uri = request.parameters.get("redirect_uri")
    # RFC 6749 §4.1.3: redirect_uri REQUIRED, if the "redirect_uri" parameter was included in the
    # authorization request, and their values MUST be identical.
    if redirect_uri is None and code.redirect_uri_sent:
        raise InvalidRequest("redirect_uri is missing: the authorization request had one")
    if redirect_uri not in {None, code.redirect_uri}:
        raise InvalidGrant(
            f"expected the redirect_uri of the authorization request, '{code.redirect_uri}', "
            f"received '{redirect_uri}'"
        )
    check_verifier(request.parameters.get("code_verifier"), code.code_challenge)


def _could_redeem(request: GrantRequest, family: TokenFamily) -> bool:
    verifier = request.parameters.get("code_verifier")
    if verifier is None or family.client_id != request.client.client_id:
        return False
    redirect_uri = request.parameters.get("redirect_uri")
    # RFC 6749 §4.1.3: it may be left out if the authorization request had none, and used the one
    # that is registered. Whether it had none is forgotten; the verifier is what nobody else knows.
    candidates = request.client.redirect_uris if redirect_uri is None else (redirect_uri,)
    challenge = challenge_of(verifier)
    return family.code_fingerprint in {
        fingerprint(family.client_id, uri, challenge) for uri in candidates
    }
