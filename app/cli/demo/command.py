"""The command ``holdfast demo``."""

from ..output import AsJson, Failure, show

PROLOGUE = (
    "Most OAuth access tokens are *bearer* tokens: whoever holds one can use it, like cash. "
    "DPoP, RFC 9449, binds every token to a *key* that only the client has. Each request then "
    "carries a *proof*, a few signed lines made with that key, and a token that was stolen "
    "without the key is useless. Everything below really happens."
)
EPILOGUE = (
    "*That is DPoP.* The token worked for the key it is bound to, and three thefts came to "
    "nothing. Next: `holdfast serve` runs a server of your own, README.md takes you through "
    "the same flow by hand, and docs/dpop.md lists every check that a proof has to pass."
)


def demo(*, as_json: AsJson = False) -> None:
    """Watch a whole DPoP flow, and three attacks that fail."""
    from .expectations import StepFailed  # noqa: PLC0415  --help must not wait for these
    from .narrator import Narrator  # noqa: PLC0415  as above
    from .server import starting_server  # noqa: PLC0415  as above

    narrator = Narrator(quiet=as_json)
    narrator.say(PROLOGUE)
    try:
        with starting_server() as started:
            # While the server starts on another core, this one loads what the steps need.
            from .story import play  # noqa: PLC0415  see above

            record = play(started(), narrator)
    except StepFailed as failure:
        raise Failure(str(failure)) from None
    narrator.say(EPILOGUE)
    show({"ok": True, "steps": record}, as_json=as_json)
