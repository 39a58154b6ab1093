"""Where the sign-in page may lead: to an authorization request, the device or the account page."""

import re
from urllib.parse import urlencode

from ..http import paths
from ..http.request import Pairs, parse_form
from ..oauth.errors import OAuthError
from ..oauth.interaction import after_sign_in

MAX_LENGTH = 32 * 1024

_ACCOUNT = re.compile(rf"{paths.ACCOUNT}(?:[/?][A-Za-z0-9/?&=_-]*)?")
_DEVICE = re.compile(rf"{paths.DEVICE}(?:\?user_code=[A-Z-]{{1,16}})?")
_AUTHORIZE = f"{paths.AUTHORIZE}?"


def authorization(return_to: str) -> Pairs | None:
    """Return the parameters of the authorization request to come back to, if it is one."""
    if not return_to.startswith(_AUTHORIZE) or len(return_to) > MAX_LENGTH:
        return None
    try:
        return parse_form(return_to.removeprefix(_AUTHORIZE).encode("ascii"))
    except (OAuthError, UnicodeEncodeError):
        return None


def after(return_to: str) -> str:
    """Return where to go after a sign-in: never to another host, else to the account page."""
    pairs = authorization(return_to)
    if pairs is not None:
        return _AUTHORIZE + urlencode(after_sign_in(pairs))
    is_ours = _ACCOUNT.fullmatch(return_to) or _DEVICE.fullmatch(return_to)
    return return_to if is_ours else paths.ACCOUNT
