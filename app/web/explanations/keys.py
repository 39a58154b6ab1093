"""The checks that compare the proof's key with others."""

from ...dpop.errors import Check
from .explanation import Explanation

KEYS = {
    Check.JKT: Explanation(
        title="The access token is bound to another key",
        rule="The access token is bound to the proof's key",
        meaning="The access token names, in cnf.jkt, the thumbprint of the key it is bound to. "
        "The proof was signed with a different key, so it proves nothing about this token.",
        causes=(
            (
                "The client made a new key after it got the token, for instance on a restart, in "
                "another process or in another browser tab."
            ),
            "Tokens of several users or sessions share one cache.",
            "The key is kept per origin in IndexedDB, and the page moved to another origin.",
            "The token was stolen.",
        ),
        cure="Keep the key together with its tokens. If the key is gone, get a new token.",
        example="in the access token:\n"
        '"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}\n'
        "thumbprint of the proof's jwk (RFC 7638):\n"
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        section="4.3",
        number=12,
        error="invalid_token",
    ),
    Check.CLIENT_KEY: Explanation(
        title="The proof is signed with the client's own key",
        rule="The proof's key is none that the client authenticates with",
        meaning="The key that authenticates the client must not be its DPoP key too: who gets "
        "hold of one signature must not be able to use it as the other.",
        causes=(
            "The client uses one key for private_key_jwt and for its proofs.",
            "The DPoP key was registered in the client's jwks. It need not be.",
        ),
        cure="Make a key of its own for DPoP. It need not be registered anywhere.",
        example='// jose\nawait generateKeyPair("ES256")\n'
        '# jwcrypto\njwk.JWK.generate(kty="EC", crv="P-256")',
        section=None,
    ),
    Check.BINDING: Explanation(
        title="The grant is bound to another key",
        rule="The code or refresh token is bound to the proof's key",
        meaning="The proof is good, but the code or the refresh token is bound to the key that "
        "it was asked for with, and this is not that key.",
        causes=(
            "The client made a new key since the authorization request or the last token.",
            (
                "dpop_jkt in the authorization request is the thumbprint of another key, or was "
                "not made as RFC 7638 says."
            ),
            "Two instances of the client share its refresh tokens, but not its key.",
            "The code or refresh token was stolen.",
        ),
        cure="Keep the key as long as what is bound to it. If the key is gone, let the person "
        "sign in again.",
        example="GET {issuer}/authorize?…&dpop_jkt=<thumbprint of the key>\n"
        "POST {issuer}/token with a proof by that very key",
        section="5",
        error="invalid_grant",
    ),
}
