"""The API's own metadata (RFC 9728)."""

from .guard.metadata import WELL_KNOWN, ResourceMetadata

__all__ = ["WELL_KNOWN", "ResourceMetadata"]
