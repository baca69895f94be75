"""From one received file to candidate rows: who each row is, what it says, and whether it can be used at all.

A row without a key, a provider or a required field is refused here; whether a row is new is decided in `versions`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from dagster_project.contracts.identity import SEPARATOR, record_ids
from dagster_project.sources.files.errors import UnknownColumn
from dagster_project.sources.files.inbox import ReceivedFile
from dagster_project.sources.files.mapping import Mapping
from dagster_project.sources.files.payload import payload_hashes, with_payload
from dagster_project.sources.files.readers import CANONICAL, LINE, PAYLOAD, Chunk, Opened, Rejection, open_file
from dagster_project.sources.files.readers.core import rejection
from dagster_project.sources.files.targets import clean, fill_targets
from dagster_project.user_yaml import nearest

KEY, PROVIDER, FAULT = "__key", "__provider", "__fault"


@dataclass
class FileRows:
    """What one file holds: candidate rows (LINE, provider, provider_key, record_id, payload, payload_hash), refused
    rows, and notes on what was repaired. `label` is the file's name, made unique within the partition."""

    file: ReceivedFile
    label: str
    parts: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def height(self) -> int:
        return sum(p.height for p in self.parts)


def read_rows(file: ReceivedFile, label: str, mapping: Mapping, org_id: str) -> FileRows:
    """Read a whole file. Raises `FileRefused` when it is unreadable, `UnknownColumn` when the mapping does not fit."""
    opened = open_file(file.path, mapping.options, mapping.landing_columns, name=label)
    if opened.header:
        mapping.check_columns(opened.header, label, opened.nested)
    rows = FileRows(file, label, notes=opened.notes)
    for chunk in opened.chunks:
        identified, refused = _identify(_complete(chunk, opened), mapping)
        rows.rejected += chunk.rejected + refused
        if identified.height:
            rows.parts.append(_with_ids(identified, org_id))
    if opened.seen and (absent := _never_seen(opened, mapping.columns)):
        rows.notes.append(f"never seen: {', '.join(c + nearest(c, opened.seen) for c in absent)}")
    return rows


def check_fit(opened: Opened, mapping: Mapping, file: str) -> None:
    """Raise `UnknownColumn` when a mapping does not fit an opened file. JSON lines have no header, so there only the
    key is asked for, in the first chunk: any other value may be absent from many records."""
    if opened.header:
        mapping.check_columns(opened.header, file, opened.nested)
    elif opened.header is None:
        next(opened.chunks, None)
        if opened.seen and (absent := _never_seen(opened, mapping.key_columns)):
            told = "; ".join(f'no key "{c}"{nearest(c, opened.seen)}' for c in absent)
            raise UnknownColumn(f"mapping {mapping.name} does not fit {file}: {told}. Its keys: {_listed(opened.seen)}")


def _never_seen(opened: Opened, columns: tuple[str, ...]) -> list[str]:
    return [c for c in columns if c not in opened.seen and c.split(".")[0] not in opened.seen]


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)[:50])


def _complete(chunk: Chunk, opened: Opened) -> pl.DataFrame:
    """Rows with payload and canonical text; JSON lines bring theirs."""
    if opened.header is None:
        return chunk.rows
    return with_payload(chunk.rows, opened.header, opened.nested)


def _identify(rows: pl.DataFrame, mapping: Mapping) -> tuple[pl.DataFrame, list[Rejection]]:
    """Rows with key, provider and payload hash; and those that lack a key, a provider or a required field."""
    provider = clean(pl.col(mapping.provider_column)) if mapping.provider_column else _constant_provider(mapping)
    needed = rows.with_columns(provider.alias(PROVIDER), _key(rows, mapping).alias(KEY))
    faults = list(_faults(mapping))
    targets = fill_targets(rows, mapping, [r for r in mapping.required if r in mapping.targets])
    checked = pl.concat([needed, targets.rename({t: f"\0{t}" for t in targets.columns})], how="horizontal")
    first = pl.coalesce(pl.when(missing).then(pl.lit(i)) for i, (missing, _, _) in enumerate(faults))
    judged = checked.with_columns(first.alias(FAULT))
    refused = judged.filter(pl.col(FAULT).is_not_null()).select(LINE, FAULT, PAYLOAD)
    rejected = [rejection(line, *faults[i][1:], text) for line, i, text in refused.iter_rows()]
    kept = judged.filter(pl.col(FAULT).is_null()) if rejected else judged
    return kept.select(LINE, PROVIDER, KEY, PAYLOAD, CANONICAL), rejected


def _constant_provider(mapping: Mapping) -> pl.Expr:
    return pl.lit(mapping.provider or mapping.name)


def _faults(mapping: Mapping) -> Iterator[tuple[pl.Expr, str, str]]:
    """What makes a row useless: (condition, column or target at fault, reason code), the gravest first."""
    yield pl.col(KEY).is_null(), mapping.key or "+".join(mapping.identity or ()), "missing_key"
    if mapping.provider_column:
        yield pl.col(PROVIDER).is_null(), mapping.provider_column, "missing_provider"
    for name in mapping.required:
        value = pl.col(f"\0{name}") if name in mapping.targets else clean(pl.col(name))
        yield value.is_null(), name, "missing_required"


def _key(rows: pl.DataFrame, mapping: Mapping) -> pl.Series:
    """The provider's key, or a hash of the identity columns in lower case with single spaces; null when blank."""
    if mapping.key is not None:
        return rows.select(clean(pl.col(mapping.key))).to_series()
    parts = [clean(pl.col(c)).str.to_lowercase().str.replace_all(r"\s+", " ") for c in mapping.identity or ()]
    joined = rows.select(
        pl.when(pl.any_horizontal(p.is_not_null() for p in parts)).then(
            pl.concat_str([p.fill_null("") for p in parts], separator=SEPARATOR)
        )
    ).to_series()
    hashed = [None if v is None else hashlib.sha256(v.encode()).hexdigest()[:32] for v in joined.to_list()]
    return pl.Series(hashed, dtype=pl.String)


def _with_ids(rows: pl.DataFrame, org_id: str) -> pl.DataFrame:
    ids = record_ids(org_id, rows[PROVIDER].to_list(), rows[KEY].to_list())
    return rows.select(
        pl.col(LINE),
        pl.col(PROVIDER).alias("provider"),
        pl.col(KEY).alias("provider_key"),
        pl.Series("record_id", ids, dtype=pl.String),
        pl.col(PAYLOAD).alias("payload"),
        pl.Series("payload_hash", payload_hashes(rows[CANONICAL]), dtype=pl.String),
    )
