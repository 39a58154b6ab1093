"""The protected resources that this server is itself: known without being registered."""

from collections.abc import Mapping

from ..http import paths
from ..oauth.ports import Resources, ResourceServer
from ..settings import Settings


class OwnResources:
    """Implements ``oauth.ports.Resources``: this server's own ones before those registered."""

    def __init__(self, own: Mapping[str, ResourceServer], registered: Resources) -> None:
        self._own = own
        self._registered = registered

    async def find(self, uri: str) -> ResourceServer | None:
        return self._own.get(uri) or await self._registered.find(uri)


def own_resources(settings: Settings) -> Mapping[str, ResourceServer]:
    """Return them by their URI, which is where they are served."""
    # Without scopes of their own, a resource's tokens keep what was granted (see oauth.resource).
    named = {paths.DEMO_RESOURCE: "Demo resource"} if settings.serves_demo_resource else {}
    uris = {settings.issuer + path: name for path, name in named.items()}
    return {uri: ResourceServer(uri, name, frozenset()) for uri, name in uris.items()}
