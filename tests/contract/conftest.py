"""The contracts that every store must keep, each tested on the real servers."""

from collections.abc import Generator

import pytest

from tests.servers import told_in_one_line


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return told_in_one_line(report, call)
