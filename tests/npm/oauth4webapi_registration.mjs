// npm oauth4webapi: registers a client (RFC 7591).

import * as oauth from "oauth4webapi";
import { end, given, watchedFetch } from "./dialog.mjs";

const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: watchedFetch };
const issuer = new URL(given.issuer);
const discovered = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
const as = await oauth.processDiscoveryResponse(issuer, discovered);

const { metadata, initialAccessToken } = given;
const response = await oauth.dynamicClientRegistrationRequest(as, metadata, {
  initialAccessToken,
  ...options,
});
end({ client: await oauth.processDynamicClientRegistrationResponse(response) });
