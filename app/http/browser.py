"""What browsers get: pages with their security header fields, redirects, cookies."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..oauth import redirect_uri
from ..oauth.authorization_endpoint import Answer, Outcome
from ..oauth.client import Client
from ..oauth.description import describe
from ..oauth.interaction import Step
from . import paths
from .render import NO_STORE

MAX_DESCRIPTION = 500

_FEATURES = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")

# No Cross-Origin-Opener-Policy: it would cut the tie to a client that opened us in a pop-up.
_ALWAYS = {
    **NO_STORE,
    "X-Content-Type-Options": "nosniff",
    # Our addresses hold authorization requests, the client's hold codes.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    # RFC 6749 §10.13: the authorization server can prevent iframes on the client side.
    "X-Frame-Options": "DENY",
}
_HSTS = {"Strict-Transport-Security": "max-age=31536000"}


@dataclass(frozen=True, slots=True)
class Browsers:
    """Writes answers to browsers. ``secure``: they reach the server by https."""

    secure: bool

    def page(
        self, html: str, *, status: int = 200, form_targets: Sequence[str] = ()
    ) -> HTMLResponse:
        """Answer with a page whose forms lead to this server and on to ``form_targets``."""
        policy = _policy(form_targets)
        return HTMLResponse(html, status, self._headers() | {"Content-Security-Policy": policy})

    def see_other(self, location: str) -> Response:
        """Redirect, to be followed with GET whatever the request was (RFC 9700 §4.12)."""
        return Response(status_code=303, headers=self._headers() | {"Location": location})

    def answer_client(self, answer: Answer) -> Response:
        """Send the browser back to the client (RFC 6749 §4.1.2, §4.1.2.1)."""
        parameters = dict(answer.parameters)
        if "error_description" in parameters:
            described = describe(parameters["error_description"])
            parameters["error_description"] = described[:MAX_DESCRIPTION]
        return self.see_other(redirect_uri.with_parameters(answer.redirect_uri, parameters))

    def follow(self, outcome: Outcome) -> Response:
        """Send the browser where an authorization request leads to."""
        if isinstance(outcome, Answer):
            return self.answer_client(outcome)
        if outcome.step is Step.CONSENT:
            return self.see_other(f"{paths.CONSENT}?{outcome.query}")
        back = urlencode({"return_to": f"{paths.AUTHORIZE}?{outcome.query}"})
        return self.see_other(f"{paths.LOGIN}?{back}")

    def cookie(self, name: str) -> "Cookie":
        """Name a cookie that only this host sets, where browsers can make sure of that."""
        return Cookie(f"__Host-{name}" if self.secure else name, secure=self.secure)

    def _headers(self) -> dict[str, str]:
        return _ALWAYS | (_HSTS if self.secure else {})


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that scripts cannot read and that lasts until the browser closes."""

    name: str
    secure: bool

    def read(self, request: Request) -> str | None:
        return request.cookies.get(self.name)

    def set(self, response: Response, value: str) -> None:
        response.set_cookie(
            self.name, value, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        response.delete_cookie(
            self.name, path="/", secure=self.secure, httponly=True, samesite="lax"
        )


def session_cookie(browsers: Browsers) -> Cookie:
    """Return the cookie that says who is signed in."""
    return browsers.cookie("holdfast_session")


def _policy(form_targets: Sequence[str]) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            " ".join(("form-action 'self'", *form_targets)),
        )
    )


def form_targets(client: Client, chosen: str) -> tuple[str, ...]:
    """Return the CSP sources that a form may lead on to, by way of ``chosen``.

    Browsers hold form-action against every redirect that follows a form, the client's own to its
    next page included: so all origins that the client registered are there.
    """
    sources = (_source(uri) for uri in (chosen, *client.redirect_uris, *client.allowed_origins))
    return tuple(dict.fromkeys(sources))


def _source(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"}:
        return f"{parts.scheme}:"
    # CSP3 §2.3.1: the grammar of a host-source has no place for an IPv6 address.
    return f"{parts.scheme}:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
