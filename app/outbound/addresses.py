"""Which addresses are on the public internet (RFC 6890 and the IANA registries it founded)."""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# https://www.iana.org/assignments/iana-ipv4-special-registry, with multicast beside it.
_SPECIAL_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared by carriers (CGNAT)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata services of clouds
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private use
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

# RFC 4291 §2.4, RFC 3587: all else is loopback, mapped IPv4, NAT64, unique or link-local, multicast
# or not assigned.
_GLOBAL_UNICAST_6 = IPv6Network("2000::/3")

# https://www.iana.org/assignments/iana-ipv6-special-registry, what of it lies in 2000::/3.
_SPECIAL_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: holds an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet's."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_4)
    return address in _GLOBAL_UNICAST_6 and not any(address in each for each in _SPECIAL_6)


def is_loopback(address: Address) -> bool:
    """Whether the address is this machine's own."""
    return any(address in network for network in LOOPBACK)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the server may go: to public addresses, and into these networks.

    ``http_on_loopback``: without TLS too, where the host is this machine. For development.
    """

    networks: tuple[Network, ...] = ()
    http_on_loopback: bool = False

    def includes(self, address: Address) -> bool:
        """Whether the server may connect there."""
        return is_public(address) or any(address in network for network in self.networks)


def networks_of(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Read networks as 10.0.0.0/8 or fd00::/8, or single addresses. Raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def parse(text: str) -> Address:
    """Read an address as the resolver writes it. Raises ValueError."""
    return ip_address(text)
