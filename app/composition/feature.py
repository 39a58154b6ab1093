"""What a part of the server adds to the whole: routes, and what the metadata says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from ..guard.metadata import ResourceMetadata
from ..oauth.client import AuthMethod


@dataclass(frozen=True, slots=True)
class Feature:
    """Routes, and their members of the metadata document (RFC 8414 §2).

    ``endpoints`` maps metadata names ("revocation_endpoint") to paths below the issuer;
    ``auth_methods`` the metadata name of each endpoint that authenticates clients ("revocation")
    to the methods it takes; ``metadata`` has further members as they are. ``protected_resources``
    are those of this server itself (RFC 9728).
    """

    routers: Sequence[APIRouter]
    endpoints: Mapping[str, str] = field(default_factory=dict)
    auth_methods: Mapping[str, Sequence[AuthMethod]] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    protected_resources: Sequence[ResourceMetadata] = ()
