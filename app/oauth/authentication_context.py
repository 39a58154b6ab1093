"""How a person signed in: authentication context class references (OpenID Connect Core §2, acr)."""

from .errors import UnmetAuthenticationRequirements

# OpenID Connect Core §2: An absolute URI or an RFC 6711 registered name SHOULD be used as the acr
# value. This one is of SAML 2.0: a password, presented over a protected session.
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

ACR_VALUES = (PASSWORD,)
"""What this server can do, the strongest last."""

MAX_VALUES = 10


def parse(value: str | None) -> tuple[str, ...]:
    """Read acr_values, keeping those that this server can meet, in the order of preference.

    Raises UnmetAuthenticationRequirements if there are values and it can meet none of them.
    """
    if value is None:
        return ()
    asked = value.split()[:MAX_VALUES]
    met = tuple(word for word in asked if word in ACR_VALUES)
    # RFC 9470 §5: the requested acr value is included in the access token if the authentication
    # operation successfully met its requirements, or the authorization request fails in all other
    # cases, returning unmet_authentication_requirements.
    if not met:
        raise UnmetAuthenticationRequirements(
            f"expected one of {', '.join(ACR_VALUES)} in acr_values, received '{value[:200]}'"
        )
    return met
