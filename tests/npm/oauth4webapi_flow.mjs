// npm oauth4webapi: PAR, code with PKCE, refresh, introspection, revocation; DPoP throughout.
//
// Every request gets a handle of its own by the one key, as if its process had just started: so
// each endpoint has to hand out the nonce that it asks for.

import * as oauth from "oauth4webapi";
import { answers, ask, end, given, watchedFetch } from "./dialog.mjs";
import { authentication } from "./authentication.mjs";

const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: watchedFetch };
const keys = await oauth.generateKeyPair(given.alg);

const issuer = new URL(given.issuer);
const discovered = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
const as = await oauth.processDiscoveryResponse(issuer, discovered);
const client = { client_id: given.client_id };
const auth = await authentication(oauth, given);

/** Send with a proof, and once more if the server wants a nonce in it. */
async function proven(send, process) {
  const DPoP = oauth.DPoP(client, keys);
  const attempt = async () => process(as, client, await send({ DPoP, ...options }));
  return attempt().catch((error) => {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return attempt();
  });
}

const introspect = async (token) => {
  const response = await oauth.introspectionRequest(as, client, auth, token, options);
  return oauth.processIntrospectionResponse(as, client, response);
};

const introspectSigned = async (token) => {
  const jwtOptions = { ...options, requestJwtResponse: true };
  const response = await oauth.introspectionRequest(as, client, auth, token, jwtOptions);
  const expecting = { ...client, introspection_signed_response_alg: "ES256" };
  const claims = await oauth.processIntrospectionResponse(as, expecting, response);
  await oauth.validateApplicationLevelSignature(as, response, options);
  return claims;
};

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const { redirect_uri, scope } = given;
const parameters = {
  response_type: "code",
  redirect_uri,
  scope,
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
};
const pushed = await proven(
  (with_) => oauth.pushedAuthorizationRequest(as, client, auth, parameters, with_),
  oauth.processPushedAuthorizationResponse,
);

const url = new URL(as.authorization_endpoint);
url.search = new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri });
const callback = new URL(await ask({ open: url.href }));
// Checks state, and iss against the issuer (RFC 9207).
const answer = oauth.validateAuthResponse(as, client, callback, state);

const tokens = await proven(
  (with_) =>
    oauth.authorizationCodeGrantRequest(as, client, auth, answer, redirect_uri, verifier, with_),
  oauth.processAuthorizationCodeResponse,
);
const refreshed = await proven(
  (with_) => oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, with_),
  oauth.processRefreshTokenResponse,
);

const { confidential } = given;
const introspected = confidential && (await introspect(refreshed.access_token));
const signed = confidential && (await introspectSigned(refreshed.access_token));
const revocation = await oauth.revocationRequest(
  as, client, auth, refreshed.refresh_token, options,
);
await oauth.processRevocationResponse(revocation);
const revoked = confidential && (await introspect(refreshed.access_token));

const jwk = await crypto.subtle.exportKey("jwk", keys.publicKey);
end({ as, jwk, tokens, refreshed, introspected, signed, revoked, answers });
