// An API on Node's own HTTP server: npm oauth4webapi verifies the tokens and proofs.

import { createServer } from "node:http";
import * as oauth from "oauth4webapi";

const { ISSUER, AUDIENCE, PORT } = process.env;
const options = { [oauth.allowInsecureRequests]: true, requireDPoP: true };
const issuer = new URL(ISSUER);
const discovered = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
const as = await oauth.processDiscoveryResponse(issuer, discovered);

const server = createServer(async ({ method, headers, url }, response) => {
  const request = new Request(`http://${headers.host}${url}`, { method, headers });
  response.setHeader("Content-Type", "application/json");
  try {
    const claims = await oauth.validateJwtAccessToken(as, request, AUDIENCE, options);
    if (!claims.scope?.split(" ").includes("notes.read")) response.statusCode = 403;
    response.end(JSON.stringify({ notes: ["Buy milk"], owner: claims.sub }));
  } catch (error) {
    response.statusCode = 401;
    response.end(JSON.stringify({ error: error.message }));
  }
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});
