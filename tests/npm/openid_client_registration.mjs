// npm openid-client: registers a client (RFC 7591).

import * as client from "openid-client";
import { end, given, watchedFetch } from "./dialog.mjs";

const { metadata, initialAccessToken } = given;
const config = await client.dynamicClientRegistration(
  new URL(given.issuer),
  metadata,
  undefined,
  {
    algorithm: "oauth2",
    execute: [client.allowInsecureRequests],
    [client.customFetch]: watchedFetch,
    initialAccessToken,
  },
);
end({ client: config.clientMetadata() });
