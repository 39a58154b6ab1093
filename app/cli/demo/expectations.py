"""What must be so for the demo to go on."""


class StepFailed(Exception):
    """A step did not end as it should; the message says what came instead."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise StepFailed with ``otherwise`` unless it holds."""
    if not holds:
        raise StepFailed(otherwise)


def expect_equal(what: str, expected: object, received: object) -> None:
    """Raise StepFailed unless both are equal."""
    expect(expected == received, f"expected {what} to be {expected!r}, but it is {received!r}")
