"""The types of settings whose text must be read or checked: lists are comma-separated."""

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from .dpop.algorithms import ALGORITHMS
from .oauth.registration import RESERVED_SCOPES
from .oauth.scope import is_token

_HOST_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:]+")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def _algorithms(algs: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := [alg for alg in algs if alg not in ALGORITHMS]:
        message = f"expected some of {', '.join(ALGORITHMS)}, received '{unknown[0][:40]}'"
        raise ValueError(message)
    if not algs:
        message = "must name at least one algorithm"
        raise ValueError(message)
    return algs


def _scopes_for_strangers(scopes: tuple[str, ...]) -> tuple[str, ...]:
    if reserved := [each for each in scopes if each.startswith(RESERVED_SCOPES)]:
        message = f"'{reserved[0][:40]}' is for clients that an administrator registers"
        raise ValueError(message)
    if unfit := [each for each in scopes if not is_token(each)]:
        message = f"'{unfit[0][:40]}' is not a scope: one word without quotes or backslashes"
        raise ValueError(message)
    return scopes


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [host for host in hosts if not _HOST_PATTERN.fullmatch(host)]:
        message = f"expected hosts like a.example or *.a.example, received '{wrong[0][:100]}'"
        raise ValueError(message)
    return hosts


def _networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            message = f"expected networks like 10.0.0.0/8 or fd00::/8, received '{network}'"
            raise ValueError(message) from None
    return networks


Seconds = Annotated[int, Field(gt=0)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Algorithms = Annotated[Words, AfterValidator(_algorithms)]
ScopesForStrangers = Annotated[Words, AfterValidator(_scopes_for_strangers)]
Hosts = Annotated[Words, AfterValidator(_hosts)]
Networks = Annotated[Words, AfterValidator(_networks)]
