"""Reading requests and writing answers.

render is the only writer of errors and of Cache-Control, DPoP-Nonce and WWW-Authenticate.
"""
