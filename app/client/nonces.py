"""What nonce each server wants next (RFC 9449 §8.2)."""

import re
from urllib.parse import urlsplit

# RFC 9449 §8.1: nonce = 1*NQCHAR; RFC 6749 Appendix A: NQCHAR = %x21 / %x23-5B / %x5D-7E.
_NONCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Nonces:
    """The latest nonce of each origin. One memory may serve many clients and threads."""

    def __init__(self) -> None:
        self._latest: dict[str, str] = {}

    def get(self, url: str) -> str | None:
        """Return the nonce to send to this URL's origin."""
        return self._latest.get(origin(url))

    def learn(self, url: str, nonce: str | None) -> bool:
        """Remember the DPoP-Nonce of an answer from this URL. False if there is none to use."""
        if nonce is None or not _NONCE.fullmatch(nonce):
            return False
        # RFC 9449 §8.2: the client MUST use the new nonce value for the next token request and
        # for all subsequent ones until the server supplies a new nonce.
        self._latest[origin(url)] = nonce
        return True


def origin(url: str) -> str:
    """Scheme, host and port of a URL, default ports written out (RFC 6454 §4)."""
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"
