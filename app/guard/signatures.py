"""Finding the key of an issuer that signed a JWT."""

from joserfc.errors import JoseError

from ..dpop.algorithms import ALGORITHMS, Algorithm
from ..oauth.signed_jwt import SignedJwt
from .keys import Keys, KeySet


async def signed_by(jwt: SignedJwt, keys: Keys, known: KeySet) -> KeySet | None:
    """Return the key set of which one key made the signature, None if none did.

    ``known`` are the current keys; they are read anew when they have none of the JWT's kid. The
    header's ``alg`` must have been checked before.
    """
    algorithm, kid = ALGORITHMS[jwt.header["alg"]], jwt.header.get("kid")
    if not known.find(kid, algorithm):
        known = await keys.renewed(known)
    made = any(_verifies(jwt, algorithm, key) for key in known.find(kid, algorithm))
    return known if made else None


def _verifies(jwt: SignedJwt, algorithm: Algorithm, key: object) -> bool:
    try:
        return bool(algorithm.model.verify(jwt.signing_input, jwt.signature, key))
    except (JoseError, ValueError, TypeError):
        return False
