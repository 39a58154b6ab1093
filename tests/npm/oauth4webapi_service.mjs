// npm oauth4webapi: two tokens by client credentials, with one DPoP handle.

import * as oauth from "oauth4webapi";
import { authentication } from "./authentication.mjs";
import { answers, end, given, watchedFetch } from "./dialog.mjs";

const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: watchedFetch };
const issuer = new URL(given.issuer);
const discovered = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
const as = await oauth.processDiscoveryResponse(issuer, discovered);
const client = { client_id: given.client_id };
const auth = await authentication(oauth, given);
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));

async function token() {
  const { scope } = given;
  const sent = { DPoP, ...options };
  const response = await oauth.clientCredentialsGrantRequest(as, client, auth, { scope }, sent);
  return oauth.processClientCredentialsResponse(as, client, response);
}

const first = await token().catch((error) => {
  if (!oauth.isDPoPNonceError(error)) throw error;
  return token();
});
const tokens = [first, await token()];
end({ tokens, answers });
