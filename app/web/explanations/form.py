"""The checks of the header field, and of the JWT in it."""

from ...dpop.errors import Check
from .explanation import Explanation

FORM = {
    Check.HEADER_PRESENT: Explanation(
        title="The proof is missing",
        rule="There is a proof",
        meaning="Tokens of this server are bound to a key that the client holds, so each "
        "request must prove possession of that key in a DPoP header field. This one had none.",
        causes=(
            "The client library does not speak DPoP, or DPoP is not switched on.",
            (
                "The proof is sent as a form parameter, in the Authorization header field, or in a "
                "field of another name. It belongs into the field DPoP."
            ),
            "The request was redirected, and the library repeated it without its header fields.",
            "A proxy or gateway between client and server passes only header fields it knows.",
        ),
        cure="Switch DPoP on in the client. If it is on, compare what the client sends with what "
        "arrives, and let the proxy pass the DPoP header field.",
        example="POST {issuer}/token\nContent-Type: application/x-www-form-urlencoded\n"
        "DPoP: eyJ0eXAiOiJkcG9wK2p3dCIs…",
        section="5",
    ),
    Check.HEADER_COUNT: Explanation(
        title="There is more than one proof",
        rule="There is one DPoP header field, with one proof",
        meaning="A request carries exactly one DPoP header field with exactly one proof.",
        causes=(
            "Two layers of the client both add a proof, say a library and a middleware.",
            (
                "A retry adds its new proof without removing the old one: Headers.append() of "
                "fetch, Header.Add() of Go and addHeader() of OkHttp append."
            ),
            "A proxy joined two header fields of one name into one, with a comma between.",
        ),
        cure="Set the header field instead of appending to it, in one place only.",
        example='// fetch\nheaders.set("DPoP", proof)\n'
        '// Go\nreq.Header.Set("DPoP", proof)\n'
        '# Python: httpx, requests\nrequest.headers["DPoP"] = proof',
        section="4.3",
        number=1,
    ),
    Check.JWT_FORM: Explanation(
        title="The proof is not a well-formed JWT",
        rule="The proof is a signed JWT in compact form",
        meaning="A proof is one signed JWT in compact form: three base64url parts joined by "
        "dots, with header and payload JSON objects, at most 8 KiB in all.",
        causes=(
            "The value is quoted, cut off, or prefixed with a word such as DPoP or Bearer.",
            (
                "The parts are encoded as plain base64, with padding or with + and /. Python's "
                "base64.urlsafe_b64encode() and Java's Base64.getUrlEncoder() pad unless told not "
                "to."
            ),
            "The JWT is in the JSON serialization, or encrypted (five parts).",
            "A JSON member is there twice.",
        ),
        cure="Let a JOSE library write the compact form, and send its output unchanged.",
        example='# Python\nbase64.urlsafe_b64encode(raw).rstrip(b"=")\n'
        "// Java\nBase64.getUrlEncoder().withoutPadding()\n"
        '// Node.js\nBuffer.from(raw).toString("base64url")',
        section="4.3",
        number=2,
    ),
    Check.CLAIMS: Explanation(
        title="A claim is missing or of the wrong type",
        rule="jti, htm, htu and iat are there, with the right types",
        meaning="A proof says which request it is for: jti, htm and htu are strings, iat is a "
        "number.",
        causes=(
            "A claim was forgotten.",
            (
                "iat is a string, or counts milliseconds: JavaScript's Date.now() and Java's "
                "System.currentTimeMillis() do."
            ),
            "jti is empty or longer than 256 characters.",
            (
                "The JWT is not a proof but an access token or a client assertion, whose claims "
                "are others."
            ),
        ),
        cure="Send jti (random, new each time), htm, htu and iat (seconds since 1970).",
        example='{\n  "jti": crypto.randomUUID(),\n  "htm": "POST",\n  "htu": "{issuer}/token",\n'
        '  "iat": Math.floor(Date.now() / 1000)\n}',
        section="4.3",
        number=3,
    ),
}
