"""The root of all commands, and how refusals end: one line on stderr and exit code 1."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import (
    client,
    database,
    details_type,
    key,
    proof,
    registration_token,
    resource,
    serve,
    user,
)
from .demo import command as demo
from .doctor import doctor
from .failures import in_one_line
from .output import say_failure


class _Commands(TyperGroup):
    """Turns what commands raise into exit codes: 1 refused or failed, 2 wrong usage."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  as the parent class has it
        try:
            return super().invoke(ctx)
        except Exception as error:
            line = in_one_line(error)
            if line is None:
                raise
            say_failure(line)
            raise typer.Exit(1) from None


root = typer.Typer(
    cls=_Commands,
    name="holdfast",
    help="An OAuth 2.0 authorization server whose tokens are bound to a key the client holds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  only --version needs it

        typer.echo(f"holdfast {version('holdfast')}")
        raise typer.Exit


@root.callback()
def _root(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


root.command("serve")(serve.serve)
root.command("demo")(demo.demo)
root.command("doctor")(doctor)
root.add_typer(client.app, name="client")
root.add_typer(user.app, name="user")
root.add_typer(resource.app, name="resource")
root.add_typer(details_type.app, name="details-type")
root.add_typer(registration_token.app, name="registration-token")
root.add_typer(key.app, name="key")
root.add_typer(database.app, name="db")
root.add_typer(proof.app, name="proof")
