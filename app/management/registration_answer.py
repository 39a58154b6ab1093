"""What a client is told of its registration (RFC 7591 §3.2.1, RFC 7592 §3)."""

from dataclasses import dataclass
from typing import Any

from ..credentials import digest, same
from ..oauth.client import Client, ClientSecret
from .client_metadata import metadata_of


@dataclass(frozen=True, slots=True)
class Information:
    """A registered client, and those of its credentials that are at hand."""

    client: Client
    registration_token: str
    client_secret: str | None = None

    def members(self, uri: str) -> dict[str, Any]:
        """Return the client information response; ``uri`` is the client configuration endpoint's.

        A secret is stored as a hash, so it is only there when it was made or presented just now.
        """
        made: dict[str, Any] = {
            "client_id": self.client.client_id,
            "client_id_issued_at": int(self.client.created_at),
        }
        if self.client_secret is not None:
            made["client_secret"] = self.client_secret
        # RFC 7591 §3.2.1: REQUIRED if "client_secret" is issued; 0 if it will not expire.
        if self.client.secrets:
            made["client_secret_expires_at"] = int(self._secret().expires_at or 0)
        made["registration_access_token"] = self.registration_token
        made["registration_client_uri"] = uri
        return {**metadata_of(self.client), **made}

    def _secret(self) -> ClientSecret:
        newest = self.client.secrets[0]
        if self.client_secret is None:
            return newest
        hashed = digest(self.client_secret)
        return next((each for each in self.client.secrets if same(each.hash, hashed)), newest)
