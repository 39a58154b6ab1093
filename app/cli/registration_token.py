"""``holdfast registration-token …``: the command line's face of management.registration_tokens."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from ..management.new_registration_token import WEEK, NewInitialToken
from ..management.views import registration_token_view
from ..oauth.client import GrantType
from .output import AsJson, facts, moment, show, table
from .running import managing

app = typer.Typer(no_args_is_help=True, help="Let others register clients at /register.")


@app.command("add")
def add(
    *,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="For you: who gets it, and what for.")
    ] = "",
    uses: Annotated[
        int, typer.Option("--uses", metavar="N", help="How many clients it may register.")
    ] = 1,
    lifetime: Annotated[
        int, typer.Option("--lifetime", metavar="SECONDS", help="How long it is good; a week.")
    ] = WEEK,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", metavar="WORDS", help="Beyond HOLDFAST_REGISTRATION_SCOPES; may be repeated."
        ),
    ] = None,
    grant_type: Annotated[
        list[GrantType] | None,
        typer.Option(
            "--grant-type",
            help="Beyond the authorization code and refresh tokens; may be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an initial access token (RFC 7591 §1.2)."""
    new = NewInitialToken(
        note=note,
        uses=uses,
        lifetime=lifetime,
        scopes=frozenset(" ".join(scope or ()).split()),
        grant_types=frozenset(each.value for each in grant_type or ()),
    )
    token, value = managing(lambda m: m.registration_tokens.add(new))
    data = registration_token_view(token) | {"token": value}
    show(
        data,
        Text("Made."),
        facts({**data, "expires_at": moment(token.expires_at), "created_at": "now"}),
        Text("The token is shown this once and stored as a hash: keep it now."),
        as_json=as_json,
    )


@app.command("list")
def list_tokens(*, as_json: AsJson = False) -> None:
    """List all initial access tokens, those that are used up or expired too."""
    found = managing(lambda m: m.registration_tokens.list())
    rows = [
        (each.token_id, each.note or "-", each.uses_left, moment(each.expires_at)) for each in found
    ]
    people: RenderableType = table(("id", "note", "uses left", "good until"), rows)
    if not rows:
        people = Text("No registration tokens. `holdfast registration-token add` makes one.")
    show([registration_token_view(each) for each in found], people, as_json=as_json)


@app.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, from the list.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Remove an initial access token; the clients that it let in stay."""
    managing(lambda m: m.registration_tokens.revoke(token_id))
    show({"revoked": token_id}, Text(f"Revoked {token_id}."), as_json=as_json)
