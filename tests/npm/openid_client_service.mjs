// npm openid-client: two tokens by client credentials, with one DPoP handle.

import * as client from "openid-client";
import { authentication } from "./authentication.mjs";
import { answers, end, given, watchedFetch } from "./dialog.mjs";

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
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const { scope } = given;
const tokens = [
  await client.clientCredentialsGrant(config, { scope }, { DPoP }),
  await client.clientCredentialsGrant(config, { scope }, { DPoP }),
];
end({ tokens, answers });
