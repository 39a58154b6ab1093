"""Renders the templates, and turns what goes wrong into a page."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from ..http import paths
from ..http.browser import Browsers
from ..management.client_url import shown_host
from ..oauth.errors import OAuthError, TemporarilyUnavailable, TooManyAttempts
from .csrf import FormRefused
from .static_files import StaticFiles

TEMPLATES = Path(__file__).parent / "templates"

_CLAIMS = frozenset({"ath", "htm", "htu", "iat", "jti"})
_FAILURES = {404: "Page not found", 405: "This is not a page"}

Handler = Callable[[Request], Awaitable[Response]]


class Pages:
    """The pages of one server."""

    def __init__(self, browsers: Browsers, issuer: str, files: StaticFiles) -> None:
        self._browsers = browsers
        self._env = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.filters["shown_host"] = shown_host
        self._env.filters["sentence"] = _sentence
        self._env.globals.update(issuer=issuer, paths=paths, static=files.url)

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        form_targets: Sequence[str] = (),
        **context: object,
    ) -> Response:
        """Answer with the template, filled in."""
        html = self._env.get_template(template).render(context)
        return self._browsers.page(html, status=status, form_targets=form_targets)

    def refusal(self, error: OAuthError) -> Response:
        """Show an authorization request's error to the person, who can but tell its sender."""
        return self._problem("refusal.html", error)

    def problem(self, error: OAuthError) -> Response:
        """Show that one of our own pages could not do what was asked."""
        return self._problem("problem.html", error)

    def failure(self, _: Request, status: int, sentence: str) -> Response:
        """Say that there is no page for a request."""
        return self.render(
            "failure.html",
            status=status,
            title=_FAILURES.get(status, "That did not work"),
            sentence=_sentence(sentence),
        )

    def guard(self, handler: Handler) -> Handler:
        """Wrap a handler so that what it raises is shown as a page."""

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except FormRefused:
                return self.render("form_refused.html", status=403)
            except OAuthError as error:
                return self.problem(error)

        return guarded

    def _problem(self, template: str, error: OAuthError) -> Response:
        response = self.render(template, status=error.status, error=error)
        if isinstance(error, TemporarilyUnavailable | TooManyAttempts):
            response.headers["Retry-After"] = str(error.retry_after)
        return response


def _sentence(text: str) -> str:
    """Make a sentence of an error's description; the name of a claim stays as it is."""
    is_name = text.partition(" ")[0] in _CLAIMS
    return (text if is_name else text[:1].upper() + text[1:]) + "."
