"""Landing: the pages that a partition's journal keeps become raw records, each received object in one of three heaps.

received = accepted + quarantined + duplicate, as for files. The result depends on the journal, the adapter and the last
versions before the partition, and on nothing else: landing a partition again gives the same frames. The journal is read
twice, first for keys and hashes, then for the rows that are new, so that payloads never pile up in memory.
"""

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
import polars as pl

from dagster_project.contracts import PROVIDER_CALLS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS
from dagster_project.contracts.identity import record_ids
from dagster_project.sources.adapter import Adapter, Endpoint
from dagster_project.sources.files.versions import decided_in_parts, known_versions, sightings
from dagster_project.sources.pages.calls import settled_calls
from dagster_project.sources.pages.journal import Entry, Journal
from dagster_project.sources.pages.progress import State
from dagster_project.transport.messages import Answer
from dagster_project.transport.paths import steps, without

# Records of the frames that are made at a time; bounds memory.
FRAME_RECORDS = 20_000
UNIT = Decimal("0.0001")


@dataclass(frozen=True)
class Partition:
    """Which partition is landed, and by which run."""

    org_id: str
    campaign: str
    source: str
    day: date
    run_id: str


@dataclass(frozen=True)
class Counts:
    """What became of the objects that were received; `new` and `changed` are the accepted ones."""

    received: int = 0
    new: int = 0
    changed: int = 0
    duplicate: int = 0
    quarantined: int = 0
    unchanged_records: int = 0

    @property
    def accepted(self) -> int:
        return self.new + self.changed


@dataclass(frozen=True)
class Received:
    """A page's objects as they are landed: their endpoint, when they came, what each cost, what was asked."""

    endpoint: Endpoint
    at: datetime
    query: str
    records: list[dict[str, Any]]
    keys: list[str | None]
    costs: list[Decimal]
    place: str


class PageLanding:
    """The frames of one partition. `raw` may be taken once at a time, as often as needed."""

    def __init__(self, journal: Journal, adapter: Adapter, partition: Partition, known: pl.DataFrame) -> None:
        self.journal, self.adapter, self.partition = journal, adapter, partition
        self.state = State.of(adapter, (entry.content for entry in journal.entries()))
        self.volatile = {e.name: tuple(steps(path) for path in e.volatile) for e in adapter.endpoints}
        self.refused: list[dict[str, Any]] = []
        # objects with a key, per page in order
        self.keyed: list[int] = []
        self.seen = self._seen()
        before = known_versions(known)
        self.decided = decided_in_parts(self.seen, before)
        self.counts = self._counts(before)

    def raw(self) -> Iterator[pl.DataFrame]:
        """The new versions as RAW_RECORDS, in frames of about `FRAME_RECORDS`, in order of arrival."""
        rows: list[tuple[Any, ...]] = []
        verdict = pl.concat([self.seen.drop("received_at"), self.decided], how="horizontal")
        offset = 0
        for entry, keyed in zip(self._page_entries(), self.keyed, strict=True):
            decided = verdict.slice(offset, keyed)
            offset += keyed
            if not decided["is_accepted"].any():
                continue
            rows += self._rows(self._read(entry), decided)
            if len(rows) >= FRAME_RECORDS:
                yield self._frame(rows)
                rows = []
        if rows:
            yield self._frame(rows)

    def _rows(self, page: Received, decided: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
        """A page's new versions as tuples of `ROW`."""
        known = (
            (key, r, cost) for key, r, cost in zip(page.keys, page.records, page.costs, strict=True) if key is not None
        )
        for (key, record, cost), (record_id, hashed, is_accepted, at) in zip(known, decided.iter_rows(), strict=True):
            if is_accepted:
                url, payload = page.endpoint.evidence(record), orjson.dumps(record).decode()
                yield (key, record_id, page.endpoint.kind, at, payload, hashed, cost, page.query, url)

    def sightings(self) -> pl.DataFrame:
        """Every record that was seen, as RECORD_SIGHTINGS."""
        where = self._literals("org_id", "source", "partition_date")
        return RECORD_SIGHTINGS.conform(sightings(self.seen).with_columns(where))

    def quarantined(self) -> pl.DataFrame:
        """Objects that cannot be landed, as QUARANTINED_RECORDS."""
        schema = {name: QUARANTINED_RECORDS.polars_schema[name] for name in (*REFUSAL, "received_at")}
        frame = pl.DataFrame(self.refused, schema=schema).with_columns(
            self._literals("org_id", "source", "partition_date"), stage=pl.lit("land")
        )
        return QUARANTINED_RECORDS.conform(frame)

    def calls(self) -> pl.DataFrame:
        """Every call that was sent, as PROVIDER_CALLS."""
        return provider_calls(self.journal, self.adapter.name, self.partition)

    def _page_entries(self) -> Iterator[Entry]:
        return (e for e in self.journal.entries() if e.type == "page" and e.content["records"])

    def _read(self, entry: Entry) -> Received:
        """A page's objects, read from its body."""
        said = entry.content
        ask = self.state.tracks[said["ask"]].ask
        endpoint = self.adapter.endpoint(ask.endpoint)
        with uncollected():
            records = list(endpoint.page(ask, None, Answer(200, {}, entry.body())).records)
        return Received(
            endpoint=endpoint,
            at=datetime.fromisoformat(said["at"]),
            query=ask.text,
            records=records,
            keys=[endpoint.provider_key(record) for record in records],
            costs=shares(Decimal(said["cost"]), len(records)),
            place=f"{endpoint.name} {ask.id} page {said['page'] + 1}",
        )

    def _seen(self) -> pl.DataFrame:
        """record_id, payload_hash and received_at of every object that has a key, in order of arrival."""
        schema = {"record_id": pl.String, "payload_hash": pl.String, "received_at": pl.Datetime("us", "UTC")}
        parts = [pl.DataFrame(schema=schema)]
        for entry in self._page_entries():
            page = self._read(entry)
            keys = [key for key in page.keys if key is not None]
            hashes = [
                self._hash(page.endpoint, r) for r, k in zip(page.records, page.keys, strict=True) if k is not None
            ]
            ids = record_ids(self.partition.org_id, [self.adapter.name] * len(keys), keys)
            self.keyed.append(len(keys))
            columns = {"record_id": ids, "payload_hash": hashes, "received_at": [page.at] * len(keys)}
            parts.append(pl.DataFrame(columns, schema=schema))
            self.refused += [
                _refusal(page, number, record)
                for number, (record, key) in enumerate(zip(page.records, page.keys, strict=True), start=1)
                if key is None
            ]
        return pl.concat(parts)

    def _hash(self, endpoint: Endpoint, record: dict[str, Any]) -> str:
        """SHA-256 of the canonical JSON of what does not change by itself."""
        lasting = without(record, self.volatile[endpoint.name]) if endpoint.volatile else record
        return hashlib.sha256(orjson.dumps(lasting, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def _counts(self, before: pl.DataFrame) -> Counts:
        accepted = self.seen.filter(self.decided["is_accepted"])["record_id"]
        new = accepted.unique().is_in(before["record_id"].implode()).not_().sum()
        return Counts(
            received=self.seen.height + len(self.refused),
            new=new,
            changed=len(accepted) - new,
            duplicate=self.seen.height - len(accepted),
            quarantined=len(self.refused),
            unchanged_records=self.seen["record_id"].n_unique() - accepted.n_unique(),
        )

    def _frame(self, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema={name: RAW_RECORDS.polars_schema[name] for name in ROW}, orient="row")
        return RAW_RECORDS.conform(
            frame.with_columns(
                self._literals("org_id", "source", "partition_date", "provider", "campaign_id", "run_id")
            )
        )

    def _literals(self, *names: str) -> list[pl.Expr]:
        values = self._values()
        return [pl.lit(values[name]).alias(name) for name in names]

    def _values(self) -> dict[str, Any]:
        where = self.partition
        return {
            "org_id": where.org_id,
            "source": where.source,
            "partition_date": where.day,
            "provider": self.adapter.name,
            "campaign_id": where.campaign,
            "run_id": where.run_id,
        }


ROW = (
    *("provider_key", "record_id", "kind", "fetched_at", "payload", "payload_hash"),
    *("request_cost_usd", "query", "source_url"),
)
REFUSAL = ("file", "line", "field", "reason", "value")


def provider_calls(journal: Journal, provider: str, partition: Partition) -> pl.DataFrame:
    """Every call of a partition that was sent, as PROVIDER_CALLS, in order of settling."""
    where = {
        "org_id": partition.org_id,
        "source": partition.source,
        "partition_date": partition.day,
        "provider": provider,
        "run_id": partition.run_id,
    }
    frame = settled_calls(entry.content for entry in journal.entries())
    return PROVIDER_CALLS.conform(frame.with_columns(pl.lit(value).alias(name) for name, value in where.items()))


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection: a page's thousands of objects would set it off again and again, and hold no cycles. A
    sixth of landing's time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def shares(cost: Decimal, records: int) -> list[Decimal]:
    """A page's cost as its records' costs, in ten-thousandths of a dollar, that add up to it."""
    whole, rest = divmod(int(cost / UNIT), records)
    return [UNIT * (whole + (position < rest)) for position in range(records)]


def _refusal(page: Received, number: int, record: dict[str, Any]) -> dict[str, Any]:
    value = orjson.dumps(record).decode()[:500]
    return {"file": page.place, "line": number, "field": "", "reason": "no_key", "value": value, "received_at": page.at}
