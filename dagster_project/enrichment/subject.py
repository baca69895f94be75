"""Whom a provider is asked about, and for what: a lead or a contact, what is known of it, the fields of a waterfall.

Nothing here knows a provider or a store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["business", "person"]
# First part of the sources of answers, as a campaign's name is of the sources of what it finds.
SOURCE = "enrichment"


@dataclass(frozen=True)
class Field:
    """One field of a waterfall: whose it is, and the canonical fields (contracts.FIELDS) of which any one fills it."""

    name: str
    kind: Kind
    filled_by: tuple[str, ...]


FIELDS: dict[str, Field] = {
    found.name: found
    for found in (
        Field("email", "person", ("email",)),
        Field("phone", "person", ("phone", "mobile")),
        Field("title", "person", ("title",)),
        Field("company", "business", ("employees", "revenue", "founded", "category")),
        Field("tech", "business", ("tech_signals",)),
        Field("domain", "business", ("website",)),
        Field("social", "business", ("linkedin", "twitter", "facebook", "instagram")),
    )
}


@dataclass(frozen=True)
class Known:
    """A value that a lead or contact has, and how good it is: confidence 0 to 1, when it was fetched, whether it was
    verified by a provider."""

    value: str
    confidence: float = 0.0
    fetched_at: datetime | None = None
    is_verified: bool = False
    provider: str | None = None


@dataclass(frozen=True)
class Subject:
    """A lead (`business`; `subject_id` is its lead_id) or a contact (`person`; its contact_id).

    `identity` is what it can be looked up by, in these names where known: name, domain, first_name, last_name, title,
    email, phone, linkedin, company_name, company_domain, city, region, country. `known` is what fills each waterfall
    field now.
    """

    kind: Kind
    subject_id: str
    lead_id: str
    identity: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Known] = field(default_factory=dict)
    vertical: str | None = None
    campaigns: tuple[str, ...] = ()
    # What waterfalls are learned for: vertical and size band.
    segment: str = "all"


def answers_of(provider: str) -> str:
    """The source of a provider's answers: `enrichment.hunter`."""
    return f"{SOURCE}.{provider}"


def is_answer(source: str) -> bool:
    """Whether a source is that of a provider's answers."""
    return source.startswith(f"{SOURCE}.")
