"""A proposal for a mapping, from a file's headers and the look of its values.

Headers propose, values decide: a column called Website that holds Yes and No is not the website. The proposal is meant
to be read and corrected by a person; `to_yaml` writes it with the reasons beside it.
"""

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl
import yaml

from dagster_project import user_yaml
from dagster_project.contracts import FIELDS
from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.inbox import safe_name
from dagster_project.sources.files.mapping import Mapping, Split
from dagster_project.sources.files.readers import LINE, PAYLOAD, Opened, open_file
from dagster_project.sources.files.synonyms import KEY_WORDS, KIND_MARKERS, PROVIDER_WORDS, SYNONYMS, normal

SAMPLE_ROWS = 5_000
LOOKS = {
    "email": r"^[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}$",
    "website": r"^(?i:https?://|www\.)\S+$|^(?i)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?$",
    "phone": r"^\+?[\d\s().,/x-]{7,25}$",
    "postal": r"^[A-Z0-9]{1,5}[A-Z0-9 -]{2,6}$",
    "lat": r"^-?\d{1,2}\.\d{2,}$",
    "lon": r"^-?\d{1,3}\.\d{2,}$",
    "occurred_at": r"^\d{4}-\d{2}-\d{2}|^\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|^\d{10,13}$",
    "amount": r"^[$€£]?\s*-?[\d.,]+$",
    "review_count": r"^[\d.,]+$",
    "rating": r"^\d(?:[.,]\d+)?$",
}
LOOKS |= dict.fromkeys(("created_at", "closed_at", "expected_close_date", "suppressed_at"), LOOKS["occurred_at"])
LOOKS |= {"mobile": LOOKS["phone"], "fax": LOOKS["phone"], "company_website": LOOKS["website"]}
TELLING = ("email", "website")
"""Looks that nothing else has, so that they name a column whatever its header."""

SPOKEN = ("email", "phone", "mobile", "website", "linkedin")
"""Targets whose bare word inside a longer header is worth a look at the values."""

MIN_SHARE = 0.5
ONE_LINE = (
    r"^(?P<address_line1>.+?),\s*(?P<city>[^,\d]+),\s*(?P<region>[A-Z]{2})\b,?\s*"
    r"(?P<postal>\d{5}(?:-\d{4})?)?(?:,\s*(?P<country>[^,\d]+))?$"
)
US_ZIP = r"^\d{5}(?:-\d{4})?$"


@dataclass(frozen=True)
class Suggestion:
    """A loadable mapping, the file it was made from, and the columns it leaves out."""

    mapping: Mapping
    file: str
    unused: tuple[str, ...]


def suggest_mapping(path: Path, kind: str | None = None, name: str | None = None) -> Suggestion:
    """Propose a mapping for a file. Raises `FileRefused` when the file cannot be read or holds no row."""
    sample = _sample(open_file(path))
    if sample.is_empty():
        raise FileRefused(f"{path.name} has no rows to learn from")
    kind = kind or _kind(sample.columns)
    fields = _fields(sample, kind)
    content: dict[str, object] = {"description": f"Rows of {path.name}", "kind": kind, "fields": fields}
    if provider := _provider_column(sample):
        content["provider_column"] = provider
    content |= _identity(sample, kind, fields)
    content |= _address(sample, fields)
    content["required"] = [t for t in ("name", "event_type", "stage", "outcome", "scope", "value") if t in fields]
    mapping = user_yaml.parse(Mapping, {k: v for k, v in content.items() if v}, name or _name(path), path.name)
    return Suggestion(mapping, path.name, tuple(c for c in sample.columns if c not in mapping.columns))


def to_yaml(suggestion: Suggestion) -> str:
    """The proposal as YAML with comments; loads back as the same mapping."""
    m = suggestion.mapping
    lines = [
        f"# Proposed from {suggestion.file}. Check it, then save it as data/mappings/{m.name}.yaml",
        f"description: {_flow(m.description)}",
        f"kind: {m.kind}",
    ]
    if m.provider_column:
        lines.append(f"provider_column: {_flow(m.provider_column)}  # each row says who says so")
    if m.key is not None:
        lines.append(f"key: {_flow(m.key)}  # unique in the rows looked at")
    else:
        lines.append(f"identity: {_flow(list(m.identity or ()))}  # no column is unique, so these make the key")
    if m.required:
        lines.append(f"required: {_flow(list(m.required))}")
    if m.fields:
        lines.append("fields:")
        lines += [f"  {t}: {_flow(c[0])}  # {FIELDS[m.kind][t]}" for t, c in m.fields.items()]
    if m.splits:
        lines.append("splits:")
        lines += [line for s in m.splits for line in _split_lines(s)]
    if m.constants:
        lines.append("constants:")
        lines += [f"  {t}: {_flow(v)}" for t, v in m.constants.items()]
    if suggestion.unused:
        lines.append(f"# Columns not used: {', '.join(_flow(c) for c in suggestion.unused)}")
    return "\n".join(lines) + "\n"


def _split_lines(split: Split) -> list[str]:
    return [f"  - column: {_flow(split.column)}", f"    pattern: {_flow(split.pattern)}"]


def _flow(value: object) -> str:
    """A scalar or a list as one line of YAML, quoted where needed."""
    text = yaml.safe_dump([value], default_flow_style=True, width=float("inf"), allow_unicode=True)
    return text.strip()[1:-1].replace("\n", " ")


def _name(path: Path) -> str:
    return safe_name(path.stem).replace(".", "_")[:63].lower()


def _sample(opened: Opened) -> pl.DataFrame:
    """The first rows as text columns; nested JSON as dotted paths."""
    chunk = next((c.rows for c in islice(opened.chunks, 1)), None)
    if chunk is None or chunk.is_empty():
        return pl.DataFrame()
    rows = chunk.head(SAMPLE_ROWS)
    if opened.header is not None:
        return rows.drop(LINE)
    leaves = [dict(_leaves(json.loads(p))) for p in rows[PAYLOAD].to_list()]
    paths = list(dict.fromkeys(path for leaf in leaves for path in leaf))
    return pl.DataFrame(
        [[leaf.get(p) for p in paths] for leaf in leaves], schema=dict.fromkeys(paths, pl.String), orient="row"
    )


def _leaves(value: dict, prefix: str = "") -> list[tuple[str, str | None]]:
    found = []
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and "." not in key:
            found += _leaves(inner, f"{prefix}{key}.")
        elif not isinstance(inner, dict):
            found.append((f"{prefix}{key}", None if inner is None else str(inner)))
    return found


def _kind(columns: list[str]) -> str:
    words = {normal(c) for c in columns}
    return next((kind for kind, markers in KIND_MARKERS.items() if words & set(markers.split())), "business")


def _fields(sample: pl.DataFrame, kind: str) -> dict[str, str]:
    """Target to column: by header word first, then by part of the header, then by the look of the values."""
    fields: dict[str, str] = {}
    by_word: dict[str, list[str]] = {}
    for column in sample.columns:
        for word in {normal(column), normal(column.rsplit(".", 1)[-1])}:
            by_word.setdefault(word, []).append(column)
    for target in FIELDS[kind]:
        candidates = [c for word in SYNONYMS[target].split() for c in by_word.get(word, [])]
        candidates += [c for c in sample.columns if target in SPOKEN and target in normal(c)]
        chosen = next((c for c in candidates if c not in fields.values() and _looks_like(sample[c], target)), None)
        if chosen:
            fields[target] = chosen
    for target in TELLING:
        free = [c for c in sample.columns if c not in fields.values()]
        chosen = next((c for c in free if _share(sample[c], LOOKS[target]) >= MIN_SHARE), None)
        if target in FIELDS[kind] and target not in fields and chosen:
            fields[target] = chosen
    return fields


def _looks_like(values: pl.Series, target: str) -> bool:
    filled = values.drop_nulls().str.strip_chars()
    if (filled != "").sum() == 0:
        return False
    return target not in LOOKS or _share(values, LOOKS[target]) >= MIN_SHARE


def _share(values: pl.Series, pattern: str) -> float:
    """Share of filled values that match a pattern."""
    text = values.drop_nulls().str.strip_chars()
    filled = text.filter(text != "")
    return float(filled.str.contains(pattern).mean() or 0) if filled.len() else 0.0


def _provider_column(sample: pl.DataFrame) -> str | None:
    """A column that names a handful of sources."""
    words = PROVIDER_WORDS.split()
    named = [c for c in sample.columns if normal(c) in words]
    return next((c for c in named if 1 < sample[c].n_unique() <= 50 and _is_filled(sample[c])), None)


def _identity(sample: pl.DataFrame, kind: str, fields: dict[str, str]) -> dict[str, object]:
    """The key column, or the columns whose hash stands for it."""
    words = [f"{kind}id", *KEY_WORDS.split()]
    exact = [c for w in words for c in sample.columns if normal(c) == w]
    ending = [c for c in sample.columns if normal(c).endswith(("id", "key", "no", "number", "code"))]
    typed = {c for t, c in fields.items() if t in LOOKS}
    for column in dict.fromkeys([*exact, *ending]):
        values = sample[column]
        if column not in typed and _is_filled(values) and values.n_unique() == values.len():
            return {"key": column}
    telling = ("name", "full_name", "first_name", "last_name", "email", "address", "address_line1", "scope", "value")
    return {"identity": [fields[t] for t in telling if t in fields] or [sample.columns[0]]}


def _is_filled(values: pl.Series) -> bool:
    return values.null_count() == 0 and bool((values.str.strip_chars() != "").all())


def _address(sample: pl.DataFrame, fields: dict[str, str]) -> dict[str, object]:
    """Splits for an address on one line, and the country where postal codes are all US zip codes.

    Moves `fields` between `address` and `address_line1`, whichever the column turns out to be.
    """
    column = fields.pop("address", None) or fields.get("address_line1")
    if column and "city" not in fields and _share(sample[column], ONE_LINE) >= MIN_SHARE:
        fields.pop("address_line1", None)
        fields["address"] = column
        return {"splits": [{"column": column, "pattern": ONE_LINE}], "constants": {"country": "US"}}
    if column:
        fields.setdefault("address_line1", column)
    postal = fields.get("postal")
    is_us = postal and "country" not in fields and _share(sample[postal], US_ZIP) > 0.9
    return {"constants": {"country": "US"}} if is_us else {}
