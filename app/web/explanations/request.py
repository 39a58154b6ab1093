"""The checks that tie a proof to one request."""

from ...dpop.errors import Check
from .explanation import Explanation

REQUEST = {
    Check.HTM: Explanation(
        title="The proof is for another method",
        rule="htm is the method of the request",
        meaning="The htm claim must be the HTTP method of the request, as it is sent: in upper "
        "case.",
        causes=(
            (
                "The method is written in lower case. config.method of axios is so, and fetch "
                "sends patch in lower case if it was given so."
            ),
            "A proof made for one request was sent with another.",
            (
                "The library followed a redirect (301, 302, 303) and turned POST into GET, with "
                "the same proof: requests and curl -L do."
            ),
        ),
        cure="Make a new proof for each request, with its method: POST for the token endpoint.",
        example='{"htm": "POST", "htu": "{issuer}/token", …}',
        section="4.3",
        number=8,
    ),
    Check.HTU: Explanation(
        title="The proof is for another URI",
        rule="htu is the URI of the request, without query and fragment",
        meaning="The htu claim must be the URI of the request as the server knows itself, "
        "without query and fragment. This server knows itself by its issuer, {issuer}, and never "
        "by the Host header field.",
        causes=(
            (
                "The client calls the server by localhost, an address or an internal name, not by "
                "its public one."
            ),
            (
                "A proxy ends TLS or rewrites the path, and the client, or the server's issuer "
                "setting, names the inner address: http instead of https, or another port."
            ),
            "A slash at the end is missing or too many.",
            (
                "A proof made for one endpoint was sent to another, or the library followed a "
                "redirect with it."
            ),
        ),
        cure="Take the endpoint's URI from the server's metadata and use it for both request "
        "and htu. If that URI is wrong, correct HOLDFAST_ISSUER in the server's settings.",
        example='{"htm": "POST", "htu": "{issuer}/token", …}',
        section="4.3",
        number=9,
    ),
    Check.ATH: Explanation(
        title="The proof is for another access token",
        rule="ath is the hash of the access token",
        meaning="At a protected resource the ath claim is the SHA-256 of the access token, in "
        "base64url. It ties the proof to the token it comes with.",
        causes=(
            "The claim is missing because the proof was made for the token endpoint.",
            "The token was refreshed and the proof still hashes the old one.",
            "The hash is written in hexadecimal, in plain base64 or with padding.",
            "What was hashed is the decoded token, or the whole field with its scheme.",
        ),
        cure="Hash the ASCII characters of the very access token that the request carries.",
        example="# Python\nbase64.urlsafe_b64encode(\n"
        '    hashlib.sha256(token.encode()).digest()).rstrip(b"=")\n'
        '// Node.js\ncreateHash("sha256").update(token).digest("base64url")',
        section="4.3",
        number=12,
    ),
}
