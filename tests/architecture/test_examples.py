"""The pages of the cookbook show the files that the tests run."""

from pathlib import Path

import pytest

from tests import included

EXAMPLES = [
    path
    for folder in ("apis", "clients")
    for path in sorted((included.DOCS / folder).iterdir())
    if path.is_file() and path.suffix != ".md"
]


@pytest.mark.parametrize("page", included.pages(), ids=lambda page: page.stem)
def test_a_page_shows_its_files_as_they_are(page: Path) -> None:
    told = page.read_text(encoding="utf-8")
    assert told == included.current(page), "run: uv run python -m tests.included"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_is_on_a_page(example: Path) -> None:
    assert example in set().union(*map(included.shown, included.pages()))
