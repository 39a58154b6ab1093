"""Looking authorization details up: the part that the endpoints share (RFC 9396)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from . import authorization_details, details_type
from .authorization_details import Details, pointer, refused
from .client import Client
from .details_type import Types
from .ports import DetailsTypes, Resources
from .resource import Target


@dataclass(frozen=True, slots=True)
class Asked:
    """Details that conform to their types, and the resource servers that they are for."""

    types: Types = field(default_factory=dict)
    resources: tuple[str, ...] = ()

    @property
    def ask_always(self) -> bool:
        """Whether the person must be asked, whatever was allowed before."""
        return any(each.ask_always for each in self.types.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """The details of a token to be issued. ``named``: the token request names them itself.

    ``is_new``: no grant stands behind them, but the client alone; ``resources`` are then the
    resource servers that they are for.
    """

    details: Details = ()
    types: Types = field(default_factory=dict)
    named: bool = False
    is_new: bool = False
    resources: tuple[str, ...] = ()

    def aimed(self, target: Target) -> Target:
        """Give the target those of its audience. Raises InvalidAuthorizationDetails."""
        if not self.details:
            return target
        for index, each in enumerate(self.details):
            if self.named and not details_type.is_for(each, self.types, target.audience):
                sentence = f"expected to be for {', '.join(target.audience)}, as the token is"
                raise refused(pointer(index), sentence, each["type"])
        kept = details_type.for_audience(self.details, self.types, target.audience)
        return replace(target, authorization_details=kept)


NOTHING = Asked()
NONE_WANTED = Wanted()


class DetailsReader:
    """Holds authorization details to the registered types."""

    def __init__(self, types: DetailsTypes, resources: Resources) -> None:
        self._types = types
        self._resources = resources

    async def asked(self, details: Details, client: Client) -> Asked:
        """Check what a client asks for anew. Raises InvalidAuthorizationDetails."""
        if not details:
            return NOTHING
        types = await self.conforming(details)
        details_type.check_entitled(details, client)
        uris = details_type.resources_of(details, types)
        known = [uri for uri in uris if await self._resources.find(uri) is not None]
        details_type.check_registered(details, types, frozenset(known))
        return Asked(types, uris)

    async def wanted(self, value: str | None, granted: Details | None, client: Client) -> Wanted:
        """Decide the details of a token. Raises InvalidAuthorizationDetails.

        ``value`` is the parameter of the token request; ``granted`` what the grant allows, None
        where that is up to the client's registration.
        """
        named = authorization_details.parse(value)
        if not named and not granted:
            return NONE_WANTED
        if granted is None:
            asked = await self.asked(named, client)
            return Wanted(named, asked.types, named=True, is_new=True, resources=asked.resources)
        # RFC 9396 §7: If the client does not specify the authorization_details token request
        # parameters, the AS determines the resulting authorization_details at its discretion.
        if not named:
            return Wanted(granted, await self.types_of(granted))
        # RFC 9396 §8: The Token Error Response MUST conform to the rules given in Section 5.
        types = await self.conforming(named)
        return Wanted(authorization_details.narrow(named, granted), types, named=True)

    async def conforming(self, details: Details) -> Types:
        """Return the types, if all conform. Raises InvalidAuthorizationDetails."""
        types = await self.types_of(details)
        details_type.check(details, types)
        return types

    async def types_of(self, details: Details) -> Types:
        """Return the types that are still registered."""
        names = authorization_details.types_of(details)
        found = [await self._types.find(name) for name in names]
        return {each.type: each for each in found if each is not None}

    async def for_audience(self, details: Details, audience: Sequence[str]) -> Details:
        """Keep what concerns an audience (RFC 9396 §9)."""
        if not details:
            return ()
        return details_type.for_audience(details, await self.types_of(details), audience)
