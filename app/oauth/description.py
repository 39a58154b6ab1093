"""The characters of error_description and its like (RFC 6749 §5.2, RFC 6750 §3)."""

import re

# RFC 6749 §5.2: error_description "MUST NOT include characters outside the set
# %x20-21 / %x23-5B / %x5D-7E", which leaves out the double quote and the backslash.
_OUTSIDE_THE_SET = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_STAND_INS = {'"': "'", "\\": "/", "\n": " ", "\t": " "}


def describe(text: str) -> str:
    """Make a text fit error_description, and the inside of a quoted-string (RFC 9110 §5.6.4)."""
    return _OUTSIDE_THE_SET.sub(lambda found: _STAND_INS.get(found[0], "?"), text)
