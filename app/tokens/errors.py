"""What can go wrong with signing keys. The messages are for the operator and hold no secret."""


class SigningKeyError(Exception):
    """A signing key cannot be had, or may not be changed as asked."""


class KeyUnreadable(SigningKeyError):
    """A stored key does not open with the deployment's secret."""

    def __init__(self, kid: str) -> None:
        super().__init__(
            f"signing key {kid} does not open with HOLDFAST_SECRET_KEY, nor with "
            "HOLDFAST_SECRET_KEY_PREVIOUS if it is set: set the secret it was sealed with, or give "
            f"the key up with 'holdfast key revoke {kid}'"
        )
        self.kid = kid


class RotationTooEarly(SigningKeyError):
    """The next key is not yet known to everybody. ``seconds`` remain."""

    def __init__(self, kid: str, seconds: int) -> None:
        super().__init__(
            f"key {kid} may sign in {seconds} s: those who check tokens may hold a key set without "
            "it until then; --now activates it at once and breaks their checks"
        )
        self.kid = kid
        self.seconds = seconds


class KeyChanged(SigningKeyError):
    """Another process changed the keys in the same moment, or there is no such key."""
