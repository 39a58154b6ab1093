"""The guard for proxies: APIs in any language, guarded without code of theirs."""

from collections.abc import Collection
from ipaddress import ip_network

from ..guard import Guard
from ..guard.forwarded import ForwardAuth
from ..http import paths
from ..routes import forward_auth as route
from .feature import Feature
from .guarding import living_tokens
from .services import Services


def forward_auth(services: Services) -> Feature:
    """Build the endpoint, if any proxy is trusted."""
    settings = services.settings
    secret = settings.forward_auth_secret
    if not settings.forward_auth_proxies and secret is None:
        return Feature(())
    trusted = route.TrustedProxies(
        [ip_network(each) for each in settings.forward_auth_proxies],
        None if secret is None else secret.get_secret_value(),
    )
    tokens = living_tokens(services)

    def guard_of(base_url: str, audience: Collection[str]) -> Guard:
        return Guard(
            tokens,
            services.admission,
            services.clock,
            base_url=base_url,
            audience=audience,
            algs=settings.dpop_algs,
            error_pages=services.uri(paths.ERRORS),
        )

    return Feature((route.router(ForwardAuth(services.database.resources, guard_of), trusted),))
