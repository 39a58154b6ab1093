"""The proof inspector: paste a proof or its request, and read what each check says.

It keeps nothing: no jti is consumed, no nonce made, nothing logged.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ..clock import Clock
from ..dpop.inquiry import Inquiry, NoUrl, Rules, Told, inquire
from ..dpop.inspection import Verdict
from ..dpop.jws import JsonObject
from ..http import paths
from ..oauth.errors import TemporarilyUnavailable
from . import csrf, masked
from .explanations import EXPLANATIONS
from .forms import fields_of
from .pages import Pages

MAX_SHORT = 2048
EMPTY = {"pasted": "", "method": "", "url": "", "access_token": ""}

Nonces = Callable[[], Awaitable[frozenset[str]]]


class InspectorPage:
    """GET and POST /explorer/inspect. ``nonces`` returns those that the server accepts now."""

    def __init__(self, pages: Pages, rules: Rules, clock: Clock, nonces: Nonces) -> None:
        self._pages = pages
        self._rules = rules
        self._clock = clock
        self._nonces = nonces

    async def inspect(self, request: Request) -> Response:
        if request.method != "POST":
            return self._page(EMPTY)
        csrf.check_origin(request, self._rules.issuer)
        fields = EMPTY | dict(await fields_of(request))
        if not fields["pasted"].strip():
            return self._page(fields, problem="Paste a proof, or the request that it came with.")
        try:
            found = await self._inquire(fields)
        except NoUrl as error:
            return self._page(fields, problem=f"Judge as URL: {error}.")
        return self._page(fields, found=found)

    async def _inquire(self, fields: Mapping[str, str]) -> Inquiry:
        nonces = None
        # Without its store the server can still say all the rest.
        with suppress(TemporarilyUnavailable):
            nonces = await self._nonces()
        told = Told(
            method=fields["method"].strip()[:MAX_SHORT] or None,
            url=fields["url"].strip()[:MAX_SHORT] or None,
            access_token=fields["access_token"].strip() or None,
        )
        return inquire(
            fields["pasted"], self._rules, now=self._clock.now(), told=told, nonces=nonces
        )

    def _page(
        self, fields: Mapping[str, str], *, found: Inquiry | None = None, problem: str = ""
    ) -> Response:
        return self._pages.render(
            "inspector.html",
            status=400 if problem else 200,
            problem=problem,
            # What was pasted, and the token, may be secrets, and do not come back.
            method=fields["method"][:MAX_SHORT],
            url=fields["url"][:MAX_SHORT],
            token_endpoint=self._rules.token_endpoint,
            found=found,
            read=masked.rows(found.pasted) if found else [],
            header=_written(found.decoded.header if found else None),
            claims=_written(found.decoded.claims if found else None),
            now=datetime.fromtimestamp(self._clock.now(), UTC),
            explanations=EXPLANATIONS,
            verdicts=Verdict,
        )


def router(pages: Pages, page: InspectorPage) -> APIRouter:
    """Serve the page."""
    api = APIRouter()
    api.add_route(paths.PROOF_INSPECTOR, pages.guard(page.inspect), methods=["GET", "POST"])
    return api


def _written(part: JsonObject | None) -> str | None:
    # In ASCII: no character hides behind another that looks the same.
    return None if part is None else json.dumps(part, indent=2)
