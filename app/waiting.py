"""The start waits for the services it needs: aloud, and not for ever."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_delay,
    wait_exponential,
)

from .oauth.errors import TemporarilyUnavailable
from .state.redis import UnsuitableRedis

log = structlog.get_logger("holdfast.start")

T = TypeVar("T")

_PAUSE = wait_exponential(multiplier=0.25, max=2)
_LONGEST_CAUSE = 200


class CannotStart(Exception):
    """A service is missing, or not set up as it must be; the message is one line for operators."""


async def wait_for(
    service: str, setting: str, reach: Callable[[], Awaitable[T]], *, patience: float
) -> T:
    """Call ``reach`` until it returns, and return what it does.

    Only TemporarilyUnavailable is waited out, for ``patience`` seconds, with a line in the log for
    each attempt. Raises CannotStart after that, or at once when waiting would not help.
    """

    def say(state: RetryCallState) -> None:
        log.warning(
            "waiting",
            service=service,
            attempt=state.attempt_number,
            again_in=round(state.upcoming_sleep, 2),
            cause=_cause(_error(state)),
        )

    async def attempt() -> T:
        return await reach()

    retrying = AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_delay(patience),
        wait=_PAUSE,
        before_sleep=say,
        reraise=True,
    )
    try:
        return await retrying(attempt)
    except ValueError as error:  # the setting is no URL
        raise CannotStart(f"{setting}: {error}") from error
    except UnsuitableRedis as error:
        raise CannotStart(str(error)) from error
    except TemporarilyUnavailable as error:
        raise CannotStart(
            f"{service} did not answer within {patience:g} seconds ({_cause(error)}); "
            f"see that it runs and that {setting} is right"
        ) from error


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, TemporarilyUnavailable) and not isinstance(error, UnsuitableRedis)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _cause(error: BaseException | None) -> str:
    """Say what the driver said: addresses and names, never a password."""
    cause = getattr(error, "__cause__", None) or error
    first_line = str(getattr(cause, "orig", None) or cause).partition("\n")[0]
    return f"{type(cause).__name__}: {first_line}"[:_LONGEST_CAUSE]
