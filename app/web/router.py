"""Every page and where it is."""

from fastapi import APIRouter

from ..accounts.permissions import Permissions
from ..accounts.sessions import BrowserSessions
from ..accounts.sign_in import SignIn
from ..http import paths
from ..http.browser import Browsers
from ..oauth.authorization_endpoint import AuthorizationEndpoint
from ..oauth.details_endpoint import DetailsReader
from .account import AccountPages
from .consent import ConsentPages
from .csrf import SignInForms
from .pages import Pages
from .public import PublicPages
from .sign_in import SignInPages
from .static_files import StaticFiles


def router(
    *,
    pages: Pages,
    files: StaticFiles,
    browsers: Browsers,
    issuer: str,
    sign_in: SignIn,
    sessions: BrowserSessions,
    permissions: Permissions,
    details: DetailsReader,
    endpoint: AuthorizationEndpoint,
    form_secret: bytes,
    inspects: bool,
) -> APIRouter:
    """Serve the pages. ``form_secret`` signs the sign-in form, alike on every replica.

    ``inspects``: whether the proof inspector is there to lead to.
    """
    forms = SignInForms(form_secret, browsers)
    signing_in = SignInPages(
        pages=pages,
        browsers=browsers,
        issuer=issuer,
        sign_in=sign_in,
        sessions=sessions,
        endpoint=endpoint,
        forms=forms,
    )
    consenting = ConsentPages(
        pages=pages, browsers=browsers, issuer=issuer, sessions=sessions, endpoint=endpoint
    )
    account = AccountPages(
        pages=pages,
        browsers=browsers,
        issuer=issuer,
        sessions=sessions,
        permissions=permissions,
        details=details,
    )
    public = PublicPages(pages, inspects=inspects)
    api = APIRouter()
    for path, handler in (
        (paths.LOGIN, signing_in.login),
        (paths.LOGOUT, signing_in.logout),
        (paths.CONSENT, consenting.consent),
        (paths.ACCOUNT, account.account),
    ):
        api.add_route(path, pages.guard(handler), methods=["GET", "POST"])
    api.add_route("/", public.start, methods=["GET"])
    api.add_route(paths.ERRORS, public.errors, methods=["GET"])
    api.add_route(paths.ERRORS + "/{check}", public.error, methods=["GET"])
    api.add_route(paths.STATIC + "/{name}", files.serve, methods=["GET"])
    return api
