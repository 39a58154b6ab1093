"""The pages that anybody may read: the start page, and what each refusal means."""

from starlette.requests import Request
from starlette.responses import Response

from .explanations import EXPLANATIONS
from .pages import Pages

BY_ID = {str(check): explanation for check, explanation in EXPLANATIONS.items()}


class PublicPages:
    """GET / and /errors. ``inspects``: whether the proof inspector is there to lead to."""

    def __init__(self, pages: Pages, *, inspects: bool) -> None:
        self._pages = pages
        self._inspects = inspects

    async def start(self, _: Request) -> Response:
        return self._pages.render("start.html", inspects=self._inspects)

    async def errors(self, _: Request) -> Response:
        return self._list(200)

    async def error(self, request: Request) -> Response:
        check = request.path_params["check"]
        if check not in BY_ID:
            return self._list(404)
        return self._pages.render(
            "error.html", check=check, explanation=BY_ID[check], inspects=self._inspects
        )

    def _list(self, status: int) -> Response:
        return self._pages.render(
            "errors.html", status=status, explanations=BY_ID, inspects=self._inspects
        )
