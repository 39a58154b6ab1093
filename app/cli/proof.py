"""``holdfast proof …``: the command line's face of dpop.inspection."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .output import AsJson, Failure

app = typer.Typer(no_args_is_help=True, help="Look into DPoP proofs.")

MAX_INPUT = 64 * 1024


@app.callback()
def _proof() -> None:
    """Look into DPoP proofs."""


@app.command("inspect")
def inspect(
    *,
    proof: Annotated[
        str | None, typer.Argument(metavar="[PROOF]", help="Without it, stdin is read.")
    ] = None,
    method: Annotated[
        str,
        typer.Option("--method", metavar="METHOD", help="Of the request that the proof is for."),
    ] = "POST",
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Its URL. Default: this server's /token."),
    ] = None,
    access_token_file: Annotated[
        Path | None,
        typer.Option(
            "--access-token-file", metavar="PATH", help="The access token sent along, to check ath."
        ),
    ] = None,
    jkt: Annotated[
        str | None,
        typer.Option("--jkt", metavar="JKT", help="The cnf.jkt of the token sent along."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decode a proof and make every check of RFC 9449 section 4.3; nothing is consumed.

    Exits 1 if a check fails.
    """
    from .inspecting import Request, report  # noqa: PLC0415  --help must not wait for crypto

    value = proof if proof is not None else sys.stdin.read(MAX_INPUT)
    token = _read_token(access_token_file)
    report(_without_name(value), Request(method, url, token, jkt), as_json=as_json)


def _without_name(value: str) -> str:
    """Take a pasted header field's name away."""
    name, colon, rest = value.strip().partition(":")
    return rest.strip() if colon and name.lower() == "dpop" else value.strip()


def _read_token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise Failure(f"--access-token-file: {path} cannot be read ({error})") from None
