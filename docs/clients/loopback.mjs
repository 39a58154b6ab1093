// Sends a person to the authorization server, and waits on loopback until they come back
// (RFC 8252 §7.3: on any free port).

import { once } from "node:events";
import { createServer } from "node:http";

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");

export const redirectUri = `http://127.0.0.1:${server.address().port}/callback`;

/** Send the person to this URL, and return the one that they come back to. */
export async function visit(url) {
  console.log(`Open this in your browser:\n${url}`);
  for (;;) {
    const [request, response] = await once(server, "request");
    const callback = new URL(request.url, redirectUri);
    if (callback.pathname === "/callback") {
      response.setHeader("Connection", "close").end("You may close this page.");
      server.close();
      return callback;
    }
    response.writeHead(404).end();
  }
}
