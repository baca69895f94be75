"""One cluster for all tests of this folder. What it lacks is a failure: nothing here is skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spark.cluster import Cluster, absent


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if lacking := absent():
        pytest.fail(lacking)
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def exchange(tmp_path: Path) -> Path:
    """The folder that driver and workers share; empty again after every run."""
    return tmp_path / "exchange"
