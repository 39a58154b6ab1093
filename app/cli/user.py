"""``holdfast user …``: the command line's face of management.users."""

import sys
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from ..management.user_change import UserChange
from ..management.views import user_view
from .output import AsJson, Failure, facts, moment, show, table
from .running import managing

app = typer.Typer(no_args_is_help=True, help="Manage the people who can sign in.")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address they sign in with.")]
PasswordFromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from stdin, without its newline."),
]
COLUMNS = ("user_id", "email", "display_name", "is_admin", "disabled")


@app.command("add")
def add(
    email: Email,
    *,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="Shown to them.")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="May manage the server.")] = False,
    password_stdin: PasswordFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Add a person. Without --password-stdin the password is asked for, unseen."""
    password = _new_password(from_stdin=password_stdin)
    made = managing(lambda m: m.users.add(email, password, display_name=name or "", is_admin=admin))
    show(user_view(made), Text("Added."), facts(_for_people(user_view(made))), as_json=as_json)


@app.command("list")
def list_users(*, as_json: AsJson = False) -> None:
    """List all people."""
    found = [user_view(each) for each in managing(lambda m: m.users.list())]
    people: RenderableType = table(COLUMNS, [[each[name] for name in COLUMNS] for each in found])
    if not found:
        people = Text("Nobody yet. Add the first person with `holdfast user add EMAIL`.")
    show(found, people, as_json=as_json)


@app.command("update")
def update(
    email: Email,
    *,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="The new name.")
    ] = None,
    admin: Annotated[
        bool | None, typer.Option("--admin/--no-admin", help="May manage the server.")
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="A disabled person cannot sign in.")
    ] = None,
    password_stdin: PasswordFromStdin = False,
    ask_password: Annotated[
        bool, typer.Option("--password", help="Ask for a new password, unseen.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change a person: name, password, role, or whether they can sign in."""
    disabled = None if enabled is None else not enabled
    password = _new_password(from_stdin=password_stdin) if password_stdin or ask_password else None
    change = UserChange(name, admin, disabled, password)
    if change == UserChange():
        raise typer.BadParameter("nothing to change; see `holdfast user update --help`")
    changed = managing(lambda m: m.users.update(email, change))
    show(user_view(changed), facts(_for_people(user_view(changed))), as_json=as_json)


@app.command("delete")
def delete(email: Email, *, as_json: AsJson = False) -> None:
    """Delete a person with their consents and tokens."""
    managing(lambda m: m.users.delete(email))
    show({"deleted": email}, Text(f"Deleted {email}."), as_json=as_json)


def _new_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Failure(
            "there is no terminal to ask for a password; pipe it in with --password-stdin"
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _for_people(view: dict[str, Any]) -> dict[str, Any]:
    return {**view, "created_at": moment(view["created_at"])}
