"""A proof that comes with an access token, at a protected resource (RFC 9449 §4.3, §7.1)."""

from ..credentials import digest, same
from .errors import Check, ProofRefused, shown


def check_ath(ath: str | None, access_token: str) -> None:
    """Raise the refusal ``ath`` unless the proof's ``ath`` names this access token."""
    expected = digest(access_token)
    if ath is None:
        raise ProofRefused(
            Check.ATH,
            "the proof has no 'ath', which must be the SHA-256 of the access token in base64url",
            expected=expected,
            received="no ath",
        )
    # RFC 9449 §4.3, check 12: If presented to a protected resource in conjunction with an access
    # token, ensure that the value of the ath claim equals the hash of that access token
    if not same(ath, expected):
        raise ProofRefused(
            Check.ATH,
            "the proof's ath is not the SHA-256 in base64url of the access token sent with it",
            expected=expected,
            received=shown(ath),
        )


def check_jkt(jkt: str, token_jkt: str | None) -> None:
    """Raise the refusal ``jkt`` (``invalid_token``) unless the token is bound to the proof's key.

    ``jkt`` is the proof's, ``token_jkt`` the access token's ``cnf.jkt``: None if it has none.
    """
    # RFC 9449 §4.3, check 12: [...] confirm that the public key to which the access token is bound
    # matches the public key from the DPoP proof.
    if token_jkt is None or not same(jkt, token_jkt):
        raise ProofRefused(
            Check.JKT,
            "the access token is bound to another key than the one that signed the proof",
            expected=token_jkt or "a token bound to a key",
            received=jkt,
            error="invalid_token",
        )
