"""Debian's nginx in front of replicas, set up as docs/scaling.md says."""

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers import ServerMissing, missing

from .processes import HOST, WITHIN, until

_CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream holdfast {{
        {servers}
        keepalive 32;
    }}
    server {{
        listen {host}:{port};
        location / {{
            proxy_pass http://holdfast;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_connect_timeout 1s;
        }}
    }}
}}
"""


def nginx_binary() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return found or missing(ServerMissing("no nginx on this machine (Debian has it in nginx)"))


@contextmanager
def balancing(directory: Path, port: int, ports: Sequence[int]) -> Iterator[None]:
    """Run nginx on a port, in front of replicas on other ports."""
    binary, log = nginx_binary(), directory / "log"
    directory.mkdir()
    # max_fails=0: nobody is left out for ten seconds because a restart was seen.
    servers = "".join(f"server {HOST}:{each} max_fails=0;" for each in ports)
    text = _CONFIGURATION.format(directory=directory, servers=servers, host=HOST, port=port)
    (directory / "nginx.conf").write_text(text)
    with log.open("ab") as errors:
        command = [binary, "-e", "stderr", "-p", str(directory), "-c", "nginx.conf"]
        process = subprocess.Popen(command, stderr=errors)
    try:
        yield
    finally:
        process.terminate()
        process.wait(WITHIN)


async def listens(port: int) -> None:
    """Wait until somebody listens there."""

    def connects() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, port)) == 0

    await until(connects, f"a server on port {port}")
