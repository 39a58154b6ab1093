"""The device authorization grant (RFC 8628) but for its grant file: codes, endpoints, their port.

Imports only what oauth imports.
"""
