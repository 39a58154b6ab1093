// A native app: signs a person in, calls an API, refreshes. Every token is bound to one key.

import * as client from "openid-client";
import { redirectUri, visit } from "./loopback.mjs";

const { ISSUER, CLIENT_ID, API, RESOURCE } = process.env;
// http is for trying it out, on loopback: leave this out elsewhere.
const execute = ISSUER.startsWith("http://127.0.0.1:") ? [client.allowInsecureRequests] : [];

const config = await client.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  undefined,
  client.None(),
  { algorithm: "oauth2", execute },
);

// One pair of keys for as long as the tokens live, and one handle, which remembers nonces and
// sends a request once more when the server asks for one.
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));

// Push the request. The proof at /par binds the code to the key.
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const url = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: redirectUri,
    scope: "notes.read",
    resource: RESOURCE,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  },
  { DPoP },
);

const callback = await visit(url);
const checks = { pkceCodeVerifier, expectedState };
let tokens = await client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP });

const notes = await client.fetchProtectedResource(
  config, tokens.access_token, new URL("/notes", API), "GET", undefined, undefined, { DPoP },
);
console.log(await notes.json());

// Later: a refresh token is good once, the answer has the next one.
tokens = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
console.log(`Refreshed, for ${tokens.expires_in} seconds`);
