"""A native app: signs a person in, calls an API, refreshes. Every token is bound to one key."""

import os

import requests
from loopback import Loopback
from requests_oauth2client import OAuth2Client

ISSUER, CLIENT_ID = os.environ["ISSUER"], os.environ["CLIENT_ID"]
API, RESOURCE = os.environ["API"], os.environ["RESOURCE"]

client = OAuth2Client.from_discovery_endpoint(
    f"{ISSUER}/.well-known/oauth-authorization-server",
    issuer=ISSUER,
    client_id=CLIENT_ID,
    dpop_bound_access_tokens=True,
    # http is for trying it out, on loopback: leave this out elsewhere.
    testing=ISSUER.startswith("http://127.0.0.1:"),
)

with Loopback() as loopback:
    # Makes the key, PKCE and state.
    request = client.authorization_request(
        redirect_uri=loopback.redirect_uri, scope="notes.read", resource=RESOURCE
    )
    # The proof at /par binds the code to the key.
    pushed = client.pushed_authorization_request(request)
    callback = loopback.visit(pushed.uri)

# Checks state, and iss; then the token carries the key, and signs what it is sent with.
token = client.authorization_code(request.validate_callback(callback))

notes = requests.get(f"{API}/notes", auth=token, timeout=10)
print(notes.json())

# Later: a refresh token is good once, the answer has the next one.
token = client.refresh_token(token)
print(f"Refreshed, for {token.expires_in} seconds")
