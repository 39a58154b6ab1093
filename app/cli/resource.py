"""``holdfast resource …``: the command line's face of management.resources."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from ..management.views import resource_view
from ..oauth.ports import ResourceServer
from .output import AsJson, facts, show, table
from .running import managing

app = typer.Typer(no_args_is_help=True, help="Register the APIs that tokens are for.")

Uri = Annotated[str, typer.Argument(metavar="URI", help="Its URI, the aud of its tokens.")]


@app.command("add")
def add(
    uri: Uri,
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="WORDS", help="What it knows; may be repeated."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="Shown to people.")
    ] = None,
    access_token_lifetime: Annotated[
        int | None,
        typer.Option("--access-token-lifetime", metavar="SECONDS", help="Of its tokens."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register a resource server."""
    scopes = frozenset(" ".join(scope or ()).split())
    new = ResourceServer(uri, name or uri, scopes, access_token_lifetime)
    data = resource_view(managing(lambda m: m.resources.add(new)))
    show(data, Text("Registered."), facts(data), as_json=as_json)


@app.command("list")
def list_resources(*, as_json: AsJson = False) -> None:
    """List all resource servers."""
    found = [resource_view(each) for each in managing(lambda m: m.resources.list())]
    columns = ("uri", "name", "scope", "access_token_lifetime")
    people: RenderableType = table(columns, [[each[name] for name in columns] for each in found])
    if not found:
        people = Text("No resources yet: tokens are for the default audience only.")
    show(found, people, as_json=as_json)


@app.command("delete")
def delete(uri: Uri, *, as_json: AsJson = False) -> None:
    """Remove a resource server; its tokens live until they expire."""
    managing(lambda m: m.resources.delete(uri))
    show({"deleted": uri}, Text(f"Deleted {uri}."), as_json=as_json)
