"""What a request with a proof can run into, beside what httpx raises."""

import httpx


class RedirectRefused(httpx.RequestError):
    """A redirect would take the proof to a URL that it does not name. Nothing was sent there."""


class BodyNotReplayable(httpx.RequestError):
    """The server wants a nonce, and the body was a stream that is spent.

    The nonce is remembered: make the stream again and send the request once more.
    """
