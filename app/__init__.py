"""Holdfast: an OAuth 2.0 authorization server whose tokens are bound to a key (RFC 9449)."""
