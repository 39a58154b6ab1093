"""The command line, ``holdfast …``. No rule lives here: management has them.

Modules import at the top only what ``--help`` needs; the rest comes in when a command runs.
"""


def main() -> None:
    """Run the command line; the console script."""
    from .root import root  # noqa: PLC0415  importing app.cli must cost nothing

    root()
