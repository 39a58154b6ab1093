import pytest

from app.client import Nonces

URL = "https://as.example/token"


@pytest.fixture
def nonces() -> Nonces:
    nonces = Nonces()
    assert nonces.learn(URL, "one")
    return nonces


@pytest.mark.rfc("9449", "8.2")
def test_the_newest_nonce_takes_the_place_of_the_one_before(nonces: Nonces) -> None:
    nonces.learn(URL, "two")
    assert nonces.get(URL) == "two"


@pytest.mark.parametrize(
    "url", ["https://as.example/par?x=1", "https://as.example:443/", "https://AS.example"]
)
@pytest.mark.rfc("9449", "8.2")
def test_a_nonce_is_good_for_its_whole_origin(nonces: Nonces, url: str) -> None:
    assert nonces.get(url) == "one"


@pytest.mark.parametrize(
    "url",
    ["http://as.example/token", "https://as.example:444/token", "https://rs.example/token"],
)
@pytest.mark.rfc("9449", "8.2")
def test_a_nonce_is_never_sent_to_another_origin(nonces: Nonces, url: str) -> None:
    assert nonces.get(url) is None


@pytest.mark.parametrize("nonce", ["", "a b", 'a"b', "a\\b", "né", "a\n"])
@pytest.mark.rfc("9449", "8.1")
def test_what_is_no_nonce_by_its_syntax_is_not_remembered(nonces: Nonces, nonce: str) -> None:
    assert not nonces.learn(URL, nonce)
    assert nonces.get(URL) == "one"


def test_an_answer_without_a_nonce_changes_nothing(nonces: Nonces) -> None:
    assert not nonces.learn(URL, None)
    assert nonces.get(URL) == "one"
