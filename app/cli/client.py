"""``holdfast client …``: the command line's face of management.clients."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from ..management.new_client import ClientChange, NewClient
from ..management.views import client_view
from ..oauth.client import Client
from .client_exchange import exchange
from .client_options import (
    Bearer,
    BindRefreshTokens,
    ChosenId,
    ChosenMethod,
    ClientId,
    DetailsTypes,
    Enabled,
    GrantTypes,
    JwksFile,
    JwksUri,
    Name,
    NewBearer,
    NewBindRefreshTokens,
    NewName,
    NewNoncePolicy,
    NoncePolicy,
    NoRotation,
    Origins,
    RedirectUris,
    RequestObjectAlg,
    RequirePar,
    RequireRequestObject,
    ResourceServers,
    Rotation,
    Scopes,
    Type,
    Verified,
)
from .json_file import read_json_object
from .output import AsJson, facts, show, table
from .running import managing

if TYPE_CHECKING:
    from ..management.clients import WithSecret

app = typer.Typer(no_args_is_help=True, help="Register and manage clients.")


@app.command("add")
def add(
    *,
    client_type: Type,
    name: Name,
    redirect_uri: RedirectUris = None,
    scope: Scopes = None,
    client_id: ChosenId = None,
    auth_method: ChosenMethod = None,
    grant_type: GrantTypes = None,
    jwks_file: JwksFile = None,
    jwks_uri: JwksUri = None,
    allowed_origin: Origins = None,
    resource_server: ResourceServers = None,
    details_type: DetailsTypes = None,
    dpop_nonce: NoncePolicy = None,
    no_rotation: NoRotation = False,
    bind_refresh_tokens: BindRefreshTokens = False,
    require_par: RequirePar = None,
    require_request_object: RequireRequestObject = None,
    request_object_alg: RequestObjectAlg = None,
    bearer: Bearer = False,
    as_json: AsJson = False,
) -> None:
    """Register a client, with defaults that are safe for its type."""
    new = NewClient(
        type=client_type,
        client_name=name,
        redirect_uris=tuple(redirect_uri or ()),
        scopes=_words(scope) or frozenset(),
        auth_method=auth_method,
        grant_types=frozenset(grant_type) if grant_type else None,
        jwks=_read_jwks(jwks_file),
        jwks_uri=jwks_uri,
        dpop_bound_access_tokens=not bearer,
        dpop_bound_refresh_tokens=bind_refresh_tokens,
        dpop_nonce=dpop_nonce,
        rotate_refresh_tokens=not no_rotation,
        require_pushed_authorization_requests=bool(require_par),
        require_signed_request_object=bool(require_request_object),
        request_object_signing_alg=request_object_alg or None,
        allowed_origins=tuple(allowed_origin or ()),
        resource_uris=tuple(resource_server or ()),
        authorization_details_types=frozenset(details_type or ()),
        client_id=client_id,
    )
    _show_with_secret("Registered.", managing(lambda m: m.clients.add(new)), as_json=as_json)


@app.command("list")
def list_clients(*, as_json: AsJson = False) -> None:
    """List all clients."""
    found = managing(lambda m: m.clients.list())
    rows = [
        (
            each.client_id,
            each.client_name,
            each.auth_method.value,
            " ".join(sorted(each.grant_types)),
            _state(each),
        )
        for each in found
    ]
    people: RenderableType = table(("client_id", "name", "authenticates by", "grants", ""), rows)
    if not rows:
        people = Text("No clients yet. Register one with `holdfast client add --help`.")
    show([client_view(each) for each in found], people, as_json=as_json)


@app.command("show")
def show_client(client_id: ClientId, *, as_json: AsJson = False) -> None:
    """Show a client's metadata."""
    metadata = client_view(managing(lambda m: m.clients.show(client_id)))
    show(metadata, facts(_for_people(metadata)), as_json=as_json)


@app.command("update")
def update(
    client_id: ClientId,
    *,
    name: NewName = None,
    redirect_uri: RedirectUris = None,
    scope: Scopes = None,
    grant_type: GrantTypes = None,
    jwks_file: JwksFile = None,
    jwks_uri: JwksUri = None,
    allowed_origin: Origins = None,
    resource_server: ResourceServers = None,
    details_type: DetailsTypes = None,
    dpop_nonce: NewNoncePolicy = None,
    rotation: Rotation = None,
    bind_refresh_tokens: NewBindRefreshTokens = None,
    require_par: RequirePar = None,
    require_request_object: RequireRequestObject = None,
    request_object_alg: RequestObjectAlg = None,
    bearer: NewBearer = None,
    verified: Verified = None,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Change a client. A list that is given replaces the one there is; '' empties it."""
    change = ClientChange(
        client_name=name,
        redirect_uris=_given(redirect_uri),
        scopes=_words(scope),
        grant_types=frozenset(grant_type) if grant_type else None,
        jwks=_read_jwks(jwks_file),
        jwks_uri=jwks_uri,
        dpop_bound_access_tokens=None if bearer is None else not bearer,
        dpop_bound_refresh_tokens=bind_refresh_tokens,
        dpop_nonce=dpop_nonce,
        rotate_refresh_tokens=rotation,
        require_pushed_authorization_requests=require_par,
        require_signed_request_object=require_request_object,
        request_object_signing_alg=request_object_alg,
        allowed_origins=_given(allowed_origin),
        resource_uris=_given(resource_server),
        authorization_details_types=_words(details_type),
        unverified=None if verified is None else not verified,
        disabled=None if enabled is None else not enabled,
    )
    if change == ClientChange():
        raise typer.BadParameter("nothing to change; see `holdfast client update --help`")
    metadata = client_view(managing(lambda m: m.clients.update(client_id, change)))
    show(metadata, facts(_for_people(metadata)), as_json=as_json)


app.command("exchange")(exchange)


@app.command("block")
def block(
    url: Annotated[str, typer.Argument(metavar="URL", help="The client_id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Keep out a client whose client_id is a URL, until it is deleted."""
    metadata = client_view(managing(lambda m: m.clients.block(url)))
    show(metadata, Text(f"Blocked {url}. `holdfast client delete` lifts this."), as_json=as_json)


@app.command("rotate-secret")
def rotate_secret(
    client_id: ClientId,
    *,
    overlap: Annotated[
        int,
        typer.Option("--overlap", metavar="SECONDS", help="How long the old secret still works."),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Give a client a new secret."""
    rotated = managing(lambda m: m.clients.rotate_secret(client_id, overlap=overlap))
    _show_with_secret("The secret is new.", rotated, as_json=as_json)


@app.command("delete")
def delete(client_id: ClientId, *, as_json: AsJson = False) -> None:
    """Delete a client with its consents and refresh tokens."""
    managing(lambda m: m.clients.delete(client_id))
    show({"deleted": client_id}, Text(f"Deleted {client_id}."), as_json=as_json)


def _show_with_secret(headline: str, made: "WithSecret", *, as_json: bool) -> None:
    metadata = client_view(made.client)
    if made.client_secret is not None:
        metadata["client_secret"] = made.client_secret
    people: list[RenderableType] = [Text(headline), facts(_for_people(metadata))]
    if made.client_secret is not None:
        people.append(Text("The secret is shown this once and stored as a hash: keep it now."))
    show(metadata, *people, as_json=as_json)


def _for_people(metadata: dict[str, Any]) -> dict[str, Any]:
    left_out = {"client_id_issued_at", "client_secrets"}
    return {name: value for name, value in metadata.items() if name not in left_out}


def _state(client: Client) -> str:
    state = "disabled" if client.disabled else "enabled"
    return f"{state}, unverified" if client.unverified else state


def _words(values: Sequence[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(" ".join(values).split())


def _given(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(value for value in values if value)


def _read_jwks(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    return read_json_object(path, "--jwks-file", 'like {"keys": [{…}]}')
