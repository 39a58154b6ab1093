"""``holdfast client exchange``: what a client may exchange tokens for (RFC 8693)."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..management.new_client import ClientChange
from ..management.views import client_view
from ..oauth.client import Client, GrantType
from .output import AsJson, facts, show
from .running import managing

if TYPE_CHECKING:
    from .context import Management

_NOTHING = ClientChange(exchange_audiences=(), may_impersonate=False, may_delegate=False)
_SHOWN = ("client_id", "grant_types", "exchange_audiences", "may_impersonate", "may_delegate")


def exchange(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID", help="The client_id.")],
    *,
    audience: Annotated[
        list[str] | None,
        typer.Option(
            "--audience", metavar="URI", help="A registered API to get tokens for; may be repeated."
        ),
    ] = None,
    may_impersonate: Annotated[
        bool,
        typer.Option("--may-impersonate", help="As the subject alone, without an actor_token."),
    ] = False,
    may_delegate: Annotated[
        bool, typer.Option("--may-delegate", help="With an actor_token: act says who acts.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Allow no exchange any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Allow a confidential client to exchange tokens. What is not named is not allowed."""
    allowed = bool(audience) and (may_impersonate or may_delegate)
    if stop == allowed or (stop and (audience or may_impersonate or may_delegate)):
        raise typer.BadParameter(
            "name an --audience with --may-impersonate, --may-delegate or both; or --stop alone"
        )
    policy = replace(
        _NOTHING,
        exchange_audiences=tuple(audience or ()),
        may_impersonate=may_impersonate,
        may_delegate=may_delegate,
    )

    async def changed(management: "Management") -> Client:
        before = await management.clients.show(client_id)
        others = before.grant_types - {GrantType.TOKEN_EXCHANGE}
        # A client keeps its last grant: without a policy it does nothing.
        grants = others if stop and others else others | {GrantType.TOKEN_EXCHANGE}
        return await management.clients.update(client_id, replace(policy, grant_types=grants))

    view: dict[str, Any] = client_view(managing(changed))
    show(view, facts({name: view[name] for name in _SHOWN}), as_json=as_json)
