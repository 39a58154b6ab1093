"""The consent page: what a client asks for, and the person's answer."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from ..accounts.sessions import BrowserSessions, SignedIn
from ..http.browser import Browsers, form_targets, session_cookie
from ..http.request import client_address, read_query
from ..oauth.authorization import ReturnAddress
from ..oauth.authorization_endpoint import AuthorizationEndpoint, Interaction
from ..oauth.errors import InvalidRequest
from ..oauth.interaction import Step
from ..oauth.redirect_uri import LOOPBACK_HOSTS
from . import csrf, details
from .forms import fields_of
from .pages import Pages


class ConsentPages:
    """GET and POST /consent, with the authorization request in the query."""

    def __init__(
        self,
        *,
        pages: Pages,
        browsers: Browsers,
        issuer: str,
        sessions: BrowserSessions,
        endpoint: AuthorizationEndpoint,
    ) -> None:
        self._pages = pages
        self._browsers = browsers
        self._issuer = issuer
        self._sessions = sessions
        self._endpoint = endpoint
        self._cookie = session_cookie(browsers)

    async def consent(self, request: Request) -> Response:
        signed_in = await self._sessions.current(self._cookie.read(request))
        if request.method == "POST" and signed_in is not None:
            return await self._decided(request, signed_in)
        person = signed_in.person if signed_in is not None else None
        outcome = await self._endpoint.review(read_query(request), person)
        if signed_in is None or not isinstance(outcome, Interaction):
            return self._browsers.follow(outcome)
        if outcome.step is not Step.CONSENT:
            return self._browsers.follow(outcome)
        return self._ask(outcome, signed_in)

    async def _decided(self, request: Request, signed_in: SignedIn) -> Response:
        csrf.check_origin(request, self._issuer)
        fields = await fields_of(request)
        csrf.check_token(signed_in.session, fields.get(csrf.FIELD, ""))
        answers = {"approve": self._endpoint.approve, "deny": self._endpoint.deny}
        answer = answers.get(fields.get("decision", ""))
        if answer is None:
            raise InvalidRequest("the form says neither approve nor deny")
        address = client_address(request)
        outcome = await answer(read_query(request), signed_in.person, address)
        return self._browsers.follow(outcome)

    def _ask(self, asked: Interaction, signed_in: SignedIn) -> Response:
        address = asked.request.address
        return self._pages.render(
            "consent.html",
            form_targets=form_targets(address.client, address.redirect_uri),
            client=address.client,
            scopes=sorted(asked.request.scopes),
            resources=asked.resources,
            details=details.shown(asked.request.authorization_details, asked.details_types),
            destination=_destination(address),
            user=signed_in.user,
            query=asked.query,
            csrf=csrf.token_of(signed_in.session),
        )


def _destination(address: ReturnAddress) -> str | None:
    """Name the host the answer goes to; None for an app on the person's own device."""
    parts = urlsplit(address.redirect_uri)
    if parts.scheme not in {"http", "https"} or parts.hostname in LOOPBACK_HOSTS:
        return None
    return parts.netloc
