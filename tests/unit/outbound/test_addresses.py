"""Which addresses the server connects to for somebody else."""

from ipaddress import ip_address

import pytest

from app.outbound.addresses import Reach, is_loopback, is_public, networks_of


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("0.0.0.0", id="unspecified"),  # noqa: S104  an address to refuse, not to bind
        pytest.param("0.1.2.3", id="this network"),
        pytest.param("10.1.2.3", id="private, 10"),
        pytest.param("100.64.0.1", id="CGNAT"),
        pytest.param("100.127.255.254", id="CGNAT, the end"),
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.255.255.254", id="loopback, the end"),
        pytest.param("169.254.169.254", id="link-local, a cloud's metadata"),
        pytest.param("172.16.0.1", id="private, 172.16"),
        pytest.param("172.31.255.254", id="private, the end of 172.16"),
        pytest.param("192.0.0.8", id="protocol assignments"),
        pytest.param("192.0.2.1", id="documentation 1"),
        pytest.param("192.31.196.1", id="AS112"),
        pytest.param("192.52.193.1", id="AMT"),
        pytest.param("192.88.99.1", id="6to4 relay"),
        pytest.param("192.168.1.1", id="private, 192.168"),
        pytest.param("192.175.48.1", id="AS112, delegated"),
        pytest.param("198.18.0.1", id="benchmarking"),
        pytest.param("198.19.255.254", id="benchmarking, the end"),
        pytest.param("198.51.100.1", id="documentation 2"),
        pytest.param("203.0.113.1", id="documentation 3"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("239.255.255.250", id="multicast, local"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("::", id="unspecified 6"),
        pytest.param("::1", id="loopback 6"),
        pytest.param("::8.8.8.8", id="IPv4-compatible"),
        pytest.param("::ffff:8.8.8.8", id="IPv4-mapped"),
        pytest.param("::ffff:127.0.0.1", id="IPv4-mapped loopback"),
        pytest.param("64:ff9b::8.8.8.8", id="NAT64"),
        pytest.param("64:ff9b::127.0.0.1", id="NAT64 of loopback"),
        pytest.param("64:ff9b:1::1", id="NAT64, local"),
        pytest.param("100::1", id="discard"),
        pytest.param("2001::1", id="Teredo"),
        pytest.param("2001:2::1", id="benchmarking 6"),
        pytest.param("2001:10::1", id="ORCHID"),
        pytest.param("2001:20::1", id="ORCHID 2"),
        pytest.param("2001:db8::1", id="documentation 6"),
        pytest.param("2002:7f00:1::1", id="6to4 of loopback"),
        pytest.param("2002:808:808::1", id="6to4"),
        pytest.param("2620:4f:8000::1", id="AS112, delegated, 6"),
        pytest.param("3fff::1", id="documentation 6, new"),
        pytest.param("5f00::1", id="segment routing"),
        pytest.param("fc00::1", id="unique local"),
        pytest.param("fd12:3456::1", id="unique local, own"),
        pytest.param("fe80::1", id="link-local 6"),
        pytest.param("fe80::1%eth0", id="link-local with a zone"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("ff02::1", id="multicast 6"),
        pytest.param("ff0e::1", id="multicast 6, global"),
        pytest.param("4000::1", id="not assigned"),
    ],
)
def test_an_address_for_a_special_use_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
    ],
)
def test_every_other_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_the_server_goes_into_the_networks_that_it_is_given_and_no_further() -> None:
    reach = Reach(networks_of(("10.1.0.0/16", "fd00:1::/32")))
    assert reach.includes(ip_address("10.1.255.1"))
    assert reach.includes(ip_address("fd00:1::5"))
    assert not reach.includes(ip_address("10.2.0.1"))
    assert not reach.includes(ip_address("::ffff:10.1.0.1"))
    assert not reach.includes(ip_address("fd00:2::1"))


def test_only_this_machine_is_loopback() -> None:
    assert is_loopback(ip_address("127.8.0.1"))
    assert is_loopback(ip_address("::1"))
    assert not is_loopback(ip_address("::ffff:127.0.0.1"))
    assert not is_loopback(ip_address("10.0.0.1"))
