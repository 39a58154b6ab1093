"""The authorization server, as its metadata tells of it (RFC 8414)."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .fetching import OpenHttp, Unreadable, check_url, get_json, open_http, out_of_reach

_WELL_KNOWN = "/.well-known/oauth-authorization-server"


class Issuer:
    """One authorization server. Raises ValueError for an issuer that is no https URL."""

    def __init__(self, issuer: str, open_client: OpenHttp = open_http) -> None:
        self.name = check_url(issuer)
        self.open_client = open_client

    @property
    def metadata_url(self) -> str:
        """Where the metadata is."""
        parts = urlsplit(self.name)
        # RFC 8414 §3.1: any terminating "/" MUST be removed before inserting "/.well-known/" and
        # the well-known URI suffix between the host component and the path component.
        path = _WELL_KNOWN + parts.path.rstrip("/")
        return urlunsplit((parts.scheme, parts.netloc, path, "", ""))

    async def endpoint(self, name: str) -> str:
        """Return a URL that the metadata names. Raises TemporarilyUnavailable, and logs why."""
        metadata = await get_json(self.open_client, self.metadata_url)
        try:
            return self._endpoint(metadata, name)
        except (Unreadable, ValueError) as error:
            raise out_of_reach(self.metadata_url, error) from error

    def _endpoint(self, metadata: dict[str, Any], name: str) -> str:
        # RFC 8414 §3.3: The "issuer" value returned MUST be identical to the authorization server's
        # issuer identifier value [...]. If these values are not identical, the data contained in
        # the response MUST NOT be used.
        if metadata.get("issuer") != self.name:
            raise Unreadable(f"its issuer is not {self.name}")
        value = metadata.get(name)
        if not isinstance(value, str):
            raise Unreadable(f"it names no {name}")
        return check_url(value)
