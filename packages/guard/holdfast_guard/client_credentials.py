"""How a guard authenticates where it introspects."""

from .guard.client_credentials import ClientCredentials, ClientSecret, PrivateKeyJwt

__all__ = ["ClientCredentials", "ClientSecret", "PrivateKeyJwt"]
