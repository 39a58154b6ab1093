"""One check of a proof, in words for who wrote the client."""

from dataclasses import dataclass

RFC = "https://www.rfc-editor.org/rfc/rfc9449"
KEY_MANAGEMENT = "NIST SP 800-57 Part 1, section 5.2"
KEY_MANAGEMENT_LINK = "https://doi.org/10.6028/NIST.SP.800-57pt1r5"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the check wants, what its failure means, what usually causes it, and the cure.

    ``example`` is right, and short; ``{issuer}`` in it stands for the server's. ``section`` is that
    of RFC 9449, None where the rule is of another source; ``number`` that of the check in its
    section 4.3, where it has one. ``error`` is the code of the answer.
    """

    title: str
    rule: str
    meaning: str
    causes: tuple[str, ...]
    cure: str
    example: str
    section: str | None
    number: int | None = None
    error: str = "invalid_dpop_proof"

    @property
    def source(self) -> str:
        if self.section is None:
            return KEY_MANAGEMENT
        numbered = f", check {self.number}" if self.number else ""
        return f"RFC 9449, section {self.section}{numbered}"

    @property
    def link(self) -> str:
        return f"{RFC}#section-{self.section}" if self.section else KEY_MANAGEMENT_LINK
