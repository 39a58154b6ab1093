"""Why something could not be fetched. Each sentence is for the developer of the client at fault."""

from typing import ClassVar


class FetchFailed(Exception):
    """Nothing was fetched.

    ``sentence`` begins with what failed and says what would help; it tells nothing of networks that
    are not public. ``is_passing``: the same URL may do later, with nothing changed there.
    ``spares``: what was fetched there before may still be used for a while.
    """

    is_passing: ClassVar[bool] = False
    spares: ClassVar[bool] = False

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotAllowed(FetchFailed):
    """The URL is none that this server asks for anybody."""


class BadAnswer(FetchFailed):
    """The host answered, and the answer cannot be used."""


class NoAddress(FetchFailed):
    """The host is not there, or not on the public internet."""

    spares = True


class Unreachable(FetchFailed):
    """The host did not answer, or said that it cannot for now."""

    is_passing = True
    spares = True


class Busy(FetchFailed):
    """The server has asked enough for the moment."""

    is_passing = True
    spares = True
