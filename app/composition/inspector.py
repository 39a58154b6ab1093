"""The proof inspector's page."""

from ..dpop.inquiry import Rules
from ..http import paths
from ..web import inspector as web
from ..web.inspector import InspectorPage
from .browsing import Browsing
from .feature import Feature
from .services import Services


def inspector(services: Services, browsing: Browsing) -> Feature:
    """Build the page, if it is wanted."""
    settings = services.settings
    if not settings.serves_explorer:
        return Feature(())
    rules = Rules(
        issuer=services.issuer,
        token_endpoint=services.uri(paths.TOKEN),
        endpoints=paths.PROVEN,
        algs=services.dpop_algs,
        policy=settings.dpop_nonce,
        latest=services.profile.latest,
    )
    page = InspectorPage(browsing.pages, rules, services.clock, services.admission.accepted_nonces)
    return Feature((web.router(browsing.pages, page),))
