"""HOLDFAST_DPOP_ALGS: only what this server can verify, or it does not start."""

import pytest

from app.dpop.algorithms import ALGORITHMS
from app.settings import SettingsError, load_settings


@pytest.mark.parametrize("algs", ["HS256", "none", "ES256,RS512", "es256", "ES256K"])
def test_an_algorithm_that_this_server_cannot_verify_stops_the_start(algs: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(dpop_algs=algs)
    line = str(caught.value)
    assert line.startswith("HOLDFAST_DPOP_ALGS: expected some of ES256, ")
    assert f"received '{algs.rsplit(',', maxsplit=1)[-1]}'" in line
    assert "\n" not in line


def test_no_algorithm_at_all_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="HOLDFAST_DPOP_ALGS: must name at least one"):
        load_settings(dpop_algs=" , ")


@pytest.mark.rfc("9449", "4.3")
def test_every_algorithm_that_this_server_can_verify_may_be_set() -> None:
    assert load_settings(dpop_algs=",".join(ALGORITHMS)).dpop_algs == tuple(ALGORITHMS)
