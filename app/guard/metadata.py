"""What a protected resource says of itself (RFC 9728)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

WELL_KNOWN = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceMetadata:
    """One resource. ``resource``: its identifier, an https URL, which its tokens' ``aud`` names.

    ``dpop_algs``: of proofs. ``allow_bearer``: whether tokens bound to no key are taken too.
    """

    resource: str
    authorization_servers: Collection[str]
    dpop_algs: Collection[str]
    scopes: Collection[str] = ()
    name: str | None = None
    documentation: str | None = None
    allow_bearer: bool = False

    @property
    def path(self) -> str:
        """The path of the metadata document, on the resource's own host."""
        parts = urlsplit(self.resource)
        # RFC 9728 §3.1: any terminating slash (/) following the host component MUST be removed
        # before inserting /.well-known/ and the well-known URI path suffix between the host
        # component and the path and/or query components.
        path = parts.path if parts.path != "/" else ""
        return urlunsplit(("", "", WELL_KNOWN + path, parts.query, ""))

    @property
    def url(self) -> str:
        """The URL of the metadata document: the ``resource_metadata`` of challenges (§5.1)."""
        parts = urlsplit(self.resource)
        return f"{parts.scheme}://{parts.netloc}{self.path}"

    def document(self) -> dict[str, Any]:
        """Return the document."""
        members = {
            "resource": self.resource,
            "authorization_servers": list(self.authorization_servers),
            "scopes_supported": sorted(self.scopes),
            # RFC 9728 §2: Defined values are "header", "body" and "query" [RFC6750].
            "bearer_methods_supported": ["header"] if self.allow_bearer else [],
            "dpop_signing_alg_values_supported": list(self.dpop_algs),
            "dpop_bound_access_tokens_required": not self.allow_bearer,
            "resource_name": self.name,
            "resource_documentation": self.documentation,
        }
        # RFC 9728 §3.2: Parameters with zero values MUST be omitted from the response.
        return {name: value for name, value in members.items() if value not in (None, [])}
