"""A page on another origin speaks to the token endpoint, with a key that it cannot export."""

import dataclasses
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from app.oauth.client import Client
from tests.harness import SPA, Server

from .conftest import Callback, clients_of

# Asks for tokens with a made-up code, and again with the nonce if there is one to read.
ASK = """
async ([endpoint, clientId, redirectUri, now]) => {
  const bytes = (data) => typeof data === "string" ? new TextEncoder().encode(data) : data;
  const base64url = (data) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes(data))))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const ecdsa = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const pair = await crypto.subtle.generateKey(ecdsa, false, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);

  const proof = async (nonce) => {
    const header = { typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } };
    const claims = { jti: crypto.randomUUID(), htm: "POST", htu: endpoint, iat: now };
    if (nonce) claims.nonce = nonce;
    const input = [header, claims].map((part) => base64url(JSON.stringify(part))).join(".");
    const signature = await crypto.subtle.sign(ecdsa, pair.privateKey, bytes(input));
    return `${input}.${base64url(signature)}`;
  };

  const ask = async (nonce) => {
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      client_id: clientId,
      code: "hf_ac_made-up",
      redirect_uri: redirectUri,
      code_verifier: "v".repeat(43),
    });
    try {
      const response = await fetch(endpoint, {
        method: "POST", body, headers: { DPoP: await proof(nonce) },
      });
      const { error } = await response.json();
      return { status: response.status, error, nonce: response.headers.get("DPoP-Nonce") };
    } catch (failure) {
      return { failure: failure.name };
    }
  };

  const first = await ask(null);
  return first.nonce ? [first, await ask(first.nonce)] : [first];
}
"""


@pytest.fixture
async def page_of_the_client(chromium: Browser, callback: Callback) -> Page:
    page = await chromium.new_page()
    # On the client's own origin.
    await page.goto(callback.uri.removesuffix("/callback") + "/")
    return page


async def ask(page: Page, server: Server, client: Client, callback: Callback) -> Any:
    now = int(server.clock.now())
    arguments = [server.token_endpoint, client.client_id, callback.uri, now]
    return await page.evaluate(ASK, arguments)


@pytest.mark.rfc("9449", "8")
async def test_a_page_reads_the_nonce_of_a_challenge_and_tries_again(
    listening_server: Server, callback: Callback, page_of_the_client: Page
) -> None:
    web, _ = clients_of(callback)
    client = await listening_server.change(web, dpop_nonce="required")
    first, second = await ask(page_of_the_client, listening_server, client, callback)
    assert (first["status"], first["error"]) == (400, "use_dpop_nonce")
    assert (second["status"], second["error"]) == (400, "invalid_grant")


async def test_a_page_of_no_client_does_not_get_an_answer(
    listening_server: Server, callback: Callback, page_of_the_client: Page
) -> None:
    client = dataclasses.replace(SPA, dpop_nonce="required")
    await listening_server.add(client)
    answers = await ask(page_of_the_client, listening_server, client, callback)
    assert answers == [{"failure": "TypeError"}]
