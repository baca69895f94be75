"""What an adapter makes of a payload: raw records, then canonical rows, by the same functions as the pipeline."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl

from dagster_project.contracts import RAW_RECORDS
from dagster_project.contracts.identity import record_ids
from dagster_project.normalize.engine import normalize
from dagster_project.sources.adapter import Adapter, Ask, Endpoint
from dagster_project.sources.pages.extract import extract_records
from dagster_project.transport.messages import Answer
from dagster_project.transport.paths import covers, leaves
from dagster_project.transport.shapes import alternatives

SHAPE_ERRORS = (LookupError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True)
class Read:
    """A payload as one endpoint reads it: the records that have a key, and how many have none."""

    endpoint: Endpoint
    records: list[dict[str, Any]]
    keyless: int

    @property
    def filled(self) -> int:
        """How many fields the records fill: the endpoint that the payload belongs to fills most."""
        return sum(len(self.endpoint.canonical(record)) for record in self.records)

    @property
    def unread(self) -> list[str]:
        """Paths of filled leaves that the endpoint neither reads nor ignores."""
        known = declared(self.endpoint)
        found = {leaf for record in self.records for leaf in leaves(record)}
        return sorted(leaf for leaf in found if not any(covers(path, leaf) for path in known))


def read(body: bytes, endpoints: Iterable[Endpoint]) -> Read:
    """The payload (a page as the provider answers it, a list of records, or one) as the endpoint reads it that reads
    most of it. Raises ValueError for what is no JSON.
    """
    answer = Answer(200, {}, body)
    _ = answer.json  # not JSON is not another shape
    return max((_read(endpoint, answer) for endpoint in endpoints), key=lambda found: found.filled)


def canonical_rows(adapter: Adapter, found: Read, org_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that the pipeline would stage, columns without a value left out, and the values that it would refuse."""
    kind = found.endpoint.kind
    normalized = normalize(extract_records(_raw(adapter, found, org_id), adapter, kind), kind)
    rows = [{name: value for name, value in row.items() if value is not None} for row in normalized.frame.to_dicts()]
    for row in rows:
        row["provenance"] = json.loads(row["provenance"])
    return rows, normalized.rejected.select("line", "field", "reason", "value").to_dicts()


def declared(endpoint: Endpoint) -> list[str]:
    """Every path that an endpoint names."""
    specs = [spec for several in endpoint.fields.values() for spec in alternatives(several)]
    specs += [spec for spec in (endpoint.key, endpoint.url) if spec]
    return [*(spec if isinstance(spec, str) else spec[0] for spec in specs), *endpoint.ignored, *endpoint.volatile]


def _read(endpoint: Endpoint, answer: Answer) -> Read:
    try:
        records = list(endpoint.page(Ask(endpoint.name), None, answer).records)
    except SHAPE_ERRORS:
        records = answer.json if isinstance(answer.json, list) else [answer.json]
    records = [record for record in records if isinstance(record, dict)]
    keyed = [record for record in records if endpoint.provider_key(record)]
    return Read(endpoint, keyed, len(records) - len(keyed))


def _raw(adapter: Adapter, found: Read, org_id: str) -> pl.DataFrame:
    """The records as RAW_RECORDS, received now at no cost."""
    endpoint, now = found.endpoint, datetime.now(UTC)
    keys = [endpoint.provider_key(record) for record in found.records]
    payloads = [orjson.dumps(record) for record in found.records]
    columns = {
        "provider_key": keys,
        "record_id": record_ids(org_id, [adapter.name] * len(keys), keys),
        "payload": [payload.decode() for payload in payloads],
        "payload_hash": [hashlib.sha256(payload).hexdigest() for payload in payloads],
        "source_url": [endpoint.evidence(record) for record in found.records],
    }
    schema = {name: RAW_RECORDS.polars_schema[name] for name in columns}
    return RAW_RECORDS.conform(
        pl.DataFrame(columns, schema=schema).with_columns(
            org_id=pl.lit(org_id),
            provider=pl.lit(adapter.name),
            kind=pl.lit(endpoint.kind),
            source=pl.lit(adapter.name),
            partition_date=pl.lit(now.date()),
            fetched_at=pl.lit(now),
            request_cost_usd=pl.lit(0),
            query=pl.lit(Ask(endpoint.name).text),
        )
    )
