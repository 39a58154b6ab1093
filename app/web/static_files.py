"""The style sheets and the icon: a few files, held in memory, named by their content."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..credentials import digest
from ..http import paths

DIRECTORY = Path(__file__).parent / "static"
MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    version: str


# One sheet: between two, a page may show for a moment as the first alone has it, with images of
# Pico's that the Content-Security-Policy refuses.
PAGES_CSS = "pages.css"
_SHEETS = ("pico.classless.min.css", "holdfast.css")


class StaticFiles:
    """Serves the files of ``DIRECTORY`` whose type is known, and the style sheets as one."""

    def __init__(self) -> None:
        sheets = b"\n".join((DIRECTORY / name).read_bytes() for name in _SHEETS)
        self._files: Mapping[str, _File] = {
            path.name: _file(path.name, path.read_bytes())
            for path in DIRECTORY.iterdir()
            if path.suffix in MEDIA_TYPES
        } | {PAGES_CSS: _file(PAGES_CSS, sheets)}

    def url(self, name: str) -> str:
        """Return the file's path; it changes with the content, so that it may be cached."""
        return f"{paths.STATIC}/{name}?v={self._files[name].version}"

    async def serve(self, request: Request) -> Response:
        file = self._files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        current = request.query_params.get("v") == file.version
        age = f"max-age={A_YEAR}, immutable" if current else "no-cache"
        headers = {
            "Cache-Control": f"public, {age}",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return Response(file.content, 200, headers, file.media_type)


def _file(name: str, content: bytes) -> _File:
    version = digest(content.decode())[:12]
    return _File(content, MEDIA_TYPES[Path(name).suffix], version)
