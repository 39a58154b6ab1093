"""Reads the forms of a page, to fill them in as a browser would."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass(slots=True)
class Form:
    """A form of a page. ``fields`` has the values it opens with, hidden ones included.

    ``buttons`` are the (name, value) pairs of its submit buttons.
    """

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def name_of(self, *types: str) -> str | None:
        """Return the name of the first field of one of these types."""
        return next((name for name, kind in self.types.items() if kind in types), None)

    def filled(self, **values: str) -> dict[str, str]:
        """Return what the browser would send."""
        return {**self.fields, **values}


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(urljoin(self._url, found.get("action") or self._url))
            self.forms.append(self._open)
        elif self._open is not None and tag in {"input", "button"} and "name" in found:
            _take(self._open, tag, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def _take(form: Form, tag: str, found: Mapping[str, str]) -> None:
    kind = found.get("type") or ("submit" if tag == "button" else "text")
    if kind == "submit":
        form.buttons.append((found["name"], found.get("value", "")))
    elif kind != "checkbox" or "checked" in found:
        form.types[found["name"]] = kind
        form.fields[found["name"]] = found.get("value", "on" if kind == "checkbox" else "")


def forms_of(html: str, url: str) -> list[Form]:
    """Return the forms of the page that came from ``url``."""
    reader = _Reader(url)
    reader.feed(html)
    return reader.forms
