"""The pages that anybody may read: the start page, and what each refusal means."""

from starlette.requests import Request
from starlette.responses import Response

from .explanations import EXPLANATIONS
from .pages import Pages

BY_ID = {str(check): explanation for check, explanation in EXPLANATIONS.items()}


class PublicPages:
    """GET / and /errors."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def start(self, _: Request) -> Response:
        return self._pages.render("start.html")

    async def errors(self, _: Request) -> Response:
        return self._pages.render("errors.html", explanations=BY_ID)

    async def error(self, request: Request) -> Response:
        check = request.path_params["check"]
        if check not in BY_ID:
            return self._pages.render("errors.html", status=404, explanations=BY_ID)
        return self._pages.render("error.html", check=check, explanation=BY_ID[check])
