"""``holdfast key …``: the command line's face of management.keys."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from ..management.views import key_view
from .output import AsJson, moment, show, table
from .running import managing

app = typer.Typer(no_args_is_help=True, help="Manage the keys that sign access tokens.")

COLUMNS = ("kid", "alg", "state", "created_at", "activated_at", "retired_at")


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List the signing keys, without their private halves."""
    found = [key_view(each) for each in managing(lambda m: m.keys.list())]
    rows = [[_for_people(name, each[name]) for name in COLUMNS] for each in found]
    people: RenderableType = table([name.removesuffix("_at") for name in COLUMNS], rows)
    if not found:
        people = Text("No keys yet: the server makes them when it starts for the first time.")
    show(found, people, as_json=as_json)


@app.command("rotate")
def rotate(
    *,
    now: Annotated[
        bool,
        typer.Option("--now", help="Even if some who check tokens do not know the key yet."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let the next key sign from now on; the old one still verifies."""
    kid = managing(lambda m: m.keys.rotate(now=now))
    people = Text(f"{kid} signs now. Running servers follow within a second.")
    show({"active": kid}, people, as_json=as_json)


@app.command("revoke")
def revoke(
    *,
    kid: Annotated[str, typer.Argument(metavar="KID", help="From `holdfast key list`.")],
    as_json: AsJson = False,
) -> None:
    """Withdraw a key at once: the tokens it signed stop being valid."""
    managing(lambda m: m.keys.revoke(kid))
    people = Text(f"{kid} is revoked, and the tokens it signed with it.")
    show({"revoked": kid}, people, as_json=as_json)


@app.command("reencrypt")
def reencrypt(*, as_json: AsJson = False) -> None:
    """Encrypt the keys at rest with the current HOLDFAST_SECRET_KEY."""
    count = managing(lambda m: m.keys.reencrypt())
    people = Text(
        f"{count} keys are encrypted with HOLDFAST_SECRET_KEY. "
        "HOLDFAST_SECRET_KEY_PREVIOUS is no longer needed for them."
    )
    show({"reencrypted": count}, people, as_json=as_json)


def _for_people(name: str, value: object) -> object:
    return moment(value) if name.endswith("_at") and isinstance(value, int) else value
