"""The command ``holdfast demo``."""

from ..output import AsJson


def demo(*, as_json: AsJson = False) -> None:
    """Watch a whole DPoP flow, and three attacks that fail."""
    from .story import tell  # noqa: PLC0415  --help must not wait for Authlib

    tell(as_json=as_json)
