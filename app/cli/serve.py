"""``holdfast serve``: runs the server."""

from typing import Annotated

import typer

from .output import AsJson


def serve(
    *,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="PORT",
            min=0,
            max=65535,
            help="0: any free one. Default: the port of a loopback issuer, else 8000.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", metavar="N", min=1, max=256, help="Processes; more than one need Redis."
        ),
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Run the server, with all it needs made at the first start."""
    from .serving import Listen, serve_forever  # noqa: PLC0415  --help must not wait for uvicorn

    serve_forever(Listen(host, port), workers=workers, as_json=as_json)
