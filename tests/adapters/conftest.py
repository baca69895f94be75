"""Runs every test that takes a `case` once per adapter; `--adapter NAME` leaves one of them.

The world that the dynamic tests ask is the same for all of them.
"""

import pytest

from dagster_project.sandbox.api.stage import Stage
from dagster_project.sources.providers import adapters
from tests.adapters.cases import Case, case_of
from tests.adapters.playing import Played, Sandboxed
from tests.adapters.replaying import Replayed
from tests.transport.clock import SimulatedClock

RECORDS, SEED, MONDAY = 12_000, 7, 1_800_000_000.0


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


@pytest.fixture(scope="session")
def clock() -> SimulatedClock:
    return SimulatedClock(MONDAY)


@pytest.fixture(scope="session")
def stage(clock: SimulatedClock) -> Stage:
    """A world in which every provider knows everybody."""
    return Stage(RECORDS, SEED, complete=True, clock=clock.now)


@pytest.fixture
def played(case: Case, stage: Stage) -> Played:
    """The adapter's provider, which was not called yet and limits nothing."""
    stage.reset()
    stage.limits.set({"*": "off"})
    return Sandboxed(case, stage) if case.name in stage.services else Replayed(case)


@pytest.fixture(autouse=True)
def without_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine dies in these tests, and a flush takes longer than all the rest."""
    monkeypatch.setattr("os.fdatasync", lambda file: None)
    monkeypatch.setattr("os.fsync", lambda file: None)
