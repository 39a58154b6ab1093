"""Keys derived from the deployment's secret, one for each purpose."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SIGNING_KEYS_AT_REST = b"holdfast signing keys at rest"
REFRESH_SUCCESSORS = b"holdfast refresh token successors"
OPENED_REQUESTS = b"holdfast opened authorization requests"
REGISTRATION_SUCCESSORS = b"holdfast registration access token successors"
CLIENT_SECRET_SUCCESSORS = b"holdfast client secret successors"
SIGN_IN_FORMS = b"holdfast sign-in forms"


def derive(purpose: bytes, secret: bytes, previous: bytes | None) -> tuple[bytes, ...]:
    """Return 32 bytes for the purpose: of the current secret, then of the previous if any."""
    secrets = (secret,) if previous is None else (secret, previous)
    return tuple(
        HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(each)
        for each in secrets
    )
