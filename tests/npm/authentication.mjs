// How a client authenticates: oauth4webapi and openid-client name the methods alike.

/** Return the authentication of the client that was given, from the library's own methods. */
export async function authentication(library, { client_id, client_secret, auth_method, jwk }) {
  if (auth_method === "none") return library.None();
  if (auth_method === "client_secret_basic") return library.ClientSecretBasic(client_secret);
  if (auth_method === "client_secret_post") return library.ClientSecretPost(client_secret);
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
  return library.PrivateKeyJwt({ key, kid: jwk.kid });
}
