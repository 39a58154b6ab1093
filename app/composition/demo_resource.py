"""The protected demo resource."""

from ..http import paths
from ..routes import demo_resource as route
from .feature import Feature
from .guarding import guard_of, metadata_of
from .services import Services


def demo_resource(services: Services) -> Feature:
    """Build the resource, if it is wanted."""
    if not services.settings.serves_demo_resource:
        return Feature(())
    path = paths.DEMO_RESOURCE
    return Feature(
        routers=(route.router(guard_of(services, path)),),
        protected_resources=(metadata_of(services, path),),
    )
