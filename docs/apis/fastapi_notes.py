"""An API in FastAPI, which takes access tokens of one issuer, each with a proof of its key."""

import os
from typing import Annotated, Any

from fastapi import FastAPI
from holdfast_guard import Principal, jwt_guard
from holdfast_guard.fastapi import FastApiGuard

guard = FastApiGuard(
    jwt_guard(
        issuer=os.environ["ISSUER"],
        audience=os.environ["AUDIENCE"],
        # Where clients reach this API. A proof names its URL; the Host header proves nothing.
        base_url=os.environ.get("BASE_URL", "http://127.0.0.1:3000"),
        nonce=os.environ.get("NONCE", "auto"),
    )
)
app = FastAPI()
Reader = Annotated[Principal, guard.require("notes.read")]


@app.get("/notes")
async def notes(reader: Reader) -> dict[str, Any]:
    """List the notes of whoever asks."""
    return {"notes": ["Buy milk"], "owner": reader.subject}
