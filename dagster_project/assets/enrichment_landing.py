"""Answers become raw records: a provider's answers of a day are landed as one partition, replaced whole, from what the
ledger committed. Landing a day again gives the same bytes. Without Dagster.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import polars as pl
from psycopg.rows import dict_row

from dagster_project.assets.ingest import last_versions_before
from dagster_project.contracts import (
    ENRICHMENT_ANSWERS,
    ENRICHMENT_ATTEMPTS,
    QUARANTINED_RECORDS,
    RAW_RECORDS,
    RECORD_SIGHTINGS,
    SUPPRESSIONS,
)
from dagster_project.contracts.identity import record_ids
from dagster_project.enrichment.lookup import Lookup, Provider
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.providers import provider as provider_named
from dagster_project.enrichment.subject import answers_of
from dagster_project.normalize.activity import value_hash
from dagster_project.resources.lake import Lake
from dagster_project.sources.files.versions import decided_in_parts, known_versions, sightings
from dagster_project.transport.paths import steps, without
from dagster_project.transport.shared import Connect

PROVIDERS = """
select distinct provider from ops.enrichment_answers
where org_id = %(org_id)s and answered_at >= %(day)s and answered_at < %(day)s + 1 order by provider
"""
ANSWERS = """
select a.answer_id::text, a.provider, a.lookup, a.kind, a.subject_id::text, a.lead_id::text, a.inputs, a.outcome,
  a.payload, a.cost_usd, a.answered_at, c.request_id, r.campaign,
  (select j.subject -> 'identity' from ops.enrichment_jobs as j
   where j.org_id = a.org_id and j.request_id = c.request_id and j.subject_id = a.subject_id) as identity
from ops.enrichment_answers as a
inner join ops.enrichment_calls as c on c.org_id = a.org_id and c.call_id = a.call_id
left join ops.enrichment_requests as r on r.org_id = c.org_id and r.request_id = c.request_id
where a.org_id = %(org_id)s and a.provider = %(provider)s
  and a.answered_at >= %(day)s and a.answered_at < %(day)s + 1
order by a.answered_at, a.answer_id
"""
ATTEMPTS = """
select t.job_id::text, j.request_id, t.subject_id::text, t.lead_id::text, t.field, t.attempt, t.provider, t.lookup,
  t.outcome, t.is_cached, t.is_filled, t.confidence, t.cost_usd, t.latency_ms, t.reason, t.segment, t.attempted_at
from ops.enrichment_attempts as t
inner join ops.enrichment_jobs as j on j.org_id = t.org_id and j.job_id = t.job_id
where t.org_id = %(org_id)s and t.provider = %(provider)s
  and t.attempted_at >= %(day)s and t.attempted_at < %(day)s + 1
order by t.job_id, t.field, t.attempt
"""


@dataclass(frozen=True)
class Landed:
    """What became of a provider's answers of a day."""

    provider: str
    answers: int
    records: int
    new: int
    quarantined: int


class AnswerLanding:
    """Lands the answers of one tenant and day."""

    def __init__(self, lake: Lake, connect: Connect, org_id: str, day: date, run_id: str) -> None:
        self.lake, self.connect, self.org_id, self.day, self.run_id = lake, connect, org_id, day, run_id

    def land(self) -> list[Landed]:
        """Every provider that answered on the day."""
        names = [row["provider"] for row in self._rows(PROVIDERS)]
        return [self._land(provider_named(name)) for name in names]

    def _land(self, provider: Provider) -> Landed:
        source = answers_of(provider.name)
        partition = (self.org_id, source, self.day.isoformat())
        run_id = (self.lake.manifest(RAW_RECORDS, *partition) or {}).get("run_id", self.run_id)
        rows = [self._record(provider, row) for row in self._rows(ANSWERS, provider=provider.name)]
        fixed = {"org_id": self.org_id, "source": source, "partition_date": self.day}
        keyed = [row for row in rows if row["record_id"]]
        seen = pl.DataFrame(
            [(row["record_id"], row["payload_hash"], row["answered_at"]) for row in keyed],
            schema={"record_id": pl.String, "payload_hash": pl.String, "received_at": pl.Datetime("us", "UTC")},
            orient="row",
        )
        known = known_versions(last_versions_before(self.lake, self.org_id, source, self.day))
        decided = decided_in_parts(seen, known)
        accepted = decided["is_accepted"].to_list()
        new = [
            row | {"fetched_at": at} for row, ok, at in zip(keyed, accepted, decided["fetched_at"], strict=True) if ok
        ]
        self._write(RAW_RECORDS, new, fixed | {"run_id": run_id}, partition, manifest={"run_id": run_id})
        frame = sightings(seen).with_columns(pl.lit(value).alias(name) for name, value in fixed.items())
        self.lake.write(RECORD_SIGHTINGS, RECORD_SIGHTINGS.conform(frame), *partition)
        self._write(ENRICHMENT_ANSWERS, rows, fixed, partition)
        self._write(ENRICHMENT_ATTEMPTS, self._rows(ATTEMPTS, provider=provider.name), fixed, partition)
        self._write(SUPPRESSIONS, suppressed(rows), fixed, partition)
        refused = [refusal(row) for row in rows if row["outcome"] == "ok" and not row["record_id"]]
        self._write(QUARANTINED_RECORDS, refused, fixed | {"stage": "land"}, ("land", *partition))
        return Landed(provider.name, len(rows), len(keyed), len(new), len(refused))

    def _record(self, provider: Provider, row: Mapping[str, Any]) -> dict[str, Any]:
        """An answer with the raw record that it is; without one where it has none, or one without a key."""
        lookup = provider.endpoint(row["lookup"])
        record = orjson.loads(row["payload"]) if row["outcome"] == "ok" else None
        key = None if record is None else lookup.provider_key(record)
        found = {**row, "query": orjson.dumps({"endpoint": lookup.name, **row["inputs"]}).decode()}
        if key is None:
            return found | {"record_id": None, "payload_hash": None, "confidence": None}
        return found | {
            "provider_key": key,
            "record_id": record_ids(self.org_id, [provider.name], [key])[0],
            "payload_hash": lasting_hash(lookup, record),
            "confidence": surest(lookup, provider.name, record),
            "request_cost_usd": row["cost_usd"],
            "campaign_id": row["campaign"],
            "source_url": lookup.evidence(record),
        }

    def _write(
        self,
        table: Any,
        rows: Sequence[Mapping[str, Any]],
        fixed: Mapping[str, Any],
        partition: tuple[str, ...],
        manifest: dict[str, str] | None = None,
    ) -> None:
        full = [{name: {**row, **fixed}.get(name) for name in table.names} for row in rows]
        self.lake.write(table, pl.DataFrame(full, schema=table.polars_schema), *partition, manifest=manifest)

    def _rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with self.connect(self.org_id) as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute("set local timezone to 'UTC'")
            return cursor.execute(query, {"org_id": self.org_id, "day": self.day, **values}).fetchall()


def lasting_hash(lookup: Lookup, record: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of what does not change by itself."""
    lasting = without(record, tuple(steps(path) for path in lookup.volatile)) if lookup.volatile else record
    return hashlib.sha256(orjson.dumps(lasting, option=orjson.OPT_SORT_KEYS)).hexdigest()


def surest(lookup: Lookup, provider: str, record: Mapping[str, Any]) -> float:
    """How far an answer is trusted: by the surest of its fields, else as the price list says of the lookup."""
    said = [lookup.confidence(record, name) for name in lookup.values(record)]
    return max((each for each in said if each is not None), default=offer(provider, lookup.name).confidence)


def suppressed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The e-mails and phones of people about whom a provider must say nothing, as SUPPRESSIONS."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row["outcome"] != "suppressed":
            continue
        known = {**(row["identity"] or {}), **row["inputs"]}
        for scope in ("email", "phone"):
            if value := known.get(scope):
                hashed = value_hash(value.strip().lower())
                found[scope, hashed] = {
                    "scope": scope,
                    "value_hash": hashed,
                    "reason": f"legal: {row['provider']} must not say anything about this person",
                    "suppressed_at": row["answered_at"],
                    "received_at": row["answered_at"],
                }
    return list(found.values())


def refusal(row: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without the provider's key, as QUARANTINED_RECORDS; nothing of it is shown but its number."""
    return {
        "file": f"{row['lookup']} {row['answer_id']}",
        "line": 1,
        "field": "",
        "reason": "no_key",
        "value": row["answer_id"],
        "received_at": row["answered_at"],
    }
