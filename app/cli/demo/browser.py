"""A person at a browser: signs in and consents on the server's real pages."""

from dataclasses import dataclass
from http import HTTPStatus

import httpx

from .expectations import StepFailed
from .forms import Form, forms_of

MAX_PAGES = 8
# What is behind the paths that the server sends the browser to.
PAGES = {"/login": "the sign-in page", "/consent": "the consent page"}
ALLOW = frozenset({"allow", "approve", "yes", "accept"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of the browser and its answer, as a line to tell."""

    method: str
    path: str
    status: int
    what: str


class Browser:
    """Follows redirects on the server's own pages, and stops where they lead back to the client."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._http = httpx.Client(headers={"Accept": "text/html"})
        self.visits: list[Visit] = []

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def authorize(self, url: str, *, email: str, password: str) -> str:
        """Open ``url``, do what the pages ask for, and return where the client is called back."""
        response = self._go("GET", url, "the authorization request")
        for _ in range(MAX_PAGES):
            if response.has_redirect_location:
                target = str(response.url.join(response.headers["Location"]))
                if not target.startswith(self._issuer + "/"):
                    return target
                response = self._go("GET", target, "")
            elif response.status_code == HTTPStatus.OK:
                response = self._fill_in(response, email, password)
            else:
                raise StepFailed(f"a page answered {response.status_code}")
        raise StepFailed("the pages lead nowhere")

    def _fill_in(self, page: httpx.Response, email: str, password: str) -> httpx.Response:
        for form in forms_of(page.text, str(page.url)):
            if password_field := form.name_of("password"):
                name = form.name_of("email", "text")
                if name is None:
                    raise StepFailed("the sign-in page has no field for the address")
                answers = {name: email, password_field: password}
                return self._send(form, answers, "sign in with address and password")
            for name, value in form.buttons:
                if value in ALLOW:
                    return self._send(form, {name: value}, "allow the client what it asked for")
        raise StepFailed(f"the page at {page.url.path} has neither a sign-in nor a consent form")

    def _send(self, form: Form, answers: dict[str, str], what: str) -> httpx.Response:
        return self._go("POST", form.action, what, form.filled(**answers))

    def _go(
        self, method: str, url: str, what: str, form: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Origin": self._issuer} if form else {}
        response = self._http.request(method, url, data=form, headers=headers)
        path = response.url.path
        what = what or PAGES.get(path, "the same request, further on")
        self.visits.append(Visit(method, path, response.status_code, what))
        return response
