"""Random histories of a tenant: records come, change and go, models change, people decide and withdraw, runs are
killed. Whatever happens, ids never swap, aliases resolve, and any past day can be read."""

from datetime import datetime, timedelta

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP
from dagster_project.resolution.identity import as_of, assign, current, lead_id, living
from dagster_project.resolution.overrides import Override, Verdict, constraints, contradicted
from tests.resolution.conftest import START
from tests.resolution.decisions import cannot, must

RECORDS = "abcdefghi"
records = st.sampled_from(RECORDS)
looks = st.integers(0, 3)


class Tenant(RuleBasedStateMachine):
    """A stand-in for the model: records that look alike are one cluster, unless people say otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.look: dict[str, int] = {}
        self.overrides: list[Override] = []
        self.rows, self.aliases = LEAD_MAP.empty(), LEAD_ALIASES.empty()
        self.now = START
        self.minute = 0
        self.journal: dict[datetime, dict[str, str]] = {}

    @rule(record=records, look=looks)
    def record_comes_or_changes(self, record: str, look: int) -> None:
        self.look[record] = look

    @precondition(lambda self: self.look)
    @rule(data=st.data())
    def record_goes(self, data: st.DataObject) -> None:
        del self.look[data.draw(st.sampled_from(sorted(self.look)))]

    @rule(model=st.lists(looks, min_size=len(RECORDS), max_size=len(RECORDS)))
    def model_changes(self, model: list[int]) -> None:
        self.look = {record: look for record, look in zip(RECORDS, model, strict=True) if record in self.look}

    @rule(left=st.sets(records, min_size=1, max_size=2), right=records, verdict=st.sampled_from([must, cannot]))
    def person_decides(self, left: set[str], right: str, verdict) -> None:
        self.minute += 1
        new = verdict("".join(sorted(left - {right} or set(RECORDS) - {right})), right, self.minute)
        if contradicted(self.overrides, new) is None:
            self.overrides.append(new)

    @precondition(lambda self: self.overrides)
    @rule(data=st.data())
    def person_withdraws(self, data: st.DataObject) -> None:
        self.overrides.remove(data.draw(st.sampled_from(self.overrides)))

    @rule(killed=st.booleans())
    def run(self, killed: bool) -> None:
        """One resolution; a killed one has written its aliases and nothing else."""
        self.now += timedelta(days=1)
        clusters = self.clusters()
        before, parts = self.leads, clusters.group_by("cluster").agg("record_id")["record_id"].to_list()
        done = assign(clusters, self.rows, self.now)
        named = {"org_id": pl.lit("acme"), "kind": pl.lit("business"), "valid_from": pl.lit(self.now)}
        self.aliases = pl.concat([self.aliases, LEAD_ALIASES.conform(done.aliases.with_columns(**named))])
        if killed:
            return
        changed = done.changed.with_columns(**named, matched_by=pl.lit("test"))
        self.rows = pl.concat([self.rows, LEAD_MAP.conform(changed)])
        self.journal[self.now] = self.leads
        again = assign(clusters, self.rows, self.now + timedelta(seconds=1))
        assert again.changed.is_empty(), "a second run changes nothing"
        assert again.aliases.is_empty(), "a second run changes nothing"
        self.check_leads(before, parts)

    def check_leads(self, before: dict[str, str], parts: list[list[str]]) -> None:
        after = self.leads
        for part in parts:
            lead = after[part[0]]
            assert {after[record] for record in part} == {lead}, "a cluster is one lead"
            held = sum(before.get(record) == lead for record in part)
            others = [sum(before.get(record) == lead for record in other) for other in parts]
            assert held == max(others), "a lead goes with most of its earlier records"
            assert held or lead not in before.values(), "no cluster takes the id of a lead it has no record of"
        assert len({after[part[0]] for part in parts}) == len(parts), "two clusters are two leads"
        for gone in before.keys() - {record for part in parts for record in part}:
            follows = after[gone] == before[gone] or before[gone] not in after.values()
            assert follows, "an absent record leaves its lead only when that ends"
        for override in self.overrides:
            same = {
                after[a] == after[b]
                for a in override.left_records
                for b in override.right_records
                if a in self.look and b in self.look
            }
            assert same <= {override.verdict == Verdict.MUST_LINK}, "what people decide holds"

    def clusters(self) -> pl.DataFrame:
        """Records that look alike, within what people decided."""
        found = constraints(self.overrides, {record: record for record in self.look})
        group = {record: {record} for record in sorted(self.look)}
        for a, b in found.must_link:
            merged = group[a] | group[b]
            group |= dict.fromkeys(merged, merged)
        clusters: list[tuple[int, set[str]]] = []
        for members in sorted({frozenset(g) for g in group.values()}, key=min):
            refused = {b for a, b in found.cannot_link if a in members} | {
                a for a, b in found.cannot_link if b in members
            }
            for look, cluster in clusters:
                if look == self.look[min(members)] and not cluster & {r for m in refused for r in group[m]}:
                    cluster |= members
                    break
            else:
                clusters.append((self.look[min(members)], set(members)))
        rows = [(record, n) for n, (_, cluster) in enumerate(clusters) for record in sorted(cluster)]
        schema = {"record_id": pl.String, "cluster": pl.Int64}
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return frame.with_columns(seen_at=pl.lit(START).cast(pl.Datetime("us", "UTC")))

    @property
    def leads(self) -> dict[str, str]:
        return dict(current(self.rows.lazy()).select("record_id", "lead_id").collect().iter_rows())

    @invariant()
    def every_alias_resolves_to_a_lead_and_no_lead_is_an_alias(self) -> None:
        resolved = living(self.aliases, current(self.rows.lazy()).collect())
        assert resolved["alias_id"].is_unique().all()
        assert set(resolved["alias_id"]).isdisjoint(self.leads.values())
        ever = set(self.rows["lead_id"])
        known = resolved.filter(pl.col("alias_id").is_in(list(ever)))
        assert set(known["lead_id"]) <= set(self.leads.values())
        assert ever == set(known["alias_id"]) | set(self.leads.values()), "an id that ever led leads or is an alias"

    @invariant()
    def history_says_which_lead_a_record_was_on_any_day(self) -> None:
        for day, leads in self.journal.items():
            known = as_of(self.rows.lazy(), day + timedelta(hours=23)).select("record_id", "lead_id").collect()
            assert dict(known.iter_rows()) == leads


TestTenant = Tenant.TestCase
TestTenant.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)


def test_a_lead_that_was_split_off_and_linked_again_becomes_an_alias_of_the_lead_it_left():
    tenant = Tenant()
    for record in "abc":
        tenant.record_comes_or_changes(record, 0)
    tenant.run(killed=False)
    tenant.overrides = [cannot("ab", "c")]
    tenant.run(killed=False)
    split_off = tenant.leads["c"]
    assert split_off == lead_id("c", tenant.now)
    tenant.overrides = []
    tenant.run(killed=False)
    assert set(tenant.leads.values()) == {lead_id("a")}
    assert tenant.aliases.select("alias_id", "lead_id").rows() == [(split_off, lead_id("a"))]
    assert tenant.rows.filter(record_id="c")["lead_id"].to_list() == [lead_id("a"), split_off, lead_id("a")]
