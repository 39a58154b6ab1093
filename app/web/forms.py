"""Reading a page's form: each field once."""

from collections.abc import Mapping

from starlette.requests import Request

from ..http.request import read_form
from ..oauth.errors import InvalidRequest, TooManyAttempts


async def fields_of(request: Request) -> Mapping[str, str]:
    """Return the fields; a missing one reads as empty. Raises InvalidRequest."""
    pairs = await read_form(request)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidRequest("a field of the form is there twice")
    return fields


def too_many(error: TooManyAttempts) -> str:
    """Tell a person when to try again."""
    minutes = -(-error.retry_after // 60)
    unit = "minute" if minutes == 1 else "minutes"
    return f"Too many attempts. Try again in {minutes} {unit}."
