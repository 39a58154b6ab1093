"""Which new passwords are taken (NIST SP 800-63B-4 §3.1.1)."""

import unicodedata
from itertools import pairwise

from .errors import PasswordRefused

# SP 800-63B-4 §3.1.1.2: passwords that are used as a single-factor authentication mechanism SHALL
# be a minimum of 15 characters in length; a maximum of at least 64 SHOULD be permitted; other
# composition rules SHALL NOT be imposed.
MIN_LENGTH = 15
MAX_LENGTH = 256
MIN_DIFFERENT = 5


def normalized(password: str) -> str:
    """Write equal texts in equal characters (NFKC), whatever keyboard they come from."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, email: str) -> None:
    """Raise PasswordRefused, saying why, unless this may be the password of ``email``."""
    length = len(normalized(password))
    if length < MIN_LENGTH:
        raise PasswordRefused(
            f"the password has {length} characters, expected at least {MIN_LENGTH}; "
            "a few unrelated words make a good one"
        )
    if max(length, len(password)) > MAX_LENGTH:
        raise PasswordRefused(f"the password has more than {MAX_LENGTH} characters")
    if not password.isprintable():
        raise PasswordRefused("the password holds characters that cannot be typed")
    # SP 800-63B-4 §3.1.1.2: the prospective secret SHALL be compared against a blocklist of
    # commonly used or expected passwords: repetitions, sequences, the user name and the like.
    if len(set(password.casefold())) < MIN_DIFFERENT or _is_sequence(password):
        raise PasswordRefused("the password repeats or counts up its characters; choose other ones")
    if password.casefold() in _expected(email.casefold()):
        raise PasswordRefused("the password is made from the address; choose another")


def _is_sequence(password: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in pairwise(password)}
    return steps in ({1}, {-1}) or password in "1234567890" * MAX_LENGTH


def _expected(email: str) -> set[str]:
    local, _, domain = email.partition("@")
    return {email, email[::-1], local + local, local + domain}
