"""What the server says of itself and its health: metadata, key set, probes, metrics."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from ..http import paths
from ..oauth import metadata
from ..oauth.client_assertion import ASSERTION_ALGS
from ..oauth.signed_jwt import ALGS as REQUEST_OBJECT_ALGS
from ..parts import JWKS_MAX_AGE
from ..routes import health as health_route
from ..routes import metadata as metadata_route
from ..routes import metrics as metrics_route
from ..routes import protected_resources
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
    document = metadata.document(services.issuer, served)
    jwks = services.parts.keyring.jwks
    return Feature(
        (
            metadata_route.router(document, jwks, max_age=JWKS_MAX_AGE),
            protected_resources.router(own, max_age=JWKS_MAX_AGE),
        )
    )


def health(services: Services, is_stopping: Callable[[], bool]) -> Feature:
    """Build the probes, and the metrics where they are wanted."""
    probes = {"database": services.database.ping, "state": services.state.ping}
    routers = [health_route.router(probes, is_stopping=is_stopping)]
    if services.settings.serves_metrics:
        routers.append(metrics_route.router(services.metrics))
    return Feature(routers)


def _merged(parts: Iterable[Mapping[str, T]]) -> dict[str, T]:
    return {name: value for part in parts for name, value in part.items()}
