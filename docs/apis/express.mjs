// An API in Express. The middleware takes access tokens of one issuer for one audience, and only
// with a DPoP proof by the key that the token is bound to.

import cors from "cors";
import express from "express";
import { auth, requiredScopes } from "express-oauth2-jwt-bearer";

const { ISSUER, AUDIENCE, ORIGIN, PORT = "3000" } = process.env;

const app = express();
// Only for an API that pages on another origin call.
if (ORIGIN) app.use(cors({ origin: ORIGIN, exposedHeaders: ["DPoP-Nonce", "WWW-Authenticate"] }));

app.use(
  auth({
    issuerBaseURL: ISSUER,
    audience: AUDIENCE,
    strict: true, // access tokens of RFC 9068, with every claim of it
    dpop: { required: true },
  }),
);

app.get("/notes", requiredScopes("notes.read"), (request, response) => {
  response.json({ notes: ["Buy milk"], owner: request.auth.payload.sub });
});

const server = app.listen(PORT, "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});
