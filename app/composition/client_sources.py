"""Where clients and their keys come from: the database, and where they say so themselves, the web.

Nobody is asked in the name of strangers but hosts on the public internet. While the server is on
loopback, for development, this machine may be asked too, if the settings name its network.
"""

from dataclasses import dataclass

from ..clock import Clock
from ..management.client_documents import ClientDocuments, Hosts, Terms
from ..management.client_rules import Policy
from ..management.clients_by_url import AnyOrigin, ClientsByUrl
from ..management.published_keys import PublishedKeys
from ..oauth.client import GrantType
from ..oauth.ports import ClientKeys, Clients, Origins
from ..outbound.addresses import Network, Reach, networks_of
from ..outbound.fetcher import Fetcher
from ..settings import Settings
from ..storage.database import SqlDatabase
from .feature import Feature

_GRANTS: frozenset[str] = frozenset(
    {GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN, GrantType.DEVICE_CODE}
)


@dataclass(frozen=True, slots=True)
class ClientSources:
    """``clients`` may ask another host for one, ``known`` never does."""

    clients: Clients
    known: Clients
    keys: ClientKeys


def client_sources(settings: Settings, clock: Clock, database: SqlDatabase) -> ClientSources:
    """Build the look-ups of one server."""
    networks = networks_of(settings.outbound_networks)
    fetch_registered = Fetcher(_reach(settings, networks), clock)
    fetch_unverified = Fetcher(_reach(settings, _own(networks)), clock)
    keys = PublishedKeys(fetch_registered, fetch_unverified, clock)
    stored = database.clients
    if not settings.client_id_metadata_documents:
        return ClientSources(stored, stored, keys)
    hosts = Hosts(settings.client_id_metadata_hosts)
    # Whom an administrator names by host may be inside.
    reach = _reach(settings, networks if hosts.patterns else _own(networks))
    documents = ClientDocuments(
        Fetcher(reach, clock),
        clock,
        Policy(on_loopback=settings.is_on_loopback, profile=settings.rules),
        Terms(
            hosts=hosts,
            scopes=frozenset(settings.client_id_metadata_scopes),
            grant_types=_GRANTS,
            http_on_loopback=reach.http_on_loopback,
        ),
    )
    return ClientSources(
        clients=ClientsByUrl(stored, documents.find),
        known=ClientsByUrl(stored, documents.known),
        keys=keys,
    )


def clients_by_url(settings: Settings) -> Feature:
    """Say in the metadata whether they are taken."""
    # draft-ietf-oauth-client-id-metadata-document §5.
    taken = {"client_id_metadata_document_supported": True}
    return Feature((), metadata=taken if settings.client_id_metadata_documents else {})


def origins(settings: Settings, database: SqlDatabase) -> Origins:
    """Return the origins whose pages may call."""
    if not settings.client_id_metadata_documents:
        return database.origins
    return AnyOrigin(database.origins, Hosts(settings.client_id_metadata_hosts))


def _own(networks: tuple[Network, ...]) -> tuple[Network, ...]:
    return tuple(each for each in networks if each.is_loopback)


def _reach(settings: Settings, networks: tuple[Network, ...]) -> Reach:
    return Reach(networks, http_on_loopback=settings.is_on_loopback and bool(_own(networks)))
