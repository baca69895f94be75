"""Going on from an earlier run: it comes out as a run over all records that had learned the same, and touches nothing
when it cannot go on."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP, MERGE_GRAPH, REVIEW_PAIRS
from dagster_project.resolution import increment, runner
from dagster_project.resolution.identity import lead_id
from dagster_project.resolution.increment import Published, go_on
from dagster_project.resolution.kept import Kept, read_learned
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.model import Model, shipped_model
from dagster_project.resolution.outcome import Resolution
from dagster_project.resolution.overrides import Override, Verdict
from dagster_project.resolution.runner import resolve
from dagster_project.resolution.scoring import Scoring, score_again
from tests.resolution.conftest import START, groups, record_id
from tests.resolution.test_runner import town


@dataclass
class Tenant:
    """Staged files of a tenant over days, and what its runs published."""

    folder: Path
    now: datetime = START
    overrides: list[Override] = field(default_factory=list)
    published: Published = field(
        default_factory=lambda: Published(LEAD_MAP.empty(), MERGE_GRAPH.empty(), REVIEW_PAIRS.empty())
    )
    last: str | None = None
    aliases: pl.DataFrame = field(default_factory=LEAD_ALIASES.empty)

    def land(self, name: str, rows: pl.DataFrame) -> None:
        """Write or replace a file."""
        self.now += timedelta(days=1)
        rows.with_columns(pl.lit(self.now.date()).alias("partition_date")).write_parquet(
            self.folder / f"{name}.parquet"
        )

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    def kept(self, version: str) -> Kept:
        stamps = {str(f): f"{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in self.files}
        return Kept(self.folder / "kept.duckdb", version, stamps, least=0)

    def anew(self, *, keep: bool = False) -> Resolution:
        """A run over all records, from the same map; published when it is kept."""
        self.now += timedelta(days=1)
        version = f"{self.now:%F}"
        options = {"org_id": "acme", "now": self.now, "overrides": self.overrides, "threads": 1}
        kept = self.kept(version) if keep else None
        found = resolve(self.files, "business", previous=self.published.lead_map, keep=kept, **options)
        if keep:
            self.publish(found, version)
        return found

    def goes_on(self, **options) -> Resolution | None:
        self.now += timedelta(days=1)
        version = f"{self.now:%F}"
        options = {"last": self.last, "overrides": self.overrides, "threads": 1} | options
        kept = self.kept(version)
        found = go_on(kept, "business", org_id="acme", published=self.published, now=self.now, **options)
        if found:
            self.publish(found, version)
        return found

    def publish(self, found: Resolution, version: str) -> None:
        rows = pl.concat([self.published.lead_map, found.lead_map])
        self.published = Published(rows, found.merge_graph, found.review)
        self.aliases = pl.concat([self.aliases, found.aliases])
        self.last = version

    def decide(self, verdict: Verdict, left: str, right: str) -> None:
        who = {"decided_at": self.now, "decided_by": "ann", "why": "called them"}
        sides = {"left_records": (record_id(left),), "right_records": (record_id(right),)}
        self.overrides.append(Override(f"{left}-{right}-{self.now:%F}", "business", verdict, **sides, **who))

    @property
    def bits(self) -> float:
        """The threshold that the first run learned."""
        with duckdb.connect(str(self.folder / "kept.duckdb"), read_only=True) as con:
            return read_learned(con).bits

    def leads(self) -> pl.DataFrame:
        """The current map: record_id, lead_id."""
        rows = self.published.lead_map.sort("valid_from").unique("record_id", keep="last")
        return rows.select("record_id", "lead_id")

    def groups(self) -> set[frozenset[str]]:
        """Records of the files that share a lead."""
        present = pl.concat([pl.read_parquet(f, columns=["record_id"]) for f in self.files]).unique()
        return groups(replace(self.anew(), current=self.leads().join(present, on="record_id")))


@pytest.fixture
def tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """Thirty records of the town, resolved and kept. Any number of changes may be gone on from, and later runs over all
    records learn nothing new."""
    monkeypatch.setattr(increment, "MOST_CHANGED", 100)
    made = Tenant(tmp_path)
    made.land("first", town().head(30))
    learned = made.anew(keep=True).stats

    def score_as_learned(con: duckdb.DuckDBPyConnection, model: Model, records: int, *_engine) -> Scoring:
        scoring = Scoring(learned["prior"], learned["apart"])
        score_again(con, model, scoring, records, into="scored")
        return scoring

    monkeypatch.setattr(runner, "score", score_as_learned)
    monkeypatch.setattr(runner, "best_threshold", lambda *_: made.bits)
    return made


def versions(rows: pl.DataFrame, day: int) -> pl.DataFrame:
    """Later versions of records."""
    return rows.with_columns(pl.col("fetched_at") + timedelta(days=day), pl.lit(f"{day}").alias("payload_hash"))


def lead_of(tenant: Tenant, key: str) -> str:
    return tenant.leads().filter(record_id=record_id(key))["lead_id"].item()


def test_new_records_join_the_leads_there_are_and_found_their_own(tenant: Tenant):
    before = tenant.leads()
    tenant.land("second", town().tail(10).filter(pl.col("provider_key") != "30"))
    found = tenant.goes_on()
    assert set(found.lead_map["record_id"]) == {record_id(str(n)) for n in range(31, 40)}
    assert tenant.groups() == groups(tenant.anew())
    assert tenant.leads().join(before, on=["record_id", "lead_id"], how="semi").height == 30
    assert found.stats["changed_records"] == 9
    assert found.stats["records"] == 39


def test_one_more_record_of_a_lead_takes_its_id(tenant: Tenant):
    other = town().filter(pl.col("provider_key") == "0").with_columns(pl.lit(record_id("again")).alias("record_id"))
    tenant.land("second", other)
    tenant.goes_on()
    assert lead_of(tenant, "again") == lead_of(tenant, "0") == lead_of(tenant, "1")


def test_what_is_published_keeps_its_contracts(tenant: Tenant):
    tenant.land("second", town().tail(10))
    found = tenant.goes_on()
    for table, frame in ((LEAD_MAP, found.lead_map), (MERGE_GRAPH, found.merge_graph), (REVIEW_PAIRS, found.review)):
        assert list(table.violations(frame.lazy())) == []
    anew = tenant.anew()
    ends = ["record_id_l", "record_id_r"]
    assert found.merge_graph.select(ends).sort(ends).equals(anew.merge_graph.select(ends).sort(ends))
    for name in ("records", "edges", "clusters", "cluster_sizes", "largest_clusters"):
        assert found.stats[name] == anew.stats[name]


def test_an_older_version_changes_nothing(tenant: Tenant):
    tenant.land("second", versions(town().head(4).with_columns(pl.lit("elsewhere").alias("name_key")), -1))
    assert tenant.goes_on().stats["changed_records"] == 0


def test_a_record_that_becomes_another_business_leaves_its_lead(tenant: Tenant):
    other = town().filter(pl.col("provider_key") == "38").select("name_key", "phone_key", "house_number", "street")
    moved = (
        town()
        .filter(pl.col("provider_key") == "2")
        .with_columns(pl.lit(other[c].item()).alias(c) for c in other.columns)
    )
    tenant.land("second", versions(moved.with_columns(pl.lit("97019").alias("postal")), 1))
    tenant.goes_on()
    assert lead_of(tenant, "2") != lead_of(tenant, "3")
    assert tenant.groups() == groups(tenant.anew())


def test_what_a_replaced_file_no_longer_has_is_gone_but_keeps_its_id(tenant: Tenant):
    was = lead_of(tenant, "1")
    tenant.land("first", town().head(30).filter(pl.col("provider_key") != "1"))
    found = tenant.goes_on()
    assert found.stats["records"] == 29
    assert record_id("1") not in set(found.merge_graph["record_id_l"]) | set(found.merge_graph["record_id_r"])
    assert lead_of(tenant, "1") == was


def test_an_earlier_version_comes_back_when_the_later_ones_file_is_gone(tenant: Tenant):
    tenant.land("second", versions(town().filter(pl.col("provider_key") == "0").with_columns(name_key=pl.lit("x")), 1))
    tenant.goes_on()
    assert lead_of(tenant, "0") == lead_of(tenant, "1") or tenant.groups() == groups(tenant.anew())
    (tenant.folder / "second.parquet").unlink()
    assert tenant.goes_on().stats["changed_records"] == 1
    assert tenant.groups() == groups(tenant.anew())


def test_decisions_hold_from_the_next_run_on_and_until_they_are_withdrawn(tenant: Tenant):
    tenant.decide(Verdict.CANNOT_LINK, "0", "1")
    tenant.decide(Verdict.MUST_LINK, "4", "6")
    tenant.goes_on()
    assert lead_of(tenant, "0") != lead_of(tenant, "1")
    assert lead_of(tenant, "4") == lead_of(tenant, "6") == lead_of(tenant, "7")
    tenant.overrides.clear()
    tenant.goes_on()
    assert lead_of(tenant, "0") == lead_of(tenant, "1")
    assert lead_of(tenant, "4") != lead_of(tenant, "6")
    assert tenant.groups() == groups(tenant.anew())


def changes(tenant: Tenant, chance: random.Random, day: int) -> Iterator[None]:
    """A day of something: files that come, are replaced or go, and decisions."""
    rows = town(60).sample(chance.randint(1, 12), seed=day + chance.randint(0, 99))
    swapped = rows.with_columns(pl.col("phone_key").shuffle(seed=day), pl.col("name_key").shuffle(seed=day))
    tenant.land(f"day{chance.randint(0, 4)}", versions(chance.choice([rows, swapped]), day))
    if chance.random() < 0.3 and len(tenant.files) > 1:
        chance.choice(tenant.files[:-1]).unlink()
    if chance.random() < 0.4:
        left, right = chance.sample(range(60), 2)
        tenant.overrides.clear()
        tenant.decide(chance.choice(list(Verdict)), str(left), str(right))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_for_days_it_comes_out_as_a_run_over_all_records(tenant: Tenant, seed: int):
    chance = random.Random(seed)
    for day in range(1, 6):
        changes(tenant, chance, day)
        found = tenant.goes_on()
        anew = tenant.anew()
        assert tenant.groups() == groups(anew)
        assert found.stats["edges"] == anew.stats["edges"]
        leading, ended = set(tenant.leads()["lead_id"]), set(tenant.aliases["alias_id"])
        assert leading.isdisjoint(ended)
        assert all(r not in leading for r in tenant.leads()["record_id"])
        assert set(tenant.leads()["record_id"]) >= set(anew.current["record_id"])


@pytest.mark.parametrize(
    "reason", ["no file", "no earlier run", "another run", "another model", "too few", "too many", "a broken file"]
)
def test_it_does_not_go_on_where_it_could_go_wrong(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, reason: str):
    tenant.land("second", town().tail(10))
    file, options = tenant.folder / "kept.duckdb", {}
    if reason == "no file":
        file.unlink()
    elif reason == "a broken file":
        file.write_bytes(b"not a database" * 1000)
    elif reason in ("no earlier run", "another run"):
        options["last"] = None if reason == "no earlier run" else "another"
    elif reason == "another model":
        options["model"] = Model(shipped_model(kind_named("business")).settings, "another")
    elif reason == "too many":
        monkeypatch.setattr(increment, "MOST_CHANGED", 0.1)
    before = file.read_bytes() if file.exists() else b""
    if reason == "too few":
        few = replace(tenant.kept("x"), least=31)
        found = go_on(few, "business", last=tenant.last, org_id="acme", published=tenant.published, now=tenant.now)
    else:
        found = tenant.goes_on(**options)
    assert found is None
    assert (file.read_bytes() if file.exists() else b"") == before


def test_a_founder_names_a_lead_as_in_any_run(tenant: Tenant):
    tenant.land("second", town().tail(10))
    tenant.goes_on()
    assert lead_of(tenant, "39") in {lead_id(record_id("38")), lead_id(record_id("39"))}
