"""A native app: signs a person in, calls an API, refreshes. Every token is bound to one key."""

import os
from urllib.parse import parse_qs, urlsplit

import httpx
from authlib.common.security import generate_token
from holdfast_client import load_or_create_key
from holdfast_client.authlib import OAuth2Client, use_dpop
from loopback import Loopback

ISSUER, CLIENT_ID = os.environ["ISSUER"], os.environ["CLIENT_ID"]
API, RESOURCE = os.environ["API"], os.environ["RESOURCE"]

server = httpx.get(f"{ISSUER}/.well-known/oauth-authorization-server").raise_for_status().json()

# Kept beside the tokens: the refresh token is good with this key only.
key = load_or_create_key("key.pem")

with (
    Loopback() as loopback,
    OAuth2Client(
        CLIENT_ID,
        scope="notes.read",
        redirect_uri=loopback.redirect_uri,
        code_challenge_method="S256",
        token_endpoint=server["token_endpoint"],
    ) as client,
):
    use_dpop(client, key)
    verifier = generate_token(48)
    url, state = client.create_authorization_url(
        server["authorization_endpoint"],
        code_verifier=verifier,
        resource=RESOURCE,
        dpop_jkt=key.thumbprint,  # binds the code to the key too
    )
    callback = loopback.visit(url)

    # RFC 9207: Authlib checks state, and leaves this to us.
    if parse_qs(urlsplit(callback).query).get("iss") != [server["issuer"]]:
        raise SystemExit("the answer is not by the server that was asked")
    client.fetch_token(authorization_response=callback, state=state, code_verifier=verifier)

    print(client.get(f"{API}/notes").json())

    # By itself, when the access token is about to expire; or when you say so.
    client.refresh_token()
    print(f"Refreshed, for {client.token['expires_in']} seconds")
