"""Who understands a source's raw records: its mapping for files, its provider's adapter for campaigns."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from dagster_project.settings import Settings
from dagster_project.sources.campaign import campaign_of, load_campaign
from dagster_project.sources.files.extract import extract
from dagster_project.sources.files.mapping import load_mapping
from dagster_project.sources.pages.extract import extract_records
from dagster_project.sources.providers import adapter
from dagster_project.sources.vertical import load_vertical
from dagster_project.user_yaml import UnknownName


@dataclass(frozen=True)
class Reader:
    """`extract(raw, kind)` gives the canonical text fields of raw records of one of the `kinds`."""

    kinds: tuple[str, ...]
    extract: Callable[[pl.DataFrame, str], pl.DataFrame]


def reader_of(source: str, settings: Settings) -> Reader:
    """The reader of a source. Raises `UnknownName` for a mapping that is gone, `YamlMistake` for a broken file."""
    asked = campaign_of(source)
    if asked is None:
        mapping = load_mapping(source, settings.yaml_dirs("mappings"))
        return Reader((mapping.kind,), lambda raw, kind: extract(raw, mapping))
    campaign, provider = asked
    vertical, asked_of = canonical_vertical(campaign, settings), adapter(provider)
    return Reader(asked_of.kinds, lambda raw, kind: extract_records(raw, asked_of, kind, vertical))


def canonical_vertical(campaign: str, settings: Settings) -> str | None:
    """What the campaign's leads are; None when its file, or its vertical's, is gone and only its records remain."""
    try:
        declared = load_campaign(campaign, settings.yaml_dirs("campaigns"))
        return load_vertical(declared.vertical, settings.yaml_dirs("verticals")).canonical
    except UnknownName:
        return None
