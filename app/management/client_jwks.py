"""The public keys with which a client authenticates by private_key_jwt (RFC 7591 §2, jwks)."""

import json
import warnings
from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from ..outbound.errors import NotAllowed
from ..outbound.target import target_of
from .errors import Refused

FIELD = "jwks"
MAX_KEYS = 20
RSA_BITS = range(2048, 4097)
CURVES = frozenset({"P-256", "P-384", "P-521", "Ed25519"})

# RFC 7518 §6.2.2, §6.3.2 and §6.4.1: the members that hold a private or symmetric key.
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def check(jwks: Mapping[str, Any]) -> None:
    """Raise Refused unless this is a set of public keys that are strong enough to sign with."""
    keys = jwks.get("keys")
    # RFC 7517 §5: The value of the "keys" parameter is an array of JWK values.
    if not isinstance(keys, list) or not keys:
        raise Refused(FIELD, 'expected a JWK set with at least one key, like {"keys": [{…}]}')
    if len(keys) > MAX_KEYS:
        raise Refused(FIELD, f"expected at most {MAX_KEYS} keys, received {len(keys)}")
    for position, key in enumerate(keys, start=1):
        _check_key(key, f"key {position}")
    kids = [key["kid"] for key in keys if "kid" in key]
    # RFC 7517 §4.5: different keys within the JWK Set SHOULD use distinct "kid" values.
    if len(set(kids)) != len(kids):
        raise Refused(FIELD, "two keys have the same kid; give each its own")
    if len(keys) > 1 and len(kids) != len(keys):
        raise Refused(FIELD, "with several keys each needs a kid, so that assertions can name one")


def check_uri(uri: str, *, http_on_loopback: bool) -> None:
    """Raise Refused unless keys may be fetched from such a URL (RFC 7591 §2, jwks_uri)."""
    try:
        target_of(uri, http_on_loopback=http_on_loopback)
    except NotAllowed as error:
        raise Refused("jwks_uri", error.sentence) from None


def usable(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Return those keys of a set found at a jwks_uri that a client may sign with.

    Raises Refused, saying what is wrong with the first key, where there are none.
    """
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not keys:
        raise Refused(FIELD, 'expected a JWK set with at least one key, like {"keys": [{…}]}')
    if len(keys) > MAX_KEYS:
        raise Refused(FIELD, f"expected at most {MAX_KEYS} keys, received {len(keys)}")
    kept, flaws = [], []
    for position, key in enumerate(keys, start=1):
        # A key that everybody can read in full proves nothing, nor does its publisher's next one.
        if isinstance(key, dict) and PRIVATE_MEMBERS & key.keys() and key.get("kty") != "oct":
            raise Refused(FIELD, f"key {position} is published with its private half; replace it")
        try:
            _check_key(key, f"key {position}")
        except Refused as flaw:
            # RFC 7517 §5: implementations SHOULD ignore JWKs within a JWK Set that use "kty" values
            # that are not understood, [...] or for which values are out of the supported ranges.
            flaws.append(flaw)
        else:
            kept.append(key)
    if not kept:
        raise flaws[0]
    return {"keys": kept}


def _check_key(key: object, name: str) -> None:
    if not isinstance(key, dict):
        raise Refused(FIELD, f"{name} is not a JSON object")
    if key.get("kty") == "oct":
        raise Refused(FIELD, f"{name} is symmetric (kty oct); register public keys only")
    # The server must be unable to sign in the client's name, even if its database leaks.
    if found := PRIVATE_MEMBERS & key.keys():
        raise Refused(
            FIELD, f"{name} holds the private member '{min(found)}'; register the public key only"
        )
    if not isinstance(key.get("kid", ""), str):
        raise Refused(FIELD, f"the kid of {name} is not a string")
    # A stranger's words, which an administrator's terminal will show.
    if not json.dumps(key, ensure_ascii=False).isprintable():
        raise Refused(FIELD, f"{name} holds characters that cannot be printed")
    # RFC 7517 §4.2: values defined are "sig" (signature) and "enc" (encryption).
    if key.get("use", "sig") != "sig":
        raise Refused(FIELD, f"{name} has use '{key['use']}', expected 'sig'")
    _check_strength(_imported(key, name), name)


def _imported(key: dict[str, Any], name: str) -> ECKey | OKPKey | RSAKey:
    try:
        with warnings.catch_warnings():
            # Of small RSA keys; they are refused below, in words.
            warnings.simplefilter("ignore", SecurityWarning)
            imported = import_key(key)
        if not isinstance(imported, ECKey | OKPKey | RSAKey):
            raise Refused(FIELD, f"{name} has kty '{key.get('kty')}', expected EC, OKP or RSA")
        # Only with the numbers at hand does the library find a point that is not on its curve.
        _ = imported.public_key
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Refused(FIELD, f"{name} is not a valid public JWK") from error
    return imported


def _check_strength(key: ECKey | OKPKey | RSAKey, name: str) -> None:
    if isinstance(key, RSAKey):
        bits = key.public_key.key_size
        # RFC 7518 §3.3: A key of size 2048 bits or larger MUST be used.
        if bits not in RSA_BITS:
            raise Refused(FIELD, f"{name} is RSA with {bits} bits, expected 2048 to 4096")
    elif key.curve_name not in CURVES:
        raise Refused(
            FIELD,
            f"{name} is on curve {key.curve_name}, expected one of {', '.join(sorted(CURVES))}",
        )
