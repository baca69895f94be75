"""kill -9 in the middle of a walk, then the same command again: the result is that of an undisturbed walk.

`LEADHOUSE_CHAOS_KILLS` says how many instants are tried, spread over the walk's length, and how many of the real sets;
`make test-chaos` tries 12, and all sets.
"""

import os
import time
from pathlib import Path

import pytest

from tests import real_sets
from tests.house import House, open_house

KILLS = int(os.environ.get("LEADHOUSE_CHAOS_KILLS", "2"))

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], float]:
    """The sample's result, and a walk's seconds."""
    with open_house(tmp_path_factory.mktemp("undisturbed")) as house:
        return timed(house)


def timed(house: House) -> tuple[dict[str, str], float]:
    started = time.monotonic()
    house.walk()
    return house.result(), time.monotonic() - started


@pytest.mark.parametrize("instant", range(KILLS))
def test_a_killed_walk_run_again_gives_the_undisturbed_result(instant: int, tmp_path: Path, undisturbed):
    expected, seconds = undisturbed
    with open_house(tmp_path) as house:
        house.killed_walk(seconds * (instant + 1) / (KILLS + 1))
        house.walk()
        assert house.result() == expected
        assert set(house.receiver.records.values()) == {1}, "every lead arrived, with its first revision, once"


@pytest.mark.shared
@pytest.mark.parametrize("name", list(real_sets.WALKS)[:KILLS])
def test_a_killed_walk_over_real_files_gives_the_undisturbed_result(name: str, tmp_path: Path, shared_dir: Path):
    inputs = [f"{real_sets.file_of(shared_dir, mapping)}={mapping}" for mapping in real_sets.WALKS[name]]
    for folder in ("undisturbed", "killed"):
        (tmp_path / folder).mkdir()
    with open_house(tmp_path / "undisturbed", inputs) as house:
        expected, seconds = timed(house)
    with open_house(tmp_path / "killed", inputs) as house:
        house.killed_walk(seconds / 2)
        house.walk()
        assert house.result() == expected
        assert set(house.receiver.records.values()) == {1}
