"""The ways in: TLS, the issuer, proxies. Rules that every profile has, with its own sources."""

from .facts import Facts
from .rule import Finding, advice, broken, kept, unknown


def https_issuer(facts: Facts) -> Finding:
    """Judge whether clients reach the server by TLS."""
    if facts.is_encrypted:
        return kept(facts.issuer)
    why = (
        f"{facts.issuer} is for development only: set HOLDFAST_ISSUER to an https URL, "
        "and TLS in front (docs/deployment.md)"
    )
    # Without a profile nobody claimed to be more than a development server.
    return broken(why) if facts.profile.title else advice(why)


def tls_version(facts: Facts) -> Finding:
    """Judge the connection that the issuer was asked over."""
    reached = facts.reached
    if reached is None:
        return unknown("not asked; --reach asks the issuer")
    if reached.failure is not None:
        return broken(reached.failure)
    if reached.tls is None:
        return advice("the issuer answers, without TLS")
    if reached.tls not in {"TLSv1.2", "TLSv1.3"}:
        return broken(f"the issuer answers by {reached.tls}: allow TLS 1.2 and 1.3 only")
    return kept(f"the issuer answers by {reached.tls}")


def no_stripping(facts: Facts) -> Finding:
    """Judge whether browsers are told to stay with https."""
    if not facts.is_encrypted:
        return advice("pages of an http issuer cannot say so")
    reached = facts.reached
    if reached is not None and reached.failure is None and not reached.hsts:
        return broken(
            "pages come without Strict-Transport-Security: let the proxy pass header fields on"
        )
    return kept("pages carry Strict-Transport-Security")


def trusted_proxies(facts: Facts) -> Finding:
    """Judge whether the addresses of clients are known behind the proxy that ends TLS."""
    if facts.is_encrypted and not facts.trusts_proxies:
        return advice(
            "no proxy is trusted, so all clients seem to come from the proxy's own address, where "
            "one of them can use up the wrong passwords of all: set HOLDFAST_TRUSTED_PROXIES"
        )
    return kept("HOLDFAST_TRUSTED_PROXIES" if facts.trusts_proxies else "no TLS, so no proxy")
