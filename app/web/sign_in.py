"""The sign-in and sign-out pages."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from ..accounts.errors import WrongCredentials
from ..accounts.sessions import BrowserSessions
from ..accounts.sign_in import SignIn
from ..http import paths
from ..http.browser import Browsers, form_targets, session_cookie
from ..http.request import Pairs, client_address, read_query
from ..oauth.authorization_endpoint import AuthorizationEndpoint
from ..oauth.authorization_request_endpoint import Brought
from ..oauth.errors import InvalidRequest, TooManyAttempts
from . import csrf, return_to
from .forms import fields_of, too_many
from .pages import Pages

WRONG = 400


@dataclass(frozen=True, slots=True)
class _Form:
    """The sign-in form: what was typed, and what was wrong with it."""

    return_to: str
    email: str = ""
    problem: str | None = None
    status: int = 200

    @property
    def is_wrong(self) -> bool:
        """Whether what was typed is wrong, and not the page or the moment."""
        return self.status == WRONG


class SignInPages:
    """GET and POST /login and /logout."""

    def __init__(
        self,
        *,
        pages: Pages,
        browsers: Browsers,
        issuer: str,
        sign_in: SignIn,
        sessions: BrowserSessions,
        endpoint: AuthorizationEndpoint,
        forms: csrf.SignInForms,
    ) -> None:
        self._pages = pages
        self._browsers = browsers
        self._issuer = issuer
        self._sign_in = sign_in
        self._sessions = sessions
        self._endpoint = endpoint
        self._forms = forms
        self._cookie = session_cookie(browsers)

    async def login(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._submitted(request)
        query = dict(read_query(request))
        return await self._show(request, _Form(query.get("return_to", "")))

    async def logout(self, request: Request) -> Response:
        signed_in = await self._sessions.current(self._cookie.read(request))
        if request.method != "POST":
            token = csrf.token_of(signed_in.session) if signed_in is not None else None
            return self._pages.render("logout.html", signed_in=signed_in, csrf=token)
        csrf.check_origin(request, self._issuer)
        fields = await fields_of(request)
        if signed_in is not None:
            csrf.check_token(signed_in.session, fields.get(csrf.FIELD, ""))
            value = self._cookie.read(request)
            await self._sign_in.sign_out(signed_in, value, address=client_address(request))
        response = self._browsers.see_other(paths.LOGOUT)
        self._cookie.clear(response)
        return response

    async def _submitted(self, request: Request) -> Response:
        csrf.check_origin(request, self._issuer)
        fields = await fields_of(request)
        wanted, email = fields.get("return_to", ""), fields.get("email", "")
        try:
            self._forms.check(request, fields.get(csrf.FIELD, ""))
            value = await self._sign_in.sign_in(
                email,
                fields.get("password", ""),
                address=client_address(request),
                replacing=self._cookie.read(request),
            )
        except csrf.FormRefused:
            problem = "This page was out of date, or cookies are off. Please try again."
            return await self._show(request, _Form(wanted, email, problem, 403))
        except WrongCredentials:
            problem = "The email address or the password is wrong."
            return await self._show(request, _Form(wanted, email, problem, WRONG))
        except TooManyAttempts as error:
            return await self._too_many(request, _Form(wanted, email), error)
        response = self._browsers.see_other(return_to.after(wanted))
        self._cookie.set(response, value)
        self._forms.cookie.clear(response)
        return response

    async def _too_many(self, request: Request, form: _Form, error: TooManyAttempts) -> Response:
        shown = _Form(form.return_to, form.email, too_many(error), error.status)
        response = await self._show(request, shown)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    async def _show(self, request: Request, form: _Form) -> Response:
        value = self._forms.value(request)
        asking = await self._asking(return_to.authorization(form.return_to))
        address = asking.address if asking else None
        if asking is not None and not form.email:
            form = replace(form, email=asking.login_hint)
        response = self._pages.render(
            "login.html",
            status=form.status,
            form_targets=form_targets(address.client, address.redirect_uri) if address else (),
            form=form,
            asking=address,
            csrf=self._forms.token(value),
        )
        self._forms.cookie.set(response, value)
        return response

    async def _asking(self, pairs: Pairs | None) -> Brought | None:
        """Find the request that sent the person here. A flawed one is /authorize's to refuse."""
        if pairs is None:
            return None
        try:
            return await self._endpoint.locate(pairs)
        except InvalidRequest:
            return None
