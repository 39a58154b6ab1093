"""What an update of a registration hands out anew: the same at every retry (RFC 7592 §2.2)."""

from ..credentials import Kind
from .derivation import CLIENT_SECRET_SUCCESSORS, REGISTRATION_SUCCESSORS
from .successors import Successors


class RegistrationSuccessors:
    """The registration access token and the client secret that follow on a token presented."""

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self._tokens = Successors(
            Kind.REGISTRATION_TOKEN, REGISTRATION_SUCCESSORS, secret, previous
        )
        self._secrets = Successors(Kind.CLIENT_SECRET, CLIENT_SECRET_SUCCESSORS, secret, previous)

    def token(self, presented: str, salt: str) -> str:
        """Return the next registration access token."""
        return self._tokens.of(presented, salt)

    def token_again(self, presented: str, salt: str, expected_hash: str) -> str | None:
        """Return the one with that hash; None if the deployment's secret has changed since."""
        return self._tokens.find(presented, salt, expected_hash)

    def client_secret(self, presented: str, salt: str) -> str:
        """Return the next client secret."""
        return self._secrets.of(presented, salt)

    def client_secret_again(self, presented: str, salt: str, expected_hash: str) -> str | None:
        """Return the one with that hash; None if it is not the one that was made."""
        return self._secrets.find(presented, salt, expected_hash)
