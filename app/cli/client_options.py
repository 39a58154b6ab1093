"""The options and arguments of ``holdfast client``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..management.client_types import ClientType
from ..oauth.client import AuthMethod, GrantType

ClientId = Annotated[str, typer.Argument(metavar="CLIENT_ID", help="The client_id.")]
RedirectUris = Annotated[
    list[str] | None,
    typer.Option(
        "--redirect-uri", metavar="URI", help="Where people come back to; may be repeated."
    ),
]
Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", metavar="WORDS", help="What it may ask for: words, in one option or several."
    ),
]
GrantTypes = Annotated[
    list[GrantType] | None,
    typer.Option("--grant-type", help="Instead of the type's own; may be repeated."),
]
JwksFile = Annotated[
    Path | None,
    typer.Option(
        "--jwks-file",
        metavar="PATH",
        help="Public keys of private_key_jwt and request objects, a JWK set; - for stdin.",
    ),
]
JwksUri = Annotated[
    str | None,
    typer.Option(
        "--jwks-uri", metavar="URL", help="Where it publishes these keys, instead of a file."
    ),
]
Origins = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-origin",
        metavar="ORIGIN",
        help="An origin whose pages may call; may be repeated.",
    ),
]
ResourceServers = Annotated[
    list[str] | None,
    typer.Option(
        "--resource-server",
        metavar="URI",
        help="A registered API it speaks for: it may introspect its tokens. May be repeated.",
    ),
]
DetailsTypes = Annotated[
    list[str] | None,
    typer.Option(
        "--details-type",
        metavar="TYPE",
        help="A type of authorization details it may use (RFC 9396). May be repeated.",
    ),
]
RequirePar = Annotated[
    bool | None,
    typer.Option("--require-par/--no-require-par", help="Of authorization requests (RFC 9126)."),
]
RequireRequestObject = Annotated[
    bool | None,
    typer.Option(
        "--require-request-object/--no-require-request-object",
        help="Refuse unsigned authorization requests (RFC 9101).",
    ),
]
RequestObjectAlg = Annotated[
    str | None,
    typer.Option(
        "--request-object-alg", metavar="ALG", help="What it signs request objects with; '': none."
    ),
]
Name = Annotated[
    str, typer.Option("--name", metavar="TEXT", help="Shown to people when they consent.")
]
NewName = Annotated[str | None, typer.Option("--name", metavar="TEXT", help="The new name.")]
ChosenId = Annotated[
    str | None, typer.Option("--client-id", metavar="ID", help="Instead of a random one.")
]
ChosenMethod = Annotated[
    AuthMethod | None, typer.Option("--auth-method", help="Instead of the type's own.")
]
NoncePolicy = Annotated[
    Literal["off", "auto", "required"] | None,
    typer.Option("--dpop-nonce", help="Instead of the server's nonce policy."),
]
NewNoncePolicy = Annotated[
    Literal["off", "auto", "required", "default"] | None,
    typer.Option("--dpop-nonce", help="default: the server's policy."),
]
NoRotation = Annotated[
    bool, typer.Option("--no-rotation", help="Keep one refresh token (FAPI 2.0).")
]
Rotation = Annotated[
    bool | None, typer.Option("--rotation/--no-rotation", help="Of refresh tokens.")
]
BindRefreshTokens = Annotated[
    bool,
    typer.Option("--bind-refresh-tokens", help="To the key, also for a confidential client."),
]
NewBindRefreshTokens = Annotated[
    bool | None,
    typer.Option("--bind-refresh-tokens/--no-bind-refresh-tokens", help="To the key."),
]
Bearer = Annotated[
    bool, typer.Option("--bearer", help="Allow tokens bound to no key. Rarely right.")
]
NewBearer = Annotated[
    bool | None, typer.Option("--bearer/--no-bearer", help="Tokens bound to no key.")
]
Verified = Annotated[
    bool | None,
    typer.Option(
        "--verified/--unverified", help="Whether you stand for a client that registered itself."
    ),
]
Enabled = Annotated[
    bool | None, typer.Option("--enable/--disable", help="A disabled client gets nothing.")
]
Type = Annotated[ClientType, typer.Option("--type", help="What the client is.")]
