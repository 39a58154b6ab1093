"""An API that is guarded, and a client that calls it: argv is the issuer, client_id and secret.

Prints what the API answered, as JSON.
"""

import asyncio
import json
import sys
from typing import Annotated, Any

import httpx
from fastapi import FastAPI
from holdfast_client import DpopAuth, DpopKey, Nonces, sign_proof
from holdfast_client.authlib import AsyncOAuth2Client, use_dpop
from holdfast_guard import Principal, jwt_guard
from holdfast_guard.fastapi import FastApiGuard
from holdfast_guard.redis import SharedMemory

from . import WHOSE, client

BASE_URL = "https://api.example"


def api(issuer: str) -> FastAPI:
    """Make the API."""
    guard = FastApiGuard(jwt_guard(issuer=issuer, base_url=BASE_URL, audience=issuer))
    app = FastAPI()

    @app.get("/whoami")
    async def whoami(principal: Annotated[Principal, guard.require("read")]) -> dict[str, str]:
        return {"client_id": str(principal.client_id)}

    return app


async def called(issuer: str, client_id: str, secret: str) -> dict[str, Any]:
    """Get a token, use it, and try to use it as a thief would, and its proof once more."""
    key, nonces = DpopKey.generate(), Nonces()
    authlib = AsyncOAuth2Client(client_id, secret, token_endpoint=f"{issuer}/token")
    async with use_dpop(authlib, key):
        token: str = (await authlib.fetch_token(grant_type="client_credentials"))["access_token"]
    url = f"{BASE_URL}/whoami"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api(issuer))) as there:
        holder = await there.get(url, auth=DpopAuth(key, token, nonces=nonces))
        thief = await there.get(url, auth=DpopAuth(DpopKey.generate(), token))
        proof = sign_proof(key, "GET", url, nonce=nonces.get(url), access_token=token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        twice = [(await there.get(url, headers=headers)).status_code for _ in range(2)]
    return {
        "holder": [holder.status_code, holder.json()],
        "thief": thief.status_code,
        "the same proof twice": twice,
        "whose": [WHOSE, client.WHOSE, SharedMemory.__module__],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(called(*sys.argv[1:]))))
