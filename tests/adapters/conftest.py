"""Runs every test that takes a `case` once per adapter; `--adapter NAME` leaves one of them."""

import pytest

from dagster_project.sources.providers import adapters
from tests.adapters.cases import Case, case_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", chosen(metafunc.config), indirect=True)


def chosen(config: pytest.Config) -> list[str]:
    """Names of the adapters under test."""
    wanted = config.getoption("adapter")
    if wanted and wanted not in adapters():
        raise pytest.UsageError(f'--adapter: no adapter "{wanted}"; there are {", ".join(adapters())}')
    return [wanted] if wanted else list(adapters())


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)
