"""``holdfast db …``: the tables."""

import asyncio

import typer
from rich.text import Text

from .output import AsJson, Failure, show

app = typer.Typer(no_args_is_help=True, help="Make and check the tables of the database.")


@app.command("upgrade")
def upgrade(*, as_json: AsJson = False) -> None:
    """Bring the tables up to date; safe to run from several places at once."""
    from ..settings import load_settings  # noqa: PLC0415  --help must not wait for SQLAlchemy
    from ..storage import migrate  # noqa: PLC0415  as above

    asyncio.run(migrate.upgrade(load_settings().sql_url))
    show({"upgraded": True}, Text("The tables are up to date."), as_json=as_json)


@app.command("check")
def check(*, as_json: AsJson = False) -> None:
    """Compare the tables with those that this version needs; change nothing."""
    from ..settings import load_settings  # noqa: PLC0415  --help must not wait for SQLAlchemy
    from ..storage import migrate  # noqa: PLC0415  as above

    try:
        asyncio.run(migrate.check(load_settings().sql_url))
    except migrate.SchemaMismatch as error:
        raise Failure(f"{str(error).rstrip('.')}; run `holdfast db upgrade`") from None
    show({"matches": True}, Text("The tables are those that this version needs."), as_json=as_json)
