"""What each refusal of a DPoP proof means, in words for who wrote the client."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..dpop.errors import Check

RFC = "https://www.rfc-editor.org/rfc/rfc9449"
KEY_MANAGEMENT = "NIST SP 800-57 Part 1, section 5.2"
KEY_MANAGEMENT_LINK = "https://doi.org/10.6028/NIST.SP.800-57pt1r5"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One check: its title, what it means, what usually causes its failure, and the cure.

    ``section`` is that of RFC 9449, None where the rule is of another source; ``error`` is the code
    of the answer.
    """

    title: str
    meaning: str
    causes: tuple[str, ...]
    cure: str
    section: str | None
    error: str = "invalid_dpop_proof"

    @property
    def source(self) -> str:
        return f"RFC 9449, section {self.section}" if self.section else KEY_MANAGEMENT

    @property
    def link(self) -> str:
        return f"{RFC}#section-{self.section}" if self.section else KEY_MANAGEMENT_LINK


EXPLANATIONS: Mapping[Check, Explanation] = MappingProxyType(
    {
        Check.HEADER_PRESENT: Explanation(
            title="The proof is missing",
            meaning="Tokens of this server are bound to a key that the client holds, so each "
            "request must prove possession of that key in a DPoP header field. This one had none.",
            causes=(
                "The client library does not speak DPoP, or DPoP is not switched on.",
                "A proxy between client and server removes header fields it does not know.",
            ),
            cure="Switch DPoP on in the client, and let the proxy pass the DPoP header field.",
            section="5",
        ),
        Check.HEADER_COUNT: Explanation(
            title="There is more than one proof",
            meaning="A request carries exactly one DPoP header field with exactly one proof.",
            causes=(
                "Two layers of the client both add a proof, say a library and a middleware.",
                "A retry adds its new proof without removing the old one.",
            ),
            cure="Set the header field instead of appending to it, in one place only.",
            section="4.3",
        ),
        Check.JWT_FORM: Explanation(
            title="The proof is not a well-formed JWT",
            meaning="A proof is one signed JWT in compact form: three base64url parts joined by "
            "dots, with header and payload JSON objects, at most 8 KiB in all.",
            causes=(
                "The value is quoted, cut off, or prefixed with a word such as Bearer.",
                "The parts are encoded as plain base64, with padding or with + and /.",
                "A JSON member is there twice.",
            ),
            cure="Let a JOSE library write the compact form, and send its output unchanged.",
            section="4.2",
        ),
        Check.TYP: Explanation(
            title="The typ header is not dpop+jwt",
            meaning="The type in the JOSE header keeps other JWTs from being used as proofs.",
            causes=(
                "The JOSE library fills in typ JWT by default.",
                "An access token or a client assertion was sent in the DPoP header field.",
            ),
            cure="Set typ to dpop+jwt in the proof's JOSE header.",
            section="4.2",
        ),
        Check.ALG: Explanation(
            title="The signature algorithm is not accepted",
            meaning="A proof is signed with an asymmetric algorithm out of this server's list. "
            "The list is dpop_signing_alg_values_supported in the server's metadata.",
            causes=(
                "The proof is signed with a shared secret (HS256) or not at all (none).",
                "The deployment takes fewer algorithms than the library offers.",
                "The header has a crit member that this server does not know.",
            ),
            cure="Choose an algorithm that the metadata lists; ES256 is a good choice.",
            section="4.3",
        ),
        Check.JWK: Explanation(
            title="The key in the header is not usable",
            meaning="The JOSE header carries, as jwk, the public key that verifies the proof. It "
            "must fit the algorithm and hold nothing private.",
            causes=(
                "The whole key pair was exported into the header: that gives the private key away.",
                "The key is of another type or curve than the algorithm asks for.",
                "An RSA key is shorter than 2048 or longer than 4096 bits.",
                "A coordinate lost its leading zero bytes.",
            ),
            cure="Export the public key only. If a private key was ever sent, replace the key.",
            section="4.2",
        ),
        Check.SIGNATURE: Explanation(
            title="The signature does not verify",
            meaning="The signature does not match the header, the payload and the key in jwk.",
            causes=(
                "The proof is signed with another key than the one in its header.",
                "An ECDSA signature is in DER form; JOSE wants the two numbers side by side.",
                "Header or payload were changed after signing.",
            ),
            cure="Sign with the private half of the very key in jwk, and let a JOSE library do it.",
            section="4.3",
        ),
        Check.CLAIMS: Explanation(
            title="A claim is missing or of the wrong type",
            meaning="A proof says which request it is for: jti, htm and htu are strings, iat is a "
            "number.",
            causes=(
                "A claim was forgotten.",
                "iat is a string, or counts milliseconds.",
                "jti is empty or longer than 256 characters.",
            ),
            cure="Send jti (random, new each time), htm, htu and iat (seconds since 1970).",
            section="4.2",
        ),
        Check.HTM: Explanation(
            title="The proof is for another method",
            meaning="The htm claim must be the HTTP method of the request, in upper case.",
            causes=(
                "The method is written in lower case.",
                "A proof made for one request was sent with another.",
            ),
            cure="Make a new proof for each request, with its method: POST for the token endpoint.",
            section="4.3",
        ),
        Check.HTU: Explanation(
            title="The proof is for another URI",
            meaning="The htu claim must be the URI of the request as the server knows itself, "
            "without query and fragment.",
            causes=(
                "The client calls the server by localhost or an internal name, not its public one.",
                "A proxy ends TLS, and the client or the server's issuer setting says http.",
                "A proof made for one endpoint was sent to another.",
            ),
            cure="Take the endpoint's URI from the server's metadata and use it for both request "
            "and htu. If that URI is wrong, correct the issuer in the server's settings.",
            section="4.3",
        ),
        Check.ATH: Explanation(
            title="The proof is for another access token",
            meaning="At a protected resource the ath claim is the SHA-256 of the access token, in "
            "base64url. It ties the proof to the token it comes with.",
            causes=(
                "The claim is missing because the proof was made for the token endpoint.",
                "The token was refreshed and the proof still hashes the old one.",
            ),
            cure="Hash the ASCII characters of the very access token that the request carries.",
            section="4.3",
        ),
        Check.JKT: Explanation(
            title="The access token is bound to another key",
            meaning="The access token names, in cnf.jkt, the thumbprint of the key it is bound to. "
            "The proof was signed with a different key, so it proves nothing about this token.",
            causes=(
                "The client made a new key after it got the token, for instance on a restart.",
                "Tokens of several users or sessions share one cache.",
                "The token was stolen.",
            ),
            cure="Keep the key together with its tokens. If the key is gone, get a new token.",
            section="4.3",
            error="invalid_token",
        ),
        Check.CLIENT_KEY: Explanation(
            title="The proof is signed with the client's own key",
            meaning="The key that authenticates the client must not be its DPoP key too: who gets "
            "hold of one signature must not be able to use it as the other.",
            causes=("The client uses one key for private_key_jwt and for its proofs.",),
            cure="Make a key of its own for DPoP. It need not be registered anywhere.",
            section=None,
        ),
        Check.NONCE: Explanation(
            title="The proof must carry the server's nonce",
            meaning="This is no failure but a challenge. The answer's DPoP-Nonce header field "
            "holds a value that the next proof must repeat in its nonce claim. Nothing was "
            "consumed: the code or refresh token of the request is still good.",
            causes=(
                "It is the first request, and the server asks for nonces.",
                "The nonce is out of date; it changes every minute.",
                "The client's clock is wrong, and a nonce replaces it.",
            ),
            cure="Make a new proof with the nonce and send the request again, once. Remember the "
            "nonce, and take the new one whenever an answer brings it.",
            section="8",
            error="use_dpop_nonce",
        ),
        Check.IAT: Explanation(
            title="The proof is too old or from the future",
            meaning="A proof without nonce is good from 60 seconds before to 10 seconds after the "
            "server's time.",
            causes=(
                "The client's clock is wrong. The answer's server_time shows by how much.",
                "The proof was made ahead of time or kept for later.",
            ),
            cure="Make each proof right before its request, and let NTP set the clock.",
            section="11.1",
        ),
        Check.REPLAY: Explanation(
            title="The proof was used before",
            meaning="Each proof is good for one request. This one, or another with the same jti "
            "and key, was seen already.",
            causes=(
                "A retry sent the same proof again.",
                "The jti is not random, or is made from something that repeats.",
                "Someone recorded the request and plays it back.",
            ),
            cure="Make a new proof with a new random jti for every request, retries included.",
            section="11.1",
        ),
        Check.BINDING: Explanation(
            title="The grant is bound to another key",
            meaning="The proof is good, but the code or the refresh token is bound to the key that "
            "it was asked for with, and this is not that key.",
            causes=(
                "The client made a new key since the authorization request or the last token.",
                "dpop_jkt in the authorization request is the thumbprint of another key.",
                "The code or refresh token was stolen.",
            ),
            cure="Keep the key as long as what is bound to it. If the key is gone, let the person "
            "sign in again.",
            section="5",
            error="invalid_grant",
        ),
    }
)
