// npm oauth4webapi: the device flow, its code bound to the key from the start.

import { setTimeout } from "node:timers/promises";
import * as oauth from "oauth4webapi";
import { answers, ask, end, given, watchedFetch } from "./dialog.mjs";

const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: watchedFetch };
const issuer = new URL(given.issuer);
const discovered = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
const as = await oauth.processDiscoveryResponse(issuer, discovered);
const client = { client_id: given.client_id };
const auth = oauth.None();
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
const jkt = await DPoP.calculateThumbprint();

const wanted = { scope: given.scope, dpop_jkt: jkt };
const started = await oauth.deviceAuthorizationRequest(as, client, auth, wanted, options);
const device = await oauth.processDeviceAuthorizationResponse(as, client, started);

async function poll() {
  const how = { DPoP, ...options };
  const response = await oauth.deviceCodeGrantRequest(
    as, client, auth, device.device_code, how,
  );
  return oauth.processDeviceCodeResponse(as, client, response);
}

let tokens;
while (!tokens) {
  try {
    tokens = await poll();
  } catch (error) {
    if (oauth.isDPoPNonceError(error)) continue;
    if (error.error !== "authorization_pending") throw error;
    await ask({ allow: device.verification_uri_complete });
    await setTimeout(device.interval * 1000);
  }
}
end({ jkt, tokens, answers });
