"""Where people sign in and give consent: /par, /authorize and the pages."""

from ..accounts.passwords import Passwords
from ..accounts.permissions import Permissions
from ..accounts.sign_in import SignIn
from ..http import paths
from ..oauth.authorization_endpoint import AuthorizationEndpoint
from ..oauth.authorization_request_endpoint import RequestReader
from ..oauth.pushed_authorization_endpoint import PushedAuthorizationEndpoint
from ..routes import authorize, par
from ..tokens.derivation import OPENED_REQUESTS, SIGN_IN_FORMS, derive
from ..web import router as web
from .browsing import Browsing
from .feature import Feature
from .services import Services


def signing_in(services: Services, browsing: Browsing, passwords: Passwords) -> Feature:
    """Build the endpoints and the pages."""
    database, endpoint = services.database, _authorization(services)
    pushing = _pushing(services)
    return Feature(
        routers=(
            par.router(
                pushing,
                services.admission,
                uri=services.uri(paths.PAR),
                algs=services.dpop_algs,
            ),
            authorize.router(
                endpoint, browsing.sessions, browsing.browsers, browsing.pages.refusal
            ),
            web.router(
                pages=browsing.pages,
                files=browsing.files,
                browsers=browsing.browsers,
                issuer=services.issuer,
                sign_in=_sign_in(services, browsing, passwords),
                sessions=browsing.sessions,
                details=services.details,
                permissions=Permissions(
                    database=database, clients=services.client_sources.known, clock=services.clock
                ),
                endpoint=endpoint,
                form_secret=derive(SIGN_IN_FORMS, services.parts.secret.current, None)[0],
                inspects=services.settings.serves_explorer,
            ),
        ),
        endpoints={
            "authorization_endpoint": paths.AUTHORIZE,
            "pushed_authorization_request_endpoint": paths.PAR,
        },
        metadata={"require_pushed_authorization_requests": services.settings.require_par},
    )


def _sign_in(services: Services, browsing: Browsing, passwords: Passwords) -> SignIn:
    return SignIn(
        database=services.database,
        passwords=passwords,
        sessions=browsing.sessions,
        attempts=services.state.attempts,
        audit=services.audit,
        clock=services.clock,
    )


def _pushing(services: Services) -> PushedAuthorizationEndpoint:
    return PushedAuthorizationEndpoint(
        services.authenticator,
        services.request_checks,
        services.state.pushed_requests,
        services.audit,
        services.clock,
        issuer=services.issuer,
        uri=services.uri(paths.PAR),
        token_uri=services.uri(paths.TOKEN),
        lifetime=services.settings.par_lifetime,
    )


def _authorization(services: Services) -> AuthorizationEndpoint:
    settings = services.settings
    requests = RequestReader(
        issuer=services.issuer,
        clients=services.client_sources.clients,
        pushed_requests=services.state.pushed_requests,
        checks=services.request_checks,
        clock=services.clock,
        secret=derive(OPENED_REQUESTS, services.parts.secret.current, None)[0],
        require_par=settings.require_par,
        profile=services.profile,
    )
    return AuthorizationEndpoint(
        issuer=services.issuer,
        requests=requests,
        codes=services.state.codes,
        database=services.database,
        audit=services.audit,
        clock=services.clock,
        code_lifetime=settings.code_lifetime,
    )
