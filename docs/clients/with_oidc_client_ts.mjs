// A single-page app: signs a person in, calls an API, refreshes. Every token is bound to a key that
// the browser keeps and no script can export.

import { IndexedDbDPoPStore, UserManager } from "oidc-client-ts";

const { ISSUER, CLIENT_ID, API, RESOURCE } = await (await fetch("settings.json")).json();

const users = new UserManager({
  authority: ISSUER,
  metadataUrl: `${ISSUER}/.well-known/oauth-authorization-server`,
  client_id: CLIENT_ID,
  redirect_uri: location.origin + location.pathname,
  scope: "notes.read",
  resource: RESOURCE,
  // Binds the code to the key too, by dpop_jkt.
  dpop: { bind_authorization_code: true, store: new IndexedDbDPoPStore() },
});

const tell = (text) => (document.querySelector("#told").textContent = text);
const on = (button, act) =>
  document.querySelector(button).addEventListener("click", () => act().catch(tell));

/** Call the API with the token and a proof, and once more if it wants a nonce in the proof. */
async function call(url, user, nonce) {
  const proof = await users.dpopProof(url, user, "GET", nonce);
  const headers = { Authorization: `DPoP ${user.access_token}`, DPoP: proof };
  const response = await fetch(url, { headers });
  const wanted = response.status === 401 && response.headers.get("DPoP-Nonce");
  return wanted && !nonce ? call(url, user, wanted) : response;
}

on("#sign-in", () => users.signinRedirect());

on("#read", async () => {
  const response = await call(`${API}/notes`, await users.getUser());
  tell(await response.text());
});

on("#refresh", async () => {
  const user = await users.signinSilent();
  tell(`Refreshed, for ${user.expires_in} seconds`);
});

// Back from the sign-in: checks state, and swaps the code for tokens.
if (new URLSearchParams(location.search).has("state")) {
  try {
    await users.signinCallback();
    tell("Signed in");
  } catch (error) {
    tell(error);
  }
  history.replaceState(null, "", location.pathname);
}
