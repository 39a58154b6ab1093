"""Sends a person to the authorization server, and waits on loopback until they come back.

On any free port, as RFC 8252 §7.3 says.
"""

from http.server import BaseHTTPRequestHandler, HTTPServer


class Loopback(HTTPServer):
    """The redirect URI of a native app."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Callback)
        self.callback = ""

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/callback"

    def visit(self, url: str) -> str:
        """Send the person to this URL, and return the one that they come back to."""
        print("Open this in your browser:", url, sep="\n", flush=True)
        while not self.callback:
            self.handle_request()
        return self.callback


class _Callback(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        expected = self.path.startswith("/callback?")
        if expected:
            self.server.callback = f"http://127.0.0.1:{self.server.server_port}{self.path}"
        self.send_response(200 if expected else 404)
        self.end_headers()
        self.wfile.write(b"You may close this page." if expected else b"")

    def log_message(self, *_: object) -> None:
        """Keep the code, which is in the URL, out of the terminal."""
