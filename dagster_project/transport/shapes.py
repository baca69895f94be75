"""What a provider's records look like, and on what terms they may be kept: shared by all who ask providers.

A shape says as data where each canonical field stands in a payload; nothing is interpreted here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from dagster_project.transport.paths import Path

# Where a canonical field stands in a payload; with a function, what is made of the value found there (never None).
FieldSpec = str | tuple[str, Callable[[Any], Any]]
# Where it stands, or a list of places of which the first that is filled counts.
FieldSpecs = FieldSpec | list[FieldSpec]


@dataclass(frozen=True)
class Terms:
    """What the provider allows, as data: people read it in the plan, retention and delivery may act on it.

    `storage_days` is how long a field may be kept: canonical field name, or `*` for all others, to days; None is for
    ever. `allows_lead_generation` is None where the terms do not say. `source` says where this was read, and `(mem)`
    what was not confirmed.
    """

    attribution: str
    storage_days: Mapping[str, int | None]
    allows_lead_generation: bool | None
    licence: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Where the parts of a record stand.

    `fields`, `ignored` and `volatile` are paths into a record (see `paths`): every leaf of a payload is in one of the
    first two; `volatile` ones are left out when contents are compared. A field that a provider keeps in several places
    lists them, best first. `constants` are the same for every record.
    """

    key: FieldSpec = "id"
    fields: Mapping[str, FieldSpecs] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    url: FieldSpec | None = None

    @cached_property
    def key_path(self) -> Path:
        return Path(self.key)

    @cached_property
    def url_path(self) -> Path | None:
        return Path(self.url) if self.url else None

    @cached_property
    def field_paths(self) -> dict[str, list[Path]]:
        return {name: [Path(spec) for spec in alternatives(specs)] for name, specs in self.fields.items()}

    def provider_key(self, record: Mapping[str, Any]) -> str | None:
        """The provider's own key of a record as text; None when it has none and cannot be landed."""
        found = self.key_path.value(record)
        return None if found in (None, "", []) else str(found)

    def canonical(self, record: Mapping[str, Any]) -> dict[str, str]:
        """The canonical fields a record fills, as text: lists as JSON, true and false, numbers as written."""
        found = {**self.constants}
        for name, paths in self.field_paths.items():
            for path in paths:
                if (value := path.value(record)) is not None and (text := as_text(value)):
                    found[name] = text
                    break
        return found

    def evidence(self, record: Mapping[str, Any]) -> str | None:
        """Address where a person can see the record; None when the provider has no page for it."""
        return as_text(self.url_path.value(record)) if self.url_path else None


def alternatives(specs: FieldSpecs) -> list[FieldSpec]:
    """The places where a field may stand, best first: most have one."""
    return list(specs) if isinstance(specs, list) else [specs]


def as_text(value: Any) -> str | None:
    """A JSON value as the text that normalisation reads; None for null, blank and empty ones."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or value in ([], {}):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return orjson.dumps(value).decode()
