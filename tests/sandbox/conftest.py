"""One sandbox for all tests that only ask it, and one that each test may disturb."""

from collections.abc import Iterator

import pytest

from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.api.stage import Stage
from tests.sandbox.looking import SECONDS
from tests.transport.clock import SimulatedClock


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
    return SimulatedClock(1_800_000_000.0)


@pytest.fixture(scope="session")
def world(clock: SimulatedClock) -> Stage:
    return Stage(4_000, 7, limits={"*": "off"}, clock=clock.now)


@pytest.fixture
def stage(world: Stage) -> Stage:
    """A sandbox within this process that was not called yet, on the clock; a later answer takes `SECONDS`."""
    world.reset()
    world.desk.promises.seconds, world.desk.promises.is_twice = SECONDS, False
    return world
