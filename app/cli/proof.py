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
        str | None,
        typer.Argument(
            metavar="[PROOF]", help="Without it, stdin is read: the proof, or the request."
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            metavar="METHOD",
            help="Of the request that the proof is for. Default: that of the request, else POST.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="Its URL. Default: that of the request, else this server's /token.",
        ),
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

    Takes a proof, or the whole request that it came with: request line and header fields, as in a
    log or from curl -v. Exits 1 if a check fails.
    """
    from ..dpop.inquiry import Told  # noqa: PLC0415  as below
    from .inspecting import report  # noqa: PLC0415  --help must not wait for crypto

    value = proof if proof is not None else sys.stdin.read(MAX_INPUT)
    token = _read_token(access_token_file)
    told = Told(method=method, url=url, access_token=token, jkt=jkt)
    report(value, told, as_json=as_json)


def _read_token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise Failure(f"--access-token-file: {path} cannot be read ({error})") from None
