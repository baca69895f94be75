"""The word lists of normalisation, read once: street words, synonyms, confidences.

The lists are data (`*.csv`, `*.yaml` beside this file); what is done with them is said in the modules that use them.
"""

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import yaml


@cache
def words(name: str) -> tuple[str, ...]:
    """One list of `words.yaml`. Raises KeyError for an unknown one."""
    return tuple(_yaml("words")[name])


@cache
def socials() -> dict[str, dict]:
    """Social networks: name to `hosts` and the `prefix` that turns a handle into a URL."""
    return _yaml("words")["social"]


@cache
def synonyms(kind: str) -> dict[str, str]:
    """What senders write (lower case, words joined by `_`) to the canonical value, which is its own synonym."""
    return {word: value for value, others in _yaml("synonyms")[kind].items() for word in (value, *others)}


@cache
def confidences(kind: str) -> dict[str, dict[str, float]]:
    """Field to way of getting it to confidence, in the order in which provenance lists the fields."""
    return _yaml("confidence")[kind]


@cache
def street_words(*kinds: str) -> dict[str, str]:
    """Word of a street line to its standard form, of the given kinds (type, directional, ordinal, unit, foreign)."""
    return {row["word"]: row["standard"] for row in _csv("streets") if row["kind"] in kinds}


@cache
def _yaml(name: str) -> dict:
    return yaml.safe_load(files(__package__).joinpath(f"{name}.yaml").read_text("utf-8"))


def _csv(name: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(files(__package__).joinpath(f"{name}.csv").read_text("utf-8").splitlines())
