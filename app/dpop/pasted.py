"""A proof, or the HTTP request around it, as people paste it: from a log, from ``curl -v``. Pure.

Lenient about the dress, exact about the content: what cannot be a request is taken for the proof.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import urlsplit

# RFC 9112 §3: request-line = method SP request-target SP HTTP-version
_REQUEST_LINE = re.compile(r"(?P<method>[A-Za-z-]+) (?P<target>\S+) HTTP/[0-9](?:\.[0-9])?")
# Some logs leave the version out.
_SHORT_LINE = re.compile(r"(?P<method>[A-Z]{3,10}) (?P<target>(?:/|https?://)\S*)")
# RFC 9112 §5: field-line = field-name ":" OWS field-value OWS. A colon first: RFC 9113 §8.3.1.
_FIELD = re.compile(r"(?P<name>:?[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>.*?)[ \t]*")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was pasted. ``proofs``: the values of the DPoP header fields.

    ``method`` and ``target`` are those of the request line, None where there is none.
    """

    proofs: tuple[str, ...]
    method: str | None = None
    target: str | None = None
    fields: Fields = ()
    body: str = ""

    @property
    def is_request(self) -> bool:
        """Whether there is more than a proof."""
        return bool(self.method) or any(name.lower() != "dpop" for name, _ in self.fields)

    def field(self, name: str) -> str | None:
        """Return the first value of a header field."""
        return next((value for each, value in self.fields if each.lower() == name), None)

    @property
    def access_token(self) -> str | None:
        """The token of the Authorization header field (RFC 9449 §7.1, RFC 6750 §2.1)."""
        scheme, _, token = (self.field("authorization") or "").partition(" ")
        return token.strip() or None if scheme.lower() in {"dpop", "bearer"} else None

    def url(self, issuer: str, endpoints: frozenset[str]) -> str | None:
        """Return the URL of the request, without query and fragment; None if it is not told.

        The server at ``issuer`` never looks at Host: at its ``endpoints`` it is the issuer's.
        """
        if self.target is None:
            return None
        path = re.split("[?#]", self.target, maxsplit=1)[0]
        if not path.startswith("/"):
            return path
        host = self.field("host") or self.field(":authority")
        if host is None or host.lower() == urlsplit(issuer).netloc or path in endpoints:
            return issuer + path
        return f"{_scheme(host)}://{host}{path}"


def read(text: str) -> Pasted:
    """Take apart what was pasted, whatever it is."""
    lines = _lines_sent(textwrap.dedent(text.lstrip("\ufeff")).strip("\r\n").splitlines())
    requests = [_request(message) for message in _messages(lines)]
    if not requests:
        # A terminal may have folded the proof.
        proof = "".join(text.lstrip("\ufeff").split())
        return Pasted((proof,) if proof else ())
    # Of a challenge and the retry, the retry is in question.
    return next((each for each in reversed(requests) if each.proofs), requests[-1])


def _lines_sent(lines: Sequence[str]) -> Sequence[str]:
    """Leave of a trace by ``curl -v`` what was sent: the lines that start with an arrow."""
    sent = [line[1:].removeprefix(" ") for line in lines if line.startswith(">")]
    return sent or lines


def _messages(lines: Sequence[str]) -> list[list[str]]:
    """Split into requests; answers in between are left out."""
    messages: list[list[str]] = []
    listening = False
    for line in lines:
        is_first = not messages and bool(line.strip())
        if _starts_request(line, first=is_first):
            messages.append([])
            listening = True
        elif line.startswith("HTTP/"):
            listening = False
        if listening:
            messages[-1].append(line)
    return messages


def _starts_request(line: str, *, first: bool) -> bool:
    if _REQUEST_LINE.fullmatch(line.strip()):
        return True
    return first and bool(_SHORT_LINE.fullmatch(line.strip()) or _FIELD.fullmatch(line))


def _request(lines: Sequence[str]) -> Pasted:
    first = lines[0].strip()
    line = _REQUEST_LINE.fullmatch(first) or _SHORT_LINE.fullmatch(first)
    rest = lines[1:] if line else lines
    head = list(takewhile(str.strip, rest))
    fields = _fields(head)
    named = {name.lower(): value for name, value in fields}
    return Pasted(
        tuple(value for name, value in fields if name.lower() == "dpop"),
        line["method"] if line else named.get(":method"),
        line["target"] if line else named.get(":path"),
        fields,
        "\n".join(rest[len(head) :]).strip(),
    )


def _fields(lines: Sequence[str]) -> Fields:
    fields: list[tuple[str, str]] = []
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found:
            fields.append((found["name"], found["value"]))
        elif fields:
            # RFC 9112 §5.2: obs-fold; or a terminal folded the line.
            name, value = fields[-1]
            fields[-1] = (name, value + line.strip())
    return tuple(fields)


def _scheme(host: str) -> str:
    name = host.rpartition(":")[0] if re.search(r":[0-9]*$", host) else host
    return "http" if name.strip("[]").lower() in _LOOPBACK else "https"
