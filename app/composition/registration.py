"""Where clients register themselves, if the deployment lets them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..http import paths
from ..management import client_jwks
from ..management.configuration import ClientConfiguration
from ..management.errors import Refused
from ..management.registration import ClientRegistration
from ..management.registration_rules import RegistrationRules
from ..oauth.client_keys import ClientKey, keys_in
from ..oauth.software_statement import SoftwareStatements
from ..routes import register
from ..settings import PREFIX, SettingsError
from ..tokens.registration import RegistrationSuccessors
from .feature import Feature
from .services import Services

_ISSUERS = PREFIX + "SOFTWARE_STATEMENT_ISSUERS"


def registration(services: Services) -> Feature:
    """Build the endpoints; nothing at all where registration is off. Raises SettingsError."""
    settings = services.settings
    issuers = _issuers(settings.software_statement_issuers)
    if settings.registration == "off":
        return Feature(())
    rules = RegistrationRules(
        services.client_policy,
        SoftwareStatements(issuers, audience=services.issuer),
        scopes=frozenset(settings.registration_scopes),
    )
    database, audit, clock = services.database, services.audit, services.clock
    secret = services.parts.secret
    registering = ClientRegistration(
        database,
        rules,
        services.state.attempts,
        audit,
        clock,
        is_open=settings.registration == "open",
        limit=settings.registration_limit,
    )
    successors = RegistrationSuccessors(secret.current, secret.previous)
    configuring = ClientConfiguration(database, rules, successors, audit, clock)
    return Feature(
        (register.router(registering, configuring, uri=services.uri(paths.REGISTER)),),
        endpoints={"registration_endpoint": paths.REGISTER},
    )


def _issuers(path: Path | None) -> Mapping[str, Sequence[ClientKey]]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{_ISSUERS}: {path} cannot be read as JSON ({error})") from None
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise SettingsError(
            f'{_ISSUERS}: {path}: expected a JSON object like {{"https://vouches.example": '
            '{"keys": […]}}'
        )
    for issuer, jwks in found.items():
        try:
            client_jwks.check(jwks)
        except Refused as refused:
            raise SettingsError(f"{_ISSUERS}: {path}: {issuer}: {refused.sentence}") from None
    return {issuer: keys_in(jwks) for issuer, jwks in found.items()}
