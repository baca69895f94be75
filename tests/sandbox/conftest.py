"""One sandbox for all tests that only ask it, and one that each test may disturb."""

from collections.abc import Iterator

import pytest

from dagster_project.sandbox.api.server import Sandbox


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
