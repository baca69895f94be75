"""One sandbox for all tests that only ask it, and one that each test may disturb."""

from collections.abc import Iterator

import pytest

from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.api.stage import Stage
from tests.sandbox.asking import Asker
from tests.sandbox.looking import SECONDS
from tests.transport.clock import SimulatedClock

# A full minute and ten minutes past midnight UTC: no fixed window is about to end.
START = 1_800_058_200.0


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    """A sandbox of 20,000 records, without limits; page tokens are valid at once."""
    with Sandbox(20_000, limits={"*": "off"}, token_seconds=0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """The same on its first day, with nothing called yet and nothing wrong; what a test changes is undone."""
    served.reset()
    yield served
    served.limits({"*": "off"})
    served.reset()


@pytest.fixture(scope="session")
def clock() -> SimulatedClock:
    return SimulatedClock(START)


@pytest.fixture(scope="session")
def world(clock: SimulatedClock) -> Stage:
    return Stage(4_000, 7, limits={"*": "off"}, clock=clock.now)


@pytest.fixture
def stage(world: Stage) -> Stage:
    """A sandbox within this process that was not called yet, on the clock; a later answer takes `SECONDS`."""
    world.reset()
    world.desk.promises.seconds, world.desk.promises.is_twice = SECONDS, False
    return world


@pytest.fixture(scope="session")
def complete_stage(clock: SimulatedClock) -> Stage:
    """A world in which every provider knows everybody it can know, without limits."""
    return Stage(3_000, 7, complete=True, limits={"*": "off"}, clock=clock.now)


@pytest.fixture
def asker(complete_stage: Stage, clock: SimulatedClock) -> Asker:
    """A client of that world, on its first day, with nothing asked or promised yet."""
    complete_stage.reset()
    complete_stage.limits.set({"*": "off"})
    promises = complete_stage.desk.promises
    promises.is_twice, promises.kept_seconds = False, 86_400.0
    clock.time = START
    return Asker(complete_stage)
