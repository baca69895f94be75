"""Leads and contacts of the marts as subjects: whom they can be looked up by, what they have, and how sure that is.

Reads `marts.dim_lead` and `marts.dim_contact` as the role `app` of one tenant.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from dagster_project.enrichment.attempt_history import segment
from dagster_project.enrichment.subject import FIELDS, Known, Subject
from dagster_project.transport.shared import Connect

LEADS = """
select
  lead_id::text, name, domain, website, email, phone, linkedin, twitter, facebook, instagram, city, region, country,
  vertical, employees_range, revenue_range, founded_year, tech_signals, provenance, campaigns
from marts.dim_lead
where org_id = %(org_id)s and lead_kind = 'company'
  and (%(leads)s::uuid[] is null or lead_id = any(%(leads)s::uuid[]))
  and (%(campaign)s::text is null or %(campaign)s = any(campaigns))
order by lead_score desc, lead_id
limit %(most)s
"""
CONTACTS = """
select
  contact_id::text, contact.lead_id::text, contact.first_name, contact.last_name, contact.full_name, contact.title,
  contact.email, contact.emails, contact.phone, contact.mobile, contact.linkedin, contact.company_name, contact.city,
  contact.region, contact.country, contact.provenance, lead.name as lead_name, lead.domain as lead_domain,
  lead.vertical, lead.employees_range, lead.campaigns
from marts.dim_contact as contact
inner join marts.dim_lead as lead on contact.org_id = lead.org_id and contact.lead_id = lead.lead_id
where contact.org_id = %(org_id)s and contact.consent <> 'denied' and not contact.is_suppressed
  and (%(leads)s::uuid[] is null or contact.lead_id = any(%(leads)s::uuid[])
    or contact.contact_id = any(%(leads)s::uuid[]))
  and (%(campaign)s::text is null or %(campaign)s = any(lead.campaigns))
order by lead.lead_score desc, contact.contact_id
limit %(most)s
"""
# Bands of employees to the size bands of the dictionary.
SMALL, MIDDLE = {"1-10", "11-50", "51-200"}, {"201-500", "501-1000"}
# Columns of the marts that fill each field, the telling one first: it stands for the field's confidence.
COLUMNS: dict[str, tuple[str, ...]] = {
    "email": ("email",),
    "phone": ("phone", "mobile"),
    "title": ("title",),
    "company": ("employees_range", "revenue_range", "founded_year"),
    "tech": ("tech_signals",),
    "domain": ("domain", "website"),
    "social": ("linkedin", "twitter", "facebook", "instagram"),
}


def subjects(
    connect: Connect,
    org_id: str,
    fields: Collection[str],
    *,
    leads: Sequence[str] | None = None,
    campaign: str | None = None,
    most: int | None = None,
) -> list[Subject]:
    """The leads and contacts that the fields are of, the best scored first, at most so many of each kind.

    `leads` are ids of leads or contacts; None is all. People who denied consent or are suppressed are left out.
    """
    values = {"org_id": org_id, "leads": list(leads) if leads is not None else None, "campaign": campaign, "most": most}
    kinds = {FIELDS[name].kind for name in fields}
    found: list[Subject] = []
    with connect(org_id) as connection, connection.cursor(row_factory=dict_row) as cursor:
        if "business" in kinds:
            found += [_lead(row) for row in cursor.execute(LEADS, values).fetchall()]
        if "person" in kinds:
            found += [_contact(row) for row in cursor.execute(CONTACTS, values).fetchall()]
    return found


def misspelt(ids: Iterable[str]) -> str | None:
    """The first of some texts that can be the id of no lead or contact; None where all can."""
    return next((text for text in ids if not _is_id(text)), None)


def _is_id(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _lead(row: Mapping[str, Any]) -> Subject:
    names = ("name", "domain", "email", "phone", "linkedin", "city", "region", "country")
    return Subject(
        "business",
        row["lead_id"],
        row["lead_id"],
        _filled(row, names),
        _known(row, "business"),
        row["vertical"],
        tuple(row["campaigns"] or ()),
        segment(row["vertical"], size_band(row["employees_range"])),
    )


def _contact(row: Mapping[str, Any]) -> Subject:
    names = ("first_name", "last_name", "title", "email", "phone", "linkedin", "city", "region", "country")
    company = {"company_name": row["company_name"] or row["lead_name"], "company_domain": row["lead_domain"]}
    identity = _filled(row, names) | _filled(company, tuple(company))
    if row["full_name"]:
        identity["name"] = row["full_name"]
    return Subject(
        "person",
        row["contact_id"],
        row["lead_id"],
        identity,
        _known(row, "person"),
        row["vertical"],
        tuple(row["campaigns"] or ()),
        segment(row["vertical"], size_band(row["employees_range"])),
    )


def size_band(employees_range: str | None) -> str | None:
    """smb below 200 employees, mid_market below 1,000, else enterprise; None where it is not known."""
    if employees_range is None:
        return None
    return "smb" if employees_range in SMALL else "mid_market" if employees_range in MIDDLE else "enterprise"


def _filled(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    return {name: str(row[name]) for name in names if row[name]}


def _known(row: Mapping[str, Any], kind: str) -> dict[str, Known]:
    """What fills each field now, with the confidence and time of the record that it came from."""
    found = {}
    for name, columns in COLUMNS.items():
        column = next((c for c in columns if c in row and row[c] not in (None, "", [])), None)
        if FIELDS[name].kind != kind or column is None:
            continue
        source = _source(row["provenance"], column)
        is_verified = any(e.get("value") == row["email"] and e.get("verified") for e in row.get("emails") or ())
        at = source and datetime.fromisoformat(source["fetched_at"])
        confidence = float(source["fields"][column]) if source else 0.0
        text = row[column] if isinstance(row[column], str) else str(row[column])
        found[name] = Known(text, confidence, at, name == "email" and is_verified, source and source["provider"])
    return found


def _source(provenance: Sequence[Mapping[str, Any]], column: str) -> Mapping[str, Any] | None:
    """The record that a column's value survives from."""
    return next((source for source in provenance or () if column in source["fields"]), None)
