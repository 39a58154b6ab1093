"""Forms that only our own pages can send.

A form of someone signed in carries a token made from the session's secret. Before sign-in there is
no session: the sign-in form carries a token made from a random cookie and the server's secret, so
that nobody can sign a browser in to an account of theirs. Both stand beside what browsers tell of a
request's origin.
"""

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

from ..credentials import b64url, same
from ..http.browser import Browsers
from ..state.session import Session

FIELD = "csrf"
MAX_COOKIE = 64


class FormRefused(Exception):
    """The form does not come from a page of this server, or from one that is out of date."""


def token_of(session: Session, about: str = "") -> str:
    """Return the token that the session's forms carry.

    With ``about``, that of a form about this very thing, which was shown to the person.
    """
    return _mac(session.csrf.encode(), f"form\n{about}" if about else "form")


def check_token(session: Session, presented: str, about: str = "") -> None:
    """Raise FormRefused unless the form is one of this session, and about this."""
    if not same(token_of(session, about), presented):
        raise FormRefused


def check_origin(request: Request, issuer: str) -> None:
    """Raise FormRefused if the browser says that another site sent the form."""
    site = request.headers.get("sec-fetch-site")
    # W3C Fetch Metadata §2.4: "none" is a request that the person made herself.
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise FormRefused
        return
    origin = request.headers.get("origin", "null")
    parts = urlsplit(issuer)
    # Under our own Referrer-Policy browsers send "null": then the token alone decides.
    if origin not in {"null", f"{parts.scheme}://{parts.netloc}"}:
        raise FormRefused


class SignInForms:
    """Tokens of the sign-in form. ``secret`` is the same on every replica."""

    def __init__(self, secret: bytes, browsers: Browsers) -> None:
        self._secret = secret
        self.cookie = browsers.cookie("holdfast_sign_in")

    def value(self, request: Request) -> str:
        """Return the browser's cookie value, or a new one."""
        value = self.cookie.read(request)
        is_ours = value is not None and value.isascii() and len(value) <= MAX_COOKIE
        return value if value and is_ours else b64url(secrets.token_bytes(32))

    def token(self, value: str) -> str:
        """Return the token that goes with the cookie value."""
        return _mac(self._secret, f"sign-in\n{value}")

    def check(self, request: Request, presented: str) -> None:
        """Raise FormRefused unless the form and the cookie belong together."""
        value = self.cookie.read(request)
        if value is None or not same(self.token(value), presented):
            raise FormRefused


def _mac(key: bytes, message: str) -> str:
    return b64url(hmac.digest(key, message.encode(), hashlib.sha256))
