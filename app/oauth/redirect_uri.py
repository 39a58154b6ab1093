"""Redirect URIs: what may be registered, what matches, and adding an answer to one.

RFC 6749 §3.1.2, RFC 8252 §7 and §8, RFC 9700 §4.1.
"""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from .client import ApplicationType, Client
from .errors import InvalidRedirectUri, InvalidRequest

MAX_LENGTH = 2048
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
ANSWER_PARAMETERS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})

_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
)
# RFC 1123 §2.1: letters, digits and hyphens; or an IPv6 address.
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_LOOPBACK = re.compile(
    r"(?P<host>http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<rest>[/?].*)?"
)


def check_registration(uri: str, application_type: ApplicationType) -> None:
    """Raise InvalidRedirectUri, saying why, unless a client of this type may register ``uri``."""
    if len(uri) > MAX_LENGTH:
        raise InvalidRedirectUri(f"a redirect URI has at most {MAX_LENGTH} characters")
    # RFC 6749 §3.1.2: The redirection endpoint URI MUST be an absolute URI.
    if not _URI.fullmatch(uri):
        raise InvalidRedirectUri(
            f"'{uri}' is not an absolute URI in the characters of RFC 3986, "
            "like https://client.example/callback"
        )
    # RFC 6749 §3.1.2: The endpoint URI MUST NOT include a fragment component.
    if "#" in uri:
        raise InvalidRedirectUri(f"'{uri}' has a fragment; remove '#' and what follows")
    # RFC 9700 §4.1.3: exact string matching; a pattern would never match.
    if "*" in uri:
        raise InvalidRedirectUri(f"'{uri}' has a wildcard; register each redirect URI in full")
    parts = _split(uri)
    _check_scheme(uri, parts, application_type)
    taken = ANSWER_PARAMETERS & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    # RFC 6749 §3.1: Request and response parameters MUST NOT be included more than once.
    if taken:
        raise InvalidRedirectUri(
            f"'{uri}' has the query parameter '{min(taken)}', which the answer adds; rename it"
        )


def _split(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise InvalidRedirectUri(f"'{uri}' has an invalid host or port") from error
    # RFC 3986 §3.2.1: userinfo is deprecated, and misleads readers about the host.
    if "@" in parts.netloc:
        raise InvalidRedirectUri(f"'{uri}' has a user name before the host; remove it")
    return parts


def _check_scheme(uri: str, parts: SplitResult, application_type: ApplicationType) -> None:
    is_native = application_type is ApplicationType.NATIVE
    if parts.scheme in {"https", "http"} and not _HOST.fullmatch(parts.hostname or ""):
        raise InvalidRedirectUri(f"'{uri}' has no host name like client.example")
    if parts.scheme == "https":
        return
    if parts.scheme == "http":
        # RFC 9700 §2.6: http is for native clients on the loopback interface only.
        if not is_native or parts.hostname not in LOOPBACK_HOSTS:
            raise InvalidRedirectUri(
                f"'{uri}' must use https; http is for native clients on 127.0.0.1, [::1] or "
                "localhost"
            )
        return
    # RFC 8252 §7.1: apps MUST use a URI scheme based on a domain name under their control,
    # expressed in reverse order. At a minimum, one without a period SHOULD be rejected (§8.4).
    if not is_native or "." not in parts.scheme:
        raise InvalidRedirectUri(
            f"'{uri}' must use https, or in a native client a private scheme with a dot, like "
            "com.example.app:/callback"
        )


def matches(registered: str, requested: str, application_type: ApplicationType) -> bool:
    """Tell whether a requested redirect URI is a registered one."""
    # RFC 9700 §2.1: exact string matching, except for port numbers in localhost redirection URIs
    # of native apps. RFC 8252 §7.3: MUST allow any port to be specified at the time of the request.
    if registered == requested:
        return True
    if application_type is not ApplicationType.NATIVE:
        return False
    ours, theirs = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(requested)
    if ours is None or theirs is None or int(theirs["port"] or 0) > 65535:  # noqa: PLR2004 - the highest TCP port
        return False
    return ours["host"] == theirs["host"] and ours["rest"] == theirs["rest"]


def choose(client: Client, requested: str | None) -> str:
    """Return the redirect URI of a request, or raise InvalidRequest.

    The error must not be redirected: there is no address yet that can be trusted with it.
    """
    registered = client.redirect_uris
    if requested is None:
        # RFC 6749 §3.1.2.3: If multiple redirection URIs have been registered, [...] the client
        # MUST include a redirection URI with the authorization request.
        if len(registered) != 1:
            raise InvalidRequest(
                f"redirect_uri is missing, and the client has {len(registered)} of them registered"
            )
        return registered[0]
    # RFC 6749 §3.1.2.4: an invalid redirection URI: MUST NOT automatically redirect to it.
    if not any(matches(uri, requested, client.application_type) for uri in registered):
        raise InvalidRequest(
            f"redirect_uri is '{requested}', which is not registered for this client; "
            "it must equal a registered one, character by character"
        )
    return requested


def is_claimable(uri: str) -> bool:
    """Whether another app on the device could receive what is sent there (RFC 8252 §8.6)."""
    return not uri.startswith("https:")


def with_parameters(uri: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to a redirect URI's query."""
    # RFC 6749 §3.1.2: The query component [...] MUST be retained when adding additional query
    # parameters.
    separator = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return uri + separator + urlencode(parameters)
