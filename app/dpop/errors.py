"""Refusals of a proof. Each names the check of RFC 9449 §4.3 that failed."""

from enum import StrEnum

SHOWN_LENGTH = 200


class Check(StrEnum):
    """The checks, in the order they are made. Each has a page under ``/errors/``."""

    HEADER_PRESENT = "header.present"
    HEADER_COUNT = "header.count"
    JWT_FORM = "jwt.form"
    TYP = "typ"
    ALG = "alg"
    JWK = "jwk"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    HTM = "htm"
    HTU = "htu"
    ATH = "ath"
    JKT = "jkt"
    CLIENT_KEY = "client_key"
    NONCE = "nonce"
    IAT = "iat"
    REPLAY = "replay"
    BINDING = "binding"


class ProofRefused(Exception):
    """A proof was refused.

    ``error`` is the OAuth error code of the answer. ``expected`` and ``received`` are public:
    values a client developer can compare, never a key with private members.
    """

    def __init__(
        self,
        check: Check,
        description: str,
        *,
        expected: str | None = None,
        received: str | None = None,
        error: str = "invalid_dpop_proof",
    ) -> None:
        super().__init__(description)
        self.check = check
        self.description = description
        self.expected = expected
        self.received = received
        self.error = error


class NonceRequired(ProofRefused):
    """The proof must carry the server's nonce (RFC 9449 §8). Nothing was consumed."""

    def __init__(
        self,
        description: str,
        *,
        nonce: str,
        check: Check = Check.NONCE,
        expected: str | None = None,
        received: str | None = None,
    ) -> None:
        super().__init__(
            check, description, expected=expected, received=received, error="use_dpop_nonce"
        )
        self.nonce = nonce


def shown(value: object) -> str:
    """Put a JSON value that came from outside into words: at most 200 characters of it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 3] + "..."
