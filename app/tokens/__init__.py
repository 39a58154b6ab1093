"""Signing keys at rest and in rotation, access tokens (RFC 9068) and refresh token values.

Knows no database: stored keys come through its ports.
"""
