"""Runs what a command asks of management, with the settings of the environment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .context import Management

T = TypeVar("T")


def managing(act: "Callable[[Management], Awaitable[T]]") -> T:
    """Open the database and the keys, act, close them, and return what came of it."""
    # Half a second of imports that --help must not wait for.
    from ..settings import load_settings  # noqa: PLC0415  see above
    from ..telemetry.logs import configure_logging  # noqa: PLC0415  see above
    from .context import open_management  # noqa: PLC0415  see above

    settings = load_settings()
    # To stderr, and only what the command's own line would not say.
    configure_logging("error", settings.log_format)

    async def opened() -> T:
        async with open_management(settings) as management:
            return await act(management)

    return asyncio.run(opened())
