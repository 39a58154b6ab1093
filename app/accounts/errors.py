"""Why a person could not sign in, or a password was not taken."""


class WrongCredentials(Exception):
    """The address or the password is wrong; which of them is not told."""


class PasswordRefused(Exception):
    """A new password breaks a rule. ``description`` says which and what to do."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description
