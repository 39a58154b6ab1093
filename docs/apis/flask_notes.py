"""An API in Flask behind a proxy that asks Holdfast about every request: see nginx.conf.

It must listen where only the proxy can reach it, for it believes what the header fields say.
"""

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

app = Flask(__name__)


@app.get("/notes")
def notes() -> ResponseReturnValue:
    """List the notes of whoever asks."""
    if "notes.read" not in request.headers.get("X-Holdfast-Scope", "").split():
        return jsonify(error="insufficient_scope"), 403
    return jsonify(notes=["Buy milk"], owner=request.headers["X-Holdfast-Subject"])
