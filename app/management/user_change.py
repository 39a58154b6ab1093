"""What an administrator changes about a person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserChange:
    """What to change; None leaves a member as it is."""

    display_name: str | None = None
    is_admin: bool | None = None
    disabled: bool | None = None
    password: str | None = None
