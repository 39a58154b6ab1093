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
    "lifetime": "--lifetime",
    "name": "--name",
    "note": "--note",
    "overlap": "--overlap",
    "redirect_uris": "--redirect-uri",
    "request_object_signing_alg": "--request-object-alg",
    "scope": "--scope",
    "type": "--type",
    "uses": "--uses",
    "access_token_lifetime": "--access-token-lifetime",
}

# Their messages are such lines already. By name, because their modules are slow to import.
_ONE_LINERS = frozenset(
    {
        "AlreadyHeld",
        "CannotStart",
        "KeyChanged",
        "KeyUnreadable",
        "NotMigrated",
        "RotationTooEarly",
        "SchemaMismatch",
        "SettingsError",
        "WrongUrl",
    }
)


def in_one_line(error: Exception) -> str | None:
    """Explain an expected failure; None for one that is a defect and should be seen whole."""
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; check HOLDFAST_DATA_DIR and its permissions"
    # Only now: --help must not wait for what these import.
    from ..management.errors import Refused  # noqa: PLC0415  see above
    from ..oauth.errors import TemporarilyUnavailable  # noqa: PLC0415  see above

    if isinstance(error, Refused):
        return f"{_OPTIONS.get(error.field, error.field)}: {error.sentence}"
    if isinstance(error, TemporarilyUnavailable):
        return f"{error.description} (does it run, and is its HOLDFAST_…_URL right?)"
    return str(error) if type(error).__name__ in _ONE_LINERS else None
