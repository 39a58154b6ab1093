"""The one refusal of this package."""


class Refused(Exception):
    """What an administrator asked for breaks a rule; nothing was changed.

    ``field`` names the member at fault as the protocol spells it ("redirect_uris", "email", …).
    ``sentence`` says what was expected and what came, and holds no secret.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.sentence = sentence


class NotFound(Refused):
    """There is nothing of that name."""
