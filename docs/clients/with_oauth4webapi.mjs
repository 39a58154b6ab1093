// A native app: signs a person in, calls an API, refreshes. Every token is bound to `keys`.

import * as oauth from "oauth4webapi";
import { redirectUri, visit } from "./loopback.mjs";

const { ISSUER, CLIENT_ID, API, RESOURCE } = process.env;
// http is for trying it out, on loopback: leave this out elsewhere.
const options = { [oauth.allowInsecureRequests]: ISSUER.startsWith("http://127.0.0.1:") };

const issuer = new URL(ISSUER);
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options }),
);
const client = { client_id: CLIENT_ID };
const auth = oauth.None();

// One pair of keys for as long as the tokens live, and one handle, which remembers nonces.
const keys = await oauth.generateKeyPair("ES256");
const DPoP = oauth.DPoP(client, keys);

/** Do it, and once more if the server wants its nonce in the proof. */
async function proven(attempt) {
  try {
    return await attempt({ DPoP, ...options });
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return attempt({ DPoP, ...options });
  }
}

// Push the request. The proof at /par binds the code to the key.
const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const request = {
  response_type: "code",
  redirect_uri: redirectUri,
  scope: "notes.read",
  resource: RESOURCE,
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
};
const { request_uri } = await proven(async (how) => {
  const response = await oauth.pushedAuthorizationRequest(as, client, auth, request, how);
  return oauth.processPushedAuthorizationResponse(as, client, response);
});

const url = new URL(as.authorization_endpoint);
url.search = new URLSearchParams({ client_id: CLIENT_ID, request_uri });
const answer = oauth.validateAuthResponse(as, client, await visit(url), state);

let tokens = await proven(async (how) => {
  const response = await oauth.authorizationCodeGrantRequest(
    as, client, auth, answer, redirectUri, verifier, how,
  );
  return oauth.processAuthorizationCodeResponse(as, client, response);
});

const notes = await proven((how) =>
  oauth.protectedResourceRequest(
    tokens.access_token, "GET", new URL("/notes", API), undefined, undefined, how,
  ),
);
console.log(await notes.json());

// Later: a refresh token is good once, the answer has the next one.
tokens = await proven(async (how) => {
  const response = await oauth.refreshTokenGrantRequest(
    as, client, auth, tokens.refresh_token, how,
  );
  return oauth.processRefreshTokenResponse(as, client, response);
});
console.log(`Refreshed, for ${tokens.expires_in} seconds`);
