"""``holdfast details-type …``: the command line's face of management.details_types."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from ..management.views import details_type_view
from ..oauth.details_type import DetailsType
from .json_file import read_json_object
from .output import AsJson, facts, show, table
from .running import managing

app = typer.Typer(
    no_args_is_help=True, help="Register what clients may ask for in detail (RFC 9396)."
)

Type = Annotated[str, typer.Argument(metavar="TYPE", help="Its name, as clients write it.")]


@app.command("add")
def add(
    type_: Type,
    *,
    schema_file: Annotated[
        Path,
        typer.Option(
            "--schema-file", metavar="PATH", help="What its objects look like; - for stdin."
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="Shown to people.")
    ] = None,
    resource: Annotated[
        str | None,
        typer.Option("--resource", metavar="URI", help="The one registered API it is for."),
    ] = None,
    ask_always: Annotated[
        bool, typer.Option("--ask-always", help="People are asked each time, as for payments.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Register a type of authorization details, defined by a JSON Schema (draft 2020-12)."""
    schema = read_json_object(schema_file, "--schema-file", 'like {"type": "object", …}')
    new = DetailsType(type_, name or type_, schema, resource, ask_always)
    data = details_type_view(managing(lambda m: m.details_types.add(new)))
    told = {name: value for name, value in data.items() if name != "schema"}
    show(data, Text("Registered."), facts(told), as_json=as_json)


@app.command("list")
def list_types(*, as_json: AsJson = False) -> None:
    """List all types."""
    found = [details_type_view(each) for each in managing(lambda m: m.details_types.list())]
    columns = ("type", "name", "resource_uri", "ask_always")
    people: RenderableType = table(columns, [[each[name] for name in columns] for each in found])
    if not found:
        people = Text("No types yet: no client can send authorization_details.")
    show(found, people, as_json=as_json)


@app.command("delete")
def delete(type_: Type, *, as_json: AsJson = False) -> None:
    """Remove a type; tokens that carry it live until they expire."""
    managing(lambda m: m.details_types.delete(type_))
    show({"deleted": type_}, Text(f"Deleted {type_}."), as_json=as_json)
