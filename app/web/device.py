"""The page where a person types the code of a device, and answers it (RFC 8628 §3.3)."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ..accounts.sessions import BrowserSessions, SignedIn
from ..http import paths
from ..http.browser import Browsers, session_cookie
from ..http.request import client_address, read_query
from ..oauth.device import codes
from ..oauth.device.verification_endpoint import DeviceVerificationEndpoint, WaitingDevice
from ..oauth.errors import InvalidRequest, TooManyAttempts
from . import csrf, details
from .forms import fields_of, too_many
from .pages import Pages

WRONG = 400
MAX_TYPED = 32
_GONE = "This code is wrong, has expired, or was answered already. Look at your device again."


class DevicePages:
    """GET and POST /device."""

    def __init__(
        self,
        *,
        pages: Pages,
        browsers: Browsers,
        issuer: str,
        sessions: BrowserSessions,
        endpoint: DeviceVerificationEndpoint,
    ) -> None:
        self._pages = pages
        self._browsers = browsers
        self._issuer = issuer
        self._sessions = sessions
        self._endpoint = endpoint
        self._cookie = session_cookie(browsers)

    async def device(self, request: Request) -> Response:
        signed_in = await self._sessions.current(self._cookie.read(request))
        if request.method == "POST":
            csrf.check_origin(request, self._issuer)
            fields = await fields_of(request)
        else:
            fields = dict(read_query(request))
        typed = fields.get("user_code", "")[:MAX_TYPED]
        # RFC 8628 §5.1: guesses are counted by account, so there must be one first.
        if signed_in is None:
            back = urlencode({"return_to": _here(typed)})
            return self._browsers.see_other(f"{paths.LOGIN}?{back}")
        # RFC 8628 §3.3.1: the code of verification_uri_complete is filled in, and still is to be
        # compared and confirmed. Nothing is looked up for a link alone.
        if request.method != "POST":
            return self._enter(signed_in, typed)
        token, address = fields.get(csrf.FIELD, ""), client_address(request)
        if "decision" in fields:
            return await self._decided(signed_in, typed, token, fields["decision"], address)
        csrf.check_token(signed_in.session, token)
        return await self._look_up(signed_in, typed, address)

    async def _look_up(self, signed_in: SignedIn, typed: str, address: str) -> Response:
        try:
            waiting = await self._endpoint.look_up(typed, signed_in.person, address)
        except TooManyAttempts as error:
            response = self._enter(signed_in, typed, too_many(error), error.status)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        if waiting is None:
            return self._enter(signed_in, typed, _GONE, WRONG)
        return self._confirm(signed_in, waiting)

    async def _decided(
        self, signed_in: SignedIn, user_code: str, token: str, decision: str, address: str
    ) -> Response:
        # The token is of a page that showed this code, so nobody guesses here uncounted.
        csrf.check_token(signed_in.session, token, user_code)
        answers = {"approve": self._endpoint.approve, "deny": self._endpoint.deny}
        if decision not in answers:
            raise InvalidRequest("the form says neither approve nor deny")
        waiting = await answers[decision](user_code, signed_in.person, address)
        if waiting is None:
            return self._enter(signed_in, "", _GONE, WRONG)
        allowed = decision == "approve"
        return self._pages.render("device_done.html", client=waiting.client, allowed=allowed)

    def _enter(
        self, signed_in: SignedIn, typed: str, problem: str | None = None, status: int = 200
    ) -> Response:
        return self._pages.render(
            "device.html",
            status=status,
            user=signed_in.user,
            typed=codes.normalised(typed) or typed,
            problem=problem,
            is_wrong=status == WRONG,
            here=_here(typed),
            csrf=csrf.token_of(signed_in.session),
        )

    def _confirm(self, signed_in: SignedIn, waiting: WaitingDevice) -> Response:
        # RFC 8628 §5.4: the authorization server SHOULD display information about the device, and
        # have the user confirm that it is theirs and that its code is the one shown.
        return self._pages.render(
            "device_confirm.html",
            user=signed_in.user,
            client=waiting.client,
            user_code=waiting.user_code,
            scopes=sorted(waiting.request.scopes),
            resources=waiting.resources,
            details=details.shown(waiting.request.authorization_details, waiting.details_types),
            here=_here(waiting.user_code),
            csrf=csrf.token_of(signed_in.session, waiting.user_code),
        )


def _here(typed: str) -> str:
    """Return this page's path, with the code if it may be one."""
    user_code = codes.normalised(typed)
    return f"{paths.DEVICE}?{urlencode({'user_code': user_code})}" if user_code else paths.DEVICE


def router(pages: Pages, device: DevicePages) -> APIRouter:
    """Serve the page."""
    api = APIRouter()
    api.add_route(paths.DEVICE, pages.guard(device.device), methods=["GET", "POST"])
    return api
