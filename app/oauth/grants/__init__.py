"""One file a grant: only what is unique to it. The shared phases are in token_endpoint."""
