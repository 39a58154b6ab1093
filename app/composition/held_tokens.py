"""What is asked about tokens that are out there: revocation and introspection."""

from ..http import paths
from ..oauth.client import AuthMethod
from ..oauth.client_auth import AUTH_METHODS
from ..oauth.introspection_endpoint import IntrospectionEndpoint
from ..oauth.revocation_endpoint import RevocationEndpoint
from ..routes import introspect, revoke
from ..tokens.signed_introspection import SignedIntrospection
from .feature import Feature
from .services import Services

# RFC 7662 §2.1: introspection requires some form of authorization, which a public client lacks.
_CONFIDENTIAL = tuple(method for method in AUTH_METHODS if method is not AuthMethod.NONE)


def held_tokens(services: Services) -> Feature:
    """Build both endpoints."""
    keyring, admission, algs = services.parts.keyring, services.admission, services.dpop_algs
    sign = SignedIntrospection(keyring, services.clock, services.issuer).sign
    revocation, introspection = _revocation(services), _introspection(services)
    return Feature(
        routers=(
            revoke.router(revocation, admission, uri=services.uri(paths.REVOKE), algs=algs),
            introspect.router(
                introspection, admission, sign, uri=services.uri(paths.INTROSPECT), algs=algs
            ),
        ),
        endpoints={
            "revocation_endpoint": paths.REVOKE,
            "introspection_endpoint": paths.INTROSPECT,
        },
        auth_methods={"revocation": AUTH_METHODS, "introspection": _CONFIDENTIAL},
        # RFC 9701 §7.
        metadata={"introspection_signing_alg_values_supported": [keyring.active().alg]},
    )


def _revocation(services: Services) -> RevocationEndpoint:
    door = services.door(paths.REVOKE, AUTH_METHODS)
    return RevocationEndpoint(door, services.verifier, services.database)


def _introspection(services: Services) -> IntrospectionEndpoint:
    database = services.database
    return IntrospectionEndpoint(
        services.door(paths.INTROSPECT, _CONFIDENTIAL),
        services.verifier,
        database,
        liveness=services.liveness,
        users=database.users,
        resources=services.resources,
        details=services.details,
        issuer=services.issuer,
    )
