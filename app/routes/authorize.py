"""GET and POST /authorize (RFC 6749 §3.1). The pages it leads to are web's."""

from collections.abc import Callable
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..accounts.sessions import BrowserSessions
from ..http import paths
from ..http.browser import Browsers, session_cookie
from ..http.request import read_form, read_query
from ..oauth.authorization_endpoint import AuthorizationEndpoint
from ..oauth.errors import InvalidRequest, OAuthError

MAX_QUERY = 16 * 1024

RefusalPage = Callable[[OAuthError], Response]


def router(
    endpoint: AuthorizationEndpoint,
    sessions: BrowserSessions,
    browsers: Browsers,
    refusal_page: RefusalPage,
) -> APIRouter:
    """Serve the authorization endpoint.

    ``refusal_page`` shows the errors that no redirect URI can be trusted with.
    """
    api = APIRouter()
    cookie = session_cookie(browsers)

    async def answer(request: Request) -> Response:
        # RFC 6749 §3.1: MUST support the use of the HTTP "GET" method; MAY support the use of the
        # "POST" method as well. A POST comes from another site, so without our SameSite=Lax
        # cookie; the GET that follows brings it.
        if request.method == "POST":
            return browsers.see_other(f"{paths.AUTHORIZE}?{_query(await read_form(request))}")
        signed_in = await sessions.current(cookie.read(request))
        person = signed_in.person if signed_in is not None else None
        return browsers.follow(await endpoint.authorize(read_query(request), person))

    async def authorize(request: Request) -> Response:
        try:
            return await answer(request)
        except OAuthError as error:
            return refusal_page(error)

    api.add_route(paths.AUTHORIZE, authorize, methods=["GET", "POST"])
    return api


def _query(pairs: list[tuple[str, str]]) -> str:
    query = urlencode(pairs)
    if len(query) > MAX_QUERY:
        raise InvalidRequest(f"the request is longer than {MAX_QUERY // 1024} KiB")
    return query
