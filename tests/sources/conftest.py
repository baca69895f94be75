"""Helpers of the file source's tests: put a file in, land it, look at the heaps."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from dagster_project import user_yaml
from dagster_project.sources.files.inbox import deposit, received
from dagster_project.sources.files.landing import Landing, land
from dagster_project.sources.files.mapping import Mapping

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
ORG = "default"


def mapping(**content: object) -> Mapping:
    """A mapping of businesses keyed by `id`, unless said otherwise."""
    own = {} if "identity" in content else {"key": "id"}
    return user_yaml.parse(Mapping, {"kind": "business", **own, **content}, "places", "places.yaml")


@pytest.fixture
def land_bytes(tmp_path: Path) -> Callable[..., Landing]:
    """Lands one file of the given bytes: `land_bytes(b"id,name\\n1,Ann\\n", "a.csv", mapping())`."""
    lake = tmp_path / "lake"

    def run(content: bytes, name: str = "a.csv", under: Mapping | None = None, known: dict | None = None) -> Landing:
        (tmp_path / name).write_bytes(content)
        under = under or mapping()
        deposit(tmp_path / name, under.name, lake, ORG, NOW)
        files = [f for f in received(lake, ORG, under.name, NOW.date()) if f.path.read_bytes() == content]
        return land(files, under, org_id=ORG, day=NOW.date(), known=known or {})

    return run


def rows(landing: Landing) -> pl.DataFrame:
    """All raw records of a landing."""
    return pl.concat(landing.raw) if landing.raw else pl.DataFrame({"provider_key": [], "payload": []})


def keys(landing: Landing) -> list[str]:
    return rows(landing)["provider_key"].to_list()


def refused(landing: Landing) -> list[tuple[int, str, str]]:
    """(line, field, reason) of every refused row, in order."""
    return landing.quarantined.select("line", "field", "reason").rows()


def assert_balanced(landing: Landing) -> None:
    """Every received row is in exactly one heap, and the heaps are as large as the receipts say."""
    totals = landing.receipts.select("received", "accepted", "quarantined", "duplicate").sum().row(0, named=True)
    assert totals["received"] == totals["accepted"] + totals["quarantined"] + totals["duplicate"]
    assert totals["accepted"] == sum(part.height for part in landing.raw)
    assert totals["quarantined"] == landing.quarantined.height
