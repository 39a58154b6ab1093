"""Where the server may go for clients, and whose documents it takes: wrong settings stop it."""

import pytest

from app.settings import SettingsError, load_settings


@pytest.mark.parametrize("networks", ["10.0.0.1/8", "inner", "10.0.0.0/33", "client.example"])
def test_what_is_no_network_stops_the_start(networks: str) -> None:
    with pytest.raises(SettingsError, match="HOLDFAST_OUTBOUND_NETWORKS: expected networks like"):
        load_settings(outbound_networks=networks)


@pytest.mark.parametrize("network", ["127.0.0.0/8", "127.0.0.1", "::1", "0.0.0.0/0", "::/0"])
def test_only_a_server_on_loopback_may_ask_there(network: str) -> None:
    assert load_settings(outbound_networks=network).outbound_networks == (network,)
    with pytest.raises(SettingsError, match=r"HOLDFAST_OUTBOUND_NETWORKS.*loopback"):
        load_settings(outbound_networks=network, issuer="https://auth.example")


@pytest.mark.parametrize("hosts", ["https://client.example", "*", "*.", "client.example/a", "a b"])
def test_what_is_no_host_stops_the_start(hosts: str) -> None:
    with pytest.raises(SettingsError, match="HOLDFAST_CLIENT_ID_METADATA_HOSTS: expected hosts"):
        load_settings(client_id_metadata_hosts=hosts)


def test_documents_are_off_unless_they_are_turned_on() -> None:
    assert not load_settings().client_id_metadata_documents
