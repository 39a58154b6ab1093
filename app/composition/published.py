"""What the server says of itself and its health: metadata, key set, probes, metrics."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from ..http import paths
from ..oauth import metadata
from ..oauth.client_assertion import ASSERTION_ALGS
from ..oauth.errors import TemporarilyUnavailable
from ..oauth.signed_jwt import ALGS as REQUEST_OBJECT_ALGS
from ..parts import JWKS_MAX_AGE
from ..routes import health as health_route
from ..routes import metadata as metadata_route
from ..routes import metrics as metrics_route
from ..routes import protected_resources
from ..storage.database import SqlDatabase
from .feature import Feature
from .services import Services

T = TypeVar("T")


def published(services: Services, features: Sequence[Feature]) -> Feature:
    """Build the metadata document (RFC 8414) of the features, and the key set beside it."""
    profile = services.profile
    own = [resource for each in features for resource in each.protected_resources]
    methods = _merged(each.auth_methods for each in features)
    served = metadata.Served(
        endpoints={"jwks_uri": paths.JWKS} | _merged(each.endpoints for each in features),
        auth_methods={
            endpoint: [method for method in taken if method in profile.auth_methods]
            for endpoint, taken in methods.items()
        },
        assertion_algs=profile.among(ASSERTION_ALGS),
        request_object_algs=profile.among(REQUEST_OBJECT_ALGS),
        dpop_algs=services.settings.dpop_algs,
        # RFC 9728 §4: protected_resources: the resource identifiers of protected resources that can
        # be used with this authorization server.
        further={"protected_resources": [each.resource for each in own]}
        | _merged(each.metadata for each in features),
    )
    document = _Document(metadata.document(services.issuer, served), services.database)
    jwks = services.parts.keyring.jwks
    return Feature(
        (
            metadata_route.router(document.current, jwks, max_age=JWKS_MAX_AGE),
            protected_resources.router(own, max_age=JWKS_MAX_AGE),
        )
    )


class _Document:
    """The metadata, with the types of authorization details that are registered by now.

    While the database does not answer, those that were registered when it last did.
    """

    def __init__(self, members: Mapping[str, Any], database: SqlDatabase) -> None:
        self._members = members
        self._database = database
        self._types: Sequence[str] = ()

    async def current(self) -> Mapping[str, Any]:
        with suppress(TemporarilyUnavailable):
            self._types = [each.type for each in await self._database.details_types.list()]
        # RFC 9396 §10: authorization_details_types_supported, which is a JSON array.
        further = {"authorization_details_types_supported": self._types} if self._types else {}
        return {**self._members, **further}


def health(services: Services, is_stopping: Callable[[], bool]) -> Feature:
    """Build the probes, and the metrics where they are wanted."""
    probes = {"database": services.database.ping, "state": services.state.ping}
    routers = [health_route.router(probes, is_stopping=is_stopping)]
    if services.settings.serves_metrics:
        routers.append(metrics_route.router(services.metrics))
    return Feature(routers)


def _merged(parts: Iterable[Mapping[str, T]]) -> dict[str, T]:
    return {name: value for part in parts for name, value in part.items()}
