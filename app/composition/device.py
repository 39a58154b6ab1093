"""Devices without a browser: where they ask for their codes, and the page for their people."""

from ..http import paths
from ..oauth.client_auth import AUTH_METHODS
from ..oauth.device.authorization_endpoint import DeviceAuthorizationEndpoint
from ..oauth.device.verification_endpoint import DeviceVerificationEndpoint
from ..routes import device_authorization
from ..web import device as web
from ..web.device import DevicePages
from .browsing import Browsing
from .feature import Feature
from .services import Services


def device(services: Services, browsing: Browsing) -> Feature:
    """Build the endpoint and the page."""
    pages = DevicePages(
        pages=browsing.pages,
        browsers=browsing.browsers,
        issuer=services.issuer,
        sessions=browsing.sessions,
        endpoint=_verification(services),
    )
    return Feature(
        routers=(
            device_authorization.router(
                _authorization(services),
                services.admission,
                uri=services.uri(paths.DEVICE_AUTHORIZATION),
                algs=services.dpop_algs,
            ),
            web.router(browsing.pages, pages),
        ),
        # RFC 8628 §4.
        endpoints={"device_authorization_endpoint": paths.DEVICE_AUTHORIZATION},
    )


def _authorization(services: Services) -> DeviceAuthorizationEndpoint:
    settings = services.settings
    return DeviceAuthorizationEndpoint(
        services.door(paths.DEVICE_AUTHORIZATION, AUTH_METHODS),
        services.state.device_codes,
        services.resources,
        services.details,
        verification_uri=services.uri(paths.DEVICE),
        lifetime=settings.device_code_lifetime,
        interval=settings.device_poll_interval,
        default_audience=settings.audience,
    )


def _verification(services: Services) -> DeviceVerificationEndpoint:
    database = services.database
    return DeviceVerificationEndpoint(
        device_codes=services.state.device_codes,
        clients=services.client_sources.clients,
        resources=services.resources,
        details=services.details,
        database=database,
        attempts=services.state.attempts,
        audit=services.audit,
        clock=services.clock,
    )
