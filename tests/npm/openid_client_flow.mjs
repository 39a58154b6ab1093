// npm openid-client: PAR, code with PKCE, refresh, introspection, revocation; DPoP throughout.
//
// Every request gets a handle of its own by the one key, as if its process had just started: so
// each endpoint has to hand out the nonce that it asks for, and the library sends it once more.

import * as client from "openid-client";
import { authentication } from "./authentication.mjs";
import { answers, ask, end, given, watchedFetch } from "./dialog.mjs";

const keys = await client.randomDPoPKeyPair(given.alg);
const config = await client.discovery(
  new URL(given.issuer),
  given.client_id,
  undefined,
  await authentication(client, given),
  {
    algorithm: "oauth2",
    execute: [client.allowInsecureRequests],
    [client.customFetch]: watchedFetch,
  },
);
const proven = () => ({ DPoP: client.getDPoPHandle(config, keys) });

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const { redirect_uri, scope } = given;
const url = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri,
    scope,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  },
  proven(),
);
const callback = new URL(await ask({ open: url.href }));
// Checks state, and iss against the issuer (RFC 9207).
const checks = { pkceCodeVerifier, expectedState };
const tokens = await client.authorizationCodeGrant(config, callback, checks, undefined, proven());
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, proven());

const { confidential } = given;
const introspect = async () =>
  confidential && client.tokenIntrospection(config, refreshed.access_token);
const introspected = await introspect();
await client.tokenRevocation(config, refreshed.refresh_token);
const revoked = await introspect();

const as = config.serverMetadata();
const jwk = await crypto.subtle.exportKey("jwk", keys.publicKey);
end({ as, jwk, tokens, refreshed, introspected, revoked, answers });
