"""The checks of a proof's time: its nonce, its age, and whether it was used before."""

from ...dpop.errors import Check
from .explanation import Explanation

FRESHNESS = {
    Check.NONCE: Explanation(
        title="The proof must carry the server's nonce",
        rule="The nonce is what the server's policy wants",
        meaning="This is no failure but a challenge. The answer's DPoP-Nonce header field "
        "holds a value that the next proof must repeat in its nonce claim. Nothing was "
        "consumed: the code or refresh token of the request is still good.",
        causes=(
            "It is the first request, and the server asks for nonces.",
            "The nonce is out of date; it changes every minute, and after a restart.",
            "The client's clock is wrong, and a nonce replaces it.",
            (
                "The nonce is one of another server: authorization server and protected resource "
                "each have their own."
            ),
            (
                "In a browser the answer's DPoP-Nonce cannot be read, because a proxy removed "
                "Access-Control-Expose-Headers."
            ),
        ),
        cure="Make a new proof with the nonce and send the request again, once. Remember the "
        "nonce, and take the new one whenever an answer brings it.",
        example="HTTP/1.1 400 Bad Request\nDPoP-Nonce: eyJ7S_zG.eyJH0-Z.HX4w-7v\n\n"
        '{"jti": …, "htm": "POST", "htu": "{issuer}/token", "iat": …,\n'
        ' "nonce": "eyJ7S_zG.eyJH0-Z.HX4w-7v"}',
        section="8",
        error="use_dpop_nonce",
    ),
    Check.IAT: Explanation(
        title="The proof is too old or from the future",
        rule="The proof was made a moment ago",
        meaning="A proof without nonce is good from 60 seconds before to 10 seconds after the "
        "server's time.",
        causes=(
            (
                "The client's clock is wrong. The answer's server_time shows by how much. Virtual "
                "machines and laptops that slept are often behind."
            ),
            (
                "The difference is whole hours: datetime.utcnow().timestamp() of Python takes UTC "
                "for local time."
            ),
            "The proof was made ahead of time or kept for later, or the request waited in a queue.",
        ),
        cure="Make each proof right before its request, and let NTP set the clock.",
        example="# Python\nint(time.time())\n"
        "// JavaScript\nMath.floor(Date.now() / 1000)\n"
        "// Java\nInstant.now().getEpochSecond()\n"
        "// Go\ntime.Now().Unix()",
        section="4.3",
        number=11,
    ),
    Check.REPLAY: Explanation(
        title="The proof was used before",
        rule="The proof was not used before",
        meaning="Each proof is good for one request. This one, or another with the same jti "
        "and key, was seen already.",
        causes=(
            (
                "A retry sent the same proof again. Below the client's own code do so, where they "
                "are set to: Retry of urllib3, axios-retry, proxy_next_upstream of nginx, "
                "retry_policy of Envoy."
            ),
            "The jti is not random, or is made from something that repeats.",
            (
                "The server was restarted within the last minute, and cannot know whether the "
                "proof was used."
            ),
            "Someone recorded the request and plays it back.",
        ),
        cure="Make a new proof with a new random jti for every request, retries included.",
        example='# Python\n"jti": str(uuid.uuid4())\n// JavaScript\n"jti": crypto.randomUUID()',
        section="11.1",
    ),
}
