// npm openid-client: the device flow, its code bound to the key from the start.

import { once } from "node:events";
import * as client from "openid-client";
import { answers, ask, end, given, refusals, watchedFetch } from "./dialog.mjs";

const config = await client.discovery(
  new URL(given.issuer),
  given.client_id,
  undefined,
  client.None(),
  {
    algorithm: "oauth2",
    execute: [client.allowInsecureRequests],
    [client.customFetch]: watchedFetch,
  },
);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const jkt = await DPoP.calculateThumbprint();

const { scope } = given;
const device = await client.initiateDeviceAuthorization(config, { scope, dpop_jkt: jkt });
const polling = client.pollDeviceAuthorizationGrant(config, device, undefined, { DPoP });
await once(refusals, "authorization_pending");
await ask({ allow: device.verification_uri_complete });
const tokens = await polling;
end({ jkt, tokens, answers });
