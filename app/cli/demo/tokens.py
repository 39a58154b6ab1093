"""The demo's steps at the token endpoint: the proof, the bound token, the refresh."""

from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from .expectations import expect, expect_equal
from .scene import Scene, decoded

HEADER = {
    "typ": "what it is: a DPoP proof and nothing else",
    "alg": "how it is signed",
    "jwk": "the public key, so that anybody can verify it",
}
CLAIMS = {
    "jti": "a random name: this proof works once",
    "htm": "for this method only",
    "htu": "for this URL only",
    "iat": "made at this time; it is stale in a minute",
    "nonce": "the value that the server asked for",
}
TOKEN_CLAIMS = {
    "iss": "the server that made it",
    "sub": "Ann",
    "aud": "for which API",
    "client_id": "the app",
    "scope": "what it may do",
    "iat": "made at",
    "exp": "good until",
    "auth_time": "when Ann signed in",
    "acr": "how: with her password",
    "jti": "its name",
    "family_id": "names all tokens of this sign-in; they can be revoked together",
    "cnf": "DPoP: the thumbprint of the key it is bound to",
}


def redeem_the_code(scene: Scene) -> dict[str, Any]:
    """Swap the code for tokens, with a proof."""
    token = scene.client.fetch_token(
        scene.token_endpoint,
        authorization_response=scene.callback,
        state=scene.state,
        code_verifier=scene.code_verifier,
    )
    request, answer = scene.sent[-1], scene.answers[-1]
    proof = request.headers["DPoP"]
    scene.narrator.say(
        "The app swaps the code for tokens. The form is plain OAuth. New is the header field "
        "*DPoP*: a proof that the app holds the key."
    )
    scene.narrator.request(request)
    _explain(scene, proof)
    scene.narrator.say("The server verifies all of that, and answers:")
    scene.narrator.answer(answer)
    expect_equal("the status", httpx.codes.OK, answer.status_code)
    expect_equal("token_type", "DPoP", token.get("token_type"))
    expect("refresh_token" in token, "the answer has no refresh_token")
    scene.narrator.verdict('token_type is "DPoP", not "Bearer"')
    scene.tokens = dict(token)
    return {"token_type": token["token_type"], "proof": proof}


def _explain(scene: Scene, proof: str) -> None:
    header, claims = decoded(proof)
    narrator = scene.narrator
    narrator.say("The proof is a small JWT that the app makes anew for each request. In full:")
    narrator.jwt("header.payload.signature", proof)
    narrator.members("Its header", [(n, v, HEADER.get(n, "")) for n, v in header.items()])
    narrator.members("Its payload", [(n, v, CLAIMS.get(n, "")) for n, v in claims.items()])
    narrator.say(
        "*What is signed:* the first two parts above, as they stand, with the dot between them. "
        f"The signature is {header['alg']}, by the private key. Nothing in it can be changed, and "
        "nobody else can make one for this key."
    )


def look_inside(scene: Scene) -> dict[str, Any]:
    """Decode and verify the access token; its cnf.jkt is the thumbprint."""
    token = scene.tokens["access_token"]
    header, claims = decoded(token)
    keys = KeySet.import_key_set(httpx.get(scene.metadata["jwks_uri"]).raise_for_status().json())
    jwt.decode(token, keys, algorithms=[header["alg"]])
    scene.narrator.say(
        "The access token is a JWT too, signed by the server (checked just now with its public "
        "keys). Decoded:"
    )
    rows = [(n, v, TOKEN_CLAIMS.get(n, "")) for n, v in claims.items()]
    scene.narrator.members("Its payload", rows)
    jkt = claims.get("cnf", {}).get("jkt")
    expect_equal("cnf.jkt", scene.key.thumbprint, jkt)
    scene.narrator.say(
        "Compare. *cnf.jkt*, for 'confirmation, JWK thumbprint', says whose token this is:"
    )
    scene.narrator.same(
        ("cnf.jkt in the token", "the key's thumbprint"), (jkt, scene.key.thumbprint)
    )
    scene.narrator.verdict("they match: the token is bound to the app's key")
    scene.narrator.say(
        "An API that gets this token wants a proof by the same key with every request. The token "
        "alone opens nothing."
    )
    return {"cnf.jkt": jkt, "thumbprint": scene.key.thumbprint, "match": True}


def refresh(scene: Scene) -> dict[str, Any]:
    """Refresh with the same key."""
    before = scene.tokens["refresh_token"]
    token = scene.client.refresh_token(scene.token_endpoint)
    request, answer = scene.sent[-1], scene.answers[-1]
    _, claims = decoded(request.headers["DPoP"])
    scene.narrator.say(
        "Access tokens live for minutes. The app gets the next one with its refresh token, which "
        "for a public client is bound to the key as well, and with a *new proof by the same key*:"
    )
    scene.narrator.request(request)
    scene.narrator.members(
        "The new proof's payload", [(n, v, CLAIMS.get(n, "")) for n, v in claims.items()]
    )
    scene.narrator.answer(answer)
    expect_equal("the status", httpx.codes.OK, answer.status_code)
    expect(token["refresh_token"] != before, "the refresh token was not rotated")
    _, bound = decoded(token["access_token"])
    expect_equal("cnf.jkt", scene.key.thumbprint, bound["cnf"]["jkt"])
    scene.narrator.verdict("a new access token for the same key, and a new refresh token")
    scene.tokens = dict(token)
    return {"cnf.jkt": bound["cnf"]["jkt"], "rotated": True}
