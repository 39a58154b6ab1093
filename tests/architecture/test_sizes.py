"""Files and functions stay small enough to be read at once."""

from statistics import median

from .source import functions, length, modules, name_of


def test_the_median_file_has_at_most_100_lines() -> None:
    assert median(len(path.read_text().splitlines()) for path in modules()) <= 100


def test_no_file_has_more_than_400_lines() -> None:
    long = [name_of(path) for path in modules() if len(path.read_text().splitlines()) > 400]
    assert long == []


def test_the_median_function_has_at_most_10_lines() -> None:
    assert median(length(each) for path in modules() for each in functions(path)) <= 10


def test_no_function_has_more_than_60_lines() -> None:
    long = [
        f"{name_of(path)}:{each.lineno} {each.name}"
        for path in modules()
        for each in functions(path)
        if length(each) > 60
    ]
    assert long == []
