"""The rules of RFC 9700, Best Current Practice for OAuth 2.0 Security, for this server."""

from urllib.parse import urlsplit

from ...oauth.client import ApplicationType, AuthMethod, Client
from . import transport
from .facts import Facts
from .rule import Finding, Judge, Rule, Verdict, advice, always, kept, of_clients

_DAYS = 86400
_LONG_FAMILY = 400 * _DAYS


def _is_encrypted(client: Client) -> bool:
    is_native = client.application_type is ApplicationType.NATIVE
    return is_native or not any(urlsplit(uri).scheme == "http" for uri in client.redirect_uris)


def _is_no_person(client: Client) -> bool:
    return not client.client_id.startswith("usr_")


def _refresh_tokens_end(facts: Facts) -> Finding:
    days = facts.refresh_token_lifetime / _DAYS
    said = f"HOLDFAST_REFRESH_TOKEN_LIFETIME: {days:.0f} days from sign-in"
    if facts.refresh_token_lifetime > _LONG_FAMILY:
        return advice(f"{said}, for over a year nobody has to sign in; consider less")
    return kept(said)


def _rule(section: str, says: str, judge: Judge | str) -> Rule:
    return Rule(f"RFC 9700 {section}", says, always(judge) if isinstance(judge, str) else judge)


BCP_RULES = (
    _rule("2.1", "redirect URIs match exactly", "but for the port of native clients on loopback"),
    _rule("2.1", "no open redirectors", "nothing redirects to what was not registered"),
    _rule("2.1", "requests cannot be forged", "PKCE is required"),
    _rule("2.1", "mix-up defence", "iss in every authorization answer (RFC 9207)"),
    _rule("2.1.1", "PKCE", "required of every client, S256 only"),
    _rule("2.1.2", "no tokens in authorization answers", "response_type is code"),
    _rule(
        "2.2.1",
        "access tokens are bound to their sender",
        of_clients(
            lambda client: client.dpop_bound_access_tokens,
            "may have tokens that work for whoever steals them; "
            "run holdfast client update --no-bearer",
            Verdict.ADVICE,
        ),
    ),
    _rule(
        "2.2.2",
        "refresh tokens of public clients are bound or rotated",
        "both: to the key, and rotated unless a client is registered otherwise",
    ),
    _rule("2.3", "access tokens are for one audience", "the resource asked for (RFC 8707)"),
    _rule("2.4", "no password grant", "there is none"),
    _rule(
        "2.5",
        "clients authenticate by public-key cryptography",
        of_clients(
            lambda client: client.auth_method in {AuthMethod.NONE, AuthMethod.PRIVATE_KEY_JWT},
            "authenticates with a secret; private_key_jwt leaves nothing to steal on the way",
            Verdict.ADVICE,
        ),
    ),
    _rule("2.6", "metadata is published", "made from what is served (RFC 8414)"),
    _rule(
        "2.6",
        "authorization answers are encrypted on the way",
        of_clients(
            _is_encrypted, "http redirect URIs are for development only; use https", Verdict.ADVICE
        ),
    ),
    _rule("2.6", "TLS from end to end", transport.https_issuer),
    _rule("2.6", "TLS answers at the issuer", transport.tls_version),
    _rule("2.6", "browsers stay with https", transport.no_stripping),
    _rule("4.2.4", "answers leak by no Referer", "pages send Referrer-Policy: no-referrer"),
    _rule("4.5", "codes work once, for their client and verifier", "and a replay revokes"),
    _rule("4.12", "303 redirects, never 307", "every redirect"),
    _rule("4.13", "client addresses come from trusted proxies only", transport.trusted_proxies),
    _rule("4.14.2", "refresh tokens end", _refresh_tokens_end),
    _rule(
        "4.15",
        "no client can be taken for a person",
        of_clients(_is_no_person, "its client_id looks like a person's sub; register another"),
    ),
    _rule("4.16", "pages cannot be framed", "Content-Security-Policy: frame-ancestors 'none'"),
)
