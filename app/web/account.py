"""The account page: which clients the person allowed what, and taking it back."""

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ..accounts.permissions import Permission, Permissions
from ..accounts.sessions import BrowserSessions
from ..http import paths
from ..http.browser import Browsers, session_cookie
from ..http.request import client_address
from ..oauth.details_endpoint import DetailsReader
from . import csrf, details
from .forms import fields_of
from .pages import Pages


class AccountPages:
    """GET and POST /account."""

    def __init__(
        self,
        *,
        pages: Pages,
        browsers: Browsers,
        issuer: str,
        sessions: BrowserSessions,
        permissions: Permissions,
        details: DetailsReader,
    ) -> None:
        self._pages = pages
        self._browsers = browsers
        self._issuer = issuer
        self._sessions = sessions
        self._permissions = permissions
        self._details = details
        self._cookie = session_cookie(browsers)

    async def account(self, request: Request) -> Response:
        signed_in = await self._sessions.current(self._cookie.read(request))
        if signed_in is None:
            back = urlencode({"return_to": paths.ACCOUNT})
            return self._browsers.see_other(f"{paths.LOGIN}?{back}")
        if request.method == "POST":
            csrf.check_origin(request, self._issuer)
            fields = await fields_of(request)
            csrf.check_token(signed_in.session, fields.get(csrf.FIELD, ""))
            await self._permissions.revoke(
                signed_in.user.user_id,
                fields.get("client_id", ""),
                address=client_address(request),
            )
            return self._browsers.see_other(paths.ACCOUNT)
        permissions = await self._permissions.list(signed_in.user.user_id)
        return self._pages.render(
            "account.html",
            user=signed_in.user,
            permissions=permissions,
            details={each.consent.client_id: await self._shown(each) for each in permissions},
            csrf=csrf.token_of(signed_in.session),
        )

    async def _shown(self, permission: Permission) -> Sequence[details.Shown]:
        allowed = permission.consent.authorization_details
        return details.shown(allowed, await self._details.types_of(allowed))
