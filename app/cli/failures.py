"""What went wrong, in one line that says what to do next."""

from .output import Failure

# How the command line calls what management names as the protocol does.
_OPTIONS = {
    "allowed_origins": "--allowed-origin",
    "auth_method": "--auth-method",
    "client_id": "client id",
    "client_name": "--name",
    "dpop_bound_access_tokens": "--bearer",
    "dpop_nonce": "--dpop-nonce",
    "grant_types": "--grant-type",
    "jwks": "--jwks-file",
    "name": "--name",
    "overlap": "--overlap",
    "redirect_uris": "--redirect-uri",
    "scope": "--scope",
    "type": "--type",
    "access_token_lifetime": "--access-token-lifetime",
}


def in_one_line(error: Exception) -> str | None:
    """Explain an expected failure; None for one that is a defect and should be seen whole."""
    # Loaded by whatever raised one of these, so this costs nothing, and nothing when all is well.
    from ..management.errors import Refused  # noqa: PLC0415  not needed for --help
    from ..oauth.errors import TemporarilyUnavailable  # noqa: PLC0415  as above
    from ..settings import SettingsError  # noqa: PLC0415  as above
    from ..tokens.errors import SigningKeyError  # noqa: PLC0415  as above

    if isinstance(error, Refused):
        return f"{_OPTIONS.get(error.field, error.field)}: {error.sentence}"
    if isinstance(error, TemporarilyUnavailable):
        return f"{error.description}; see that it runs and can be reached, then try again"
    if isinstance(error, Failure | SettingsError | SigningKeyError):
        return str(error)
    return None
