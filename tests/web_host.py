"""Other people's web servers, on loopback: they answer what a test tells them to, byte by byte."""

import asyncio
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Write = Callable[[bytes], Awaitable[None]]
Handler = Callable[[Write], Awaitable[None]]


def answer(
    body: bytes | Mapping[str, Any], status: str = "200 OK", **headers: str | None
) -> Handler:
    """Answer with this body, JSON unless the header fields say otherwise; None leaves one out."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: dict[str, str | None] = {
        "Content-Type": "application/json",
        "Content-Length": str(len(raw)),
    }
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    shown = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    lines = [f"HTTP/1.1 {status}", *shown]

    async def write_all(write: Write) -> None:
        await write("\r\n".join([*lines, "", ""]).encode() + raw)

    return write_all


def endless(chunk: bytes) -> Handler:
    """Answer 200 and go on for as long as anybody listens."""

    async def write_all(write: Write) -> None:
        await write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            await write(chunk)

    return write_all


def silent(head: bytes = b"") -> Handler:
    """Write the head of an answer, or nothing, and no more."""

    async def write_all(write: Write) -> None:
        await write(head)
        await asyncio.Event().wait()

    return write_all


@dataclass
class WebHost:
    """A server that listens. ``answers`` by path may change; ``requests`` are the heads it got."""

    authority: str
    scheme: str
    answers: dict[str, Handler]
    requests: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    open: set[asyncio.Task[Any]] = field(default_factory=set)

    def url(self, path: str, host: str | None = None) -> str:
        """Return the URL of a path here, under another name if one is given."""
        authority = self.authority
        if host is not None:
            authority = f"{host}:{authority.rpartition(':')[2]}"
        return f"{self.scheme}://{authority}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.open.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            # What is left of it, if the other side went away or the test is over.
            writer.transport.abort()
            self.open.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.requests.append(head)
        missing = answer({"error": "not here"}, "404 Not Found")
        await self.answers.get(head.split(" ")[1], missing)(write)

    async def end(self) -> None:
        """Give up every answer that is still being written."""
        left = list(self.open)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        # An aborted transport closes its socket in the loop's next rounds.
        for _ in range(3):
            await asyncio.sleep(0)


@asynccontextmanager
async def web_host(
    answers: Mapping[str, Handler] | None = None,
    *,
    address: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[WebHost]:
    """Run a web server on a free port of loopback."""
    host = WebHost("", "https" if tls else "http", dict(answers or {}))
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: host.names.append(name or "")
    server = await asyncio.start_server(host.serve, address, 0, ssl=tls)
    shown = f"[{address}]" if ":" in address else address
    host.authority = f"{shown}:{server.sockets[0].getsockname()[1]}"
    try:
        yield host
    finally:
        server.close()
        await host.end()
        await server.wait_closed()


@dataclass(frozen=True)
class Authority:
    """A certificate authority that only ``client`` trusts."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    directory: Path

    @property
    def file(self) -> Path:
        """The certificate, for whom it is to be trusted by."""
        return self.directory / "authority.pem"

    @property
    def client(self) -> ssl.SSLContext:
        """Trusts this authority and no other."""
        return ssl.create_default_context(cafile=self.file)

    def server(self, *names: str) -> ssl.SSLContext:
        """Make a server's context, its certificate good for these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        certificate = (
            _certificate(names[0], key.public_key(), self.certificate.subject)
            .add_extension(alternatives, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.directory / f"{names[0].replace(':', '_')}.pem"
        path.write_bytes(_pem(certificate) + _private_pem(key))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context


def make_authority(directory: Path) -> Authority:
    """Make an authority whose files are in the directory."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of tests")])
    certificate = (
        _certificate("Authority of tests", key.public_key(), name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = Authority(key, certificate, directory)
    authority.file.write_bytes(_pem(certificate))
    return authority


def _certificate(
    subject: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
