"""Who understands a source's raw records: its mapping for files, its provider's adapter for campaigns and answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from dagster_project.contracts import ENRICHMENT_ANSWERS, RAW_RECORDS
from dagster_project.enrichment.providers import provider
from dagster_project.enrichment.subject import is_answer
from dagster_project.normalize.provenance import weakened
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings
from dagster_project.sources.campaign import campaign_of
from dagster_project.sources.files.extract import extract
from dagster_project.sources.files.mapping import load_mapping
from dagster_project.sources.pages.extract import extract_records
from dagster_project.sources.providers import adapter

# In the manifest of a campaign's raw partition: what its businesses are, one of the verticals that leads carry.
VERTICAL = "vertical"


@dataclass(frozen=True)
class Reader:
    """`extract(raw, kind)` gives the canonical text fields of raw records of one of the `kinds`; `trusted(staged)` what
    is staged of them, with the confidence that it deserves."""

    kinds: tuple[str, ...]
    extract: Callable[[pl.DataFrame, str], pl.DataFrame]
    trusted: Callable[[pl.DataFrame], pl.DataFrame] = lambda staged: staged


def reader_of(lake: Lake, settings: Settings, partition: Sequence[str]) -> Reader:
    """The reader of a raw partition. Raises `UnknownName` for a mapping that is gone, `YamlMistake` for a broken file.

    What a campaign's leads are was kept with the partition: a campaign that is changed, broken or gone since does not
    change what its records were found as.
    """
    source = partition[1]
    if is_answer(source):
        answering = provider(source.partition(".")[2])
        answers = lake.scan(ENRICHMENT_ANSWERS, *partition).select("record_id", "payload_hash", "confidence")
        return Reader(
            answering.kinds,
            lambda raw, kind: extract_records(raw, answering, kind),
            lambda staged: as_sure_as_answered(staged, answers),
        )
    asked = campaign_of(source)
    if asked is None:
        mapping = load_mapping(source, settings.yaml_dirs("mappings"))
        return Reader((mapping.kind,), lambda raw, kind: extract(raw, mapping))
    found, vertical = adapter(asked[1]), (lake.manifest(RAW_RECORDS, *partition) or {}).get(VERTICAL)
    return Reader(found.kinds, lambda raw, kind: extract_records(raw, found, kind, vertical))


def as_sure_as_answered(staged: pl.DataFrame, answers: pl.LazyFrame) -> pl.DataFrame:
    """Staged answers, each field as sure as the provider was of the answer: so a guess never takes a better value's
    place in the golden record."""
    keys = ["record_id", "payload_hash"]
    sure = answers.drop_nulls("record_id").group_by(keys).agg(pl.col("confidence").max()).collect()
    by = staged.select(keys).join(sure, on=keys, how="left", maintain_order="left")["confidence"]
    return staged.with_columns(weakened(staged["provenance"], by))
