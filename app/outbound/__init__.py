"""The one fetcher for other people's URLs: key sets at ``jwks_uri``, client metadata documents.

Owns where the server may go of its own accord, how long it waits and what it remembers. Knows
neither clients nor keys; never imports storage or state.
"""
