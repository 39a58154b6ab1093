"""The checks of the JOSE header, and of the signature that it tells how to verify."""

from ...dpop.errors import Check
from .explanation import Explanation

HEADER = {
    Check.TYP: Explanation(
        title="The typ header is not dpop+jwt",
        rule="typ is dpop+jwt",
        meaning="The type in the JOSE header keeps other JWTs from being used as proofs.",
        causes=(
            (
                "The JOSE library fills in JWT unless told otherwise: PyJWT and jsonwebtoken "
                "(Node.js) do."
            ),
            "An access token or a client assertion was sent in the DPoP header field.",
            "The value is spelled otherwise, such as application/dpop+jwt or DPoP+JWT.",
        ),
        cure="Set typ to dpop+jwt in the proof's JOSE header.",
        example='# PyJWT\njwt.encode(claims, key, "ES256",\n'
        '    headers={"typ": "dpop+jwt", "jwk": jwk})\n'
        "// jose\nnew SignJWT(claims).setProtectedHeader(\n"
        '    {alg: "ES256", typ: "dpop+jwt", jwk})',
        section="4.3",
        number=4,
    ),
    Check.ALG: Explanation(
        title="The signature algorithm is not accepted",
        rule="alg is asymmetric, and one that this server takes",
        meaning="A proof is signed with an asymmetric algorithm out of this server's list. "
        "The list is dpop_signing_alg_values_supported in the server's metadata.",
        causes=(
            (
                "The proof is signed with a shared secret (HS256, the default of PyJWT and "
                "jsonwebtoken) or not at all (none)."
            ),
            "The deployment takes fewer algorithms than the library offers.",
            "The header has a crit member that this server does not know.",
        ),
        cure="Choose an algorithm that the metadata lists; ES256 is a good choice.",
        example='{"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", …}}',
        section="4.3",
        number=5,
    ),
    Check.JWK: Explanation(
        title="The key in the header is not usable",
        rule="jwk is a public key that fits alg",
        meaning="The JOSE header carries, as jwk, the public key that verifies the proof. It "
        "must fit the algorithm and hold nothing private.",
        causes=(
            (
                "The whole key pair was exported into the header: that gives the private key away. "
                "exportJWK(privateKey) of jose and JWK.export() of jwcrypto export everything."
            ),
            "jwk is a string: the JSON was encoded twice. It must be an object.",
            "The key is of another type or curve than the algorithm asks for.",
            "An RSA key is shorter than 2048 or longer than 4096 bits.",
            (
                "A coordinate lost its leading zero bytes, or got one more: big.Int.Bytes() of Go "
                "drops them, BigInteger.toByteArray() of Java adds one for the sign. So some keys "
                "work and others do not."
            ),
        ),
        cure="Export the public key only. If a private key was ever sent, replace the key.",
        example="// jose\nexportJWK(publicKey)\n"
        "# jwcrypto\nkey.export_public(as_dict=True)\n"
        "// Go: coordinates of P-256 have 32 bytes\nx.FillBytes(make([]byte, 32))",
        section="4.3",
        number=7,
    ),
    Check.SIGNATURE: Explanation(
        title="The signature does not verify",
        rule="The signature verifies with the key in jwk",
        meaning="The signature does not match the header, the payload and the key in jwk.",
        causes=(
            "The proof is signed with another key than the one in its header.",
            (
                "An ECDSA signature is in DER form; JOSE wants the two numbers side by side. "
                "crypto.sign() of Node.js, SHA256withECDSA of Java, SignASN1() of Go and "
                "cryptography of Python write DER. WebCrypto does not."
            ),
            "Header or payload were changed after signing, for instance by encoding the JSON anew.",
        ),
        cure="Sign with the private half of the very key in jwk, and let a JOSE library do it.",
        example='// Node.js\ncrypto.sign("sha256", input,\n    {key, dsaEncoding: "ieee-p1363"})\n'
        '// Java\nSignature.getInstance(\n    "SHA256withECDSAinP1363Format")',
        section="4.3",
        number=6,
    ),
}
