"""A small world whose truth is known: what was received, resolved, asked and answered, as rows of contract tables."""

import datetime as dt
import uuid
from decimal import Decimal
from hashlib import sha256


def identifier(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def day(number: int) -> dt.datetime:
    return dt.datetime(2026, 11, number, tzinfo=dt.UTC)


def record(founder: str, provider: str, key: str, received: int, **values: object) -> dict:
    """A staged record; `values` may override any column, and `sure` is the confidence of all that is filled."""
    sure = values.pop("sure", 0.8)
    filled = [field for field, value in values.items() if value is not None]
    return {
        "org_id": "default",
        "record_id": identifier(founder),
        "provider": provider,
        "provider_key": key,
        "source": provider,
        "partition_date": day(received).date(),
        "fetched_at": day(received),
        "payload_hash": f"{founder} {received}",
        "provenance": "{" + ", ".join(f'"{field}": {sure}' for field in filled) + "}",
        **values,
    }


def mapped(name: str, lead: str, kind: str = "business", org_id: str = "default") -> dict:
    return {
        "org_id": org_id,
        "kind": kind,
        "record_id": identifier(name),
        "lead_id": identifier(lead),
        "matched_by": "test",
        "valid_from": day(20),
    }


def event(event_id: str, **identity: str) -> dict:
    return {
        "org_id": "default",
        "event_id": event_id,
        "occurred_at": day(19),
        "received_at": day(19),
        "event_type": "page_view",
        "properties": "{}",
        "source": "web",
        "partition_date": day(19).date(),
        **identity,
    }


def suppressed(scope: str, value: str) -> dict:
    return {
        "org_id": "default",
        "scope": scope,
        "value_hash": sha256(value.encode()).hexdigest(),
        "reason": "unsubscribed",
        "suppressed_at": day(1),
        "received_at": day(1),
        "source": "optout",
        "partition_date": day(1).date(),
    }


def changed(founder: str, field: str, **values: str) -> dict:
    """A change of a yelp record of the campaign austin."""
    return {
        "org_id": "default",
        "record_id": identifier(founder),
        "provider": "yelp",
        "provider_key": founder,
        "source": "austin.yelp",
        "partition_date": day(4).date(),
        "payload_hash": f"{founder} 4",
        "previous_hash": f"{founder} 2",
        "changed_at": day(4),
        "field": field,
        **values,
    }


def called(call_id: str, cost: str, **values: object) -> dict:
    """A call of the campaign austin to Yelp."""
    where = {"org_id": "default", "source": "austin.yelp", "partition_date": day(2).date(), "started_at": day(2)}
    what = {"provider": "yelp", "endpoint": "search", "ask_id": "a", "page": 0, "attempt": 1, "outcome": "ok"}
    size = {"waited_seconds": 0.0, "bytes": 10, "records": 3, "cost_usd": Decimal(cost), "run_id": "r"}
    return {**where, **what, **size, "call_id": call_id, **values}


def campaigned() -> dict[str, list[dict]]:
    """What the campaign austin found: Elm lacks a phone, Fir has everything, Gum has closed; and its calls."""
    here = {"source": "austin.yelp", "vertical": "healthcare", "lat": 30.0, "lon": -97.7, "rating": 4.5}
    fir = {"phone": "+15125550100", "phone_type": "main", "employees_range": "11-50"}
    return {
        "staged_records": [
            record("elm", "yelp", "elm", 2, name="Elm", name_key="elm", **here),
            record("fir", "yelp", "fir", 2, name="Fir", name_key="fir", **here, **fir),
            record("gum", "yelp", "gum", 2, name="Gum", name_key="gum", status="closed", **here, **fir),
        ],
        "lead_map": [mapped(name, name) for name in ("elm", "fir", "gum")],
        "source_changes": [
            changed("fir", "rating", change_type="reviews", old_value="4.4", new_value="4.5"),
            changed("gum", "status", change_type="closed", new_value="closed"),
        ],
        "provider_calls": [called("1", "0.5"), called("2", "0", outcome="transient", status=503, records=0)],
        "campaigns": [
            {
                "org_id": "default",
                "campaign_id": "austin",
                "version": "1",
                "title": "Austin",
                "vertical": "dentists",
                "min_rating": 4.5,
                "lat": 30.1,
                "lon": -97.7,
                "approval": "auto",
            }
        ],
        "verticals": [
            {
                "org_id": "default",
                "vertical": "dentists",
                "canonical": "healthcare",
                "required_fields": ["phone"],
                "scoring_profile": "b2b_saas",
            }
        ],
    }


def answered(subject: str, provider: str, kind: str = "person", **values: object) -> dict:
    """An answer about a subject that became the record `<subject> by <provider>`."""
    where = {"org_id": "default", "source": f"enrichment.{provider}", "partition_date": day(21).date()}
    whom = {"kind": kind, "subject_id": identifier(subject), "lead_id": identifier("acme crm"), "provider": provider}
    what = {"lookup": "match", "outcome": "ok", "record_id": identifier(f"{subject} by {provider}")}
    cost = {"cost_usd": Decimal("0.1"), "confidence": 0.9, "answered_at": day(21), "request_id": "r"}
    return {**where, **whom, **what, **cost, "answer_id": identifier(f"{subject} {provider}"), **values}


def attempted(subject: str, field: str, provider: str, **values: object) -> dict:
    """A step that filled the field, 0.05 USD of the answer."""
    where = {"org_id": "default", "source": f"enrichment.{provider}", "partition_date": day(21).date()}
    job = {"job_id": identifier(f"job {subject}"), "request_id": "r", "segment": "b2b_saas 11-50"}
    whom = {"subject_id": identifier(subject), "lead_id": identifier("acme crm"), "provider": provider}
    what = {"field": field, "attempt": 1, "lookup": "match", "outcome": "ok", "is_cached": False, "is_filled": True}
    cost = {"confidence": 0.9, "cost_usd": Decimal("0.05"), "latency_ms": 120.0, "attempted_at": day(21)}
    return {**where, **job, **whom, **what, **cost, **values}


def enriched() -> dict[str, list[dict]]:
    """What Apollo knows of Ann, and Clearbit of Acme by its former id: neither is resolved yet. PDL thinks Acme has
    another name, less surely, and resolution has made a lead of that."""
    ann = {"title": "VP Sales", "phone": "+13125550111", "phone_type": "direct", "email_verified": True}
    apollo = {"source": "enrichment.apollo", "consent": "unknown", "email": "ann@acme.com", "sure": 0.95}
    pdl = {"source": "enrichment.pdl", "vertical": "other", "name": "Acme Inc", "name_key": "acme inc", "sure": 0.5}
    health = {"org_id": "default", "is_configured": True, "is_enabled": True, "failures": 0, "checked_at": day(21)}
    return {
        "staged_records": [
            record(
                "acme list by clearbit",
                "clearbit",
                "acme.com",
                21,
                source="enrichment.clearbit",
                vertical="other",
                founded_year=1999,
            ),
            record("acme crm by pdl", "pdl", "acme", 21, **pdl),
        ],
        "staged_contacts": [record("ann by apollo", "apollo", "ann", 21, **apollo, **ann)],
        "lead_map": [mapped("acme crm by pdl", "acme crm by pdl")],
        "enrichment_answers": [
            answered("acme list", "clearbit", "business"),
            answered("acme crm", "pdl", "business"),
            answered("ann", "apollo"),
        ],
        "enrichment_attempts": [
            attempted("ann", "email", "apollo"),
            attempted("ann", "phone", "apollo"),
            attempted("acme crm", "company", "clearbit"),
            attempted("acme crm", "tech", "builtwith", outcome="no_match", is_filled=False),
        ],
        "provider_health": [{**health, "provider": "apollo", "breaker": "closed"}],
    }


def world() -> dict[str, list[dict]]:
    """Acme is two records (one of them in two versions), Bolt and Cafe one each; Ann works at Acme, Zoe nowhere."""
    acme = {"vertical": "b2b_saas", "domain": "acme.com", "website": "https://acme.com"}
    bolt = {
        "vertical": "other",
        "name": "Bolt",
        "name_key": "bolt",
        "domain": "bolt.com",
        "website": "https://bolt.com",
    }
    office = {"email": "info@acme.com", "email_domain": "acme.com", "employees_range": "11-50", "tags": ["tools"]}
    ann = {"first_name": "Ann", "last_name": "Ode", "name_key": "ann ode", "company_key": "crm:1", "seniority": "vp"}
    alias = {"alias_id": identifier("acme list"), "lead_id": identifier("acme crm")}
    deal = {"deal_id": "d1", "identity_company_key": "list:9", "source": "crm", "partition_date": day(18).date()}
    return {
        "staged_records": [
            record("acme crm", "crm", "1", 1, name="Old Acme", name_key="old acme", **acme),
            record("acme crm", "crm", "1", 3, sure=0.6, name="Acme", name_key="acme", phone="+13125550100", **acme),
            record("acme list", "list", "9", 2, sure=0.9, name="Acme Tools", name_key="acme tools", **acme, **office),
            record("bolt", "list", "7", 2, phone="+18005550100", phone_type="toll_free", **bolt),
            record("cafe", "list", "8", 2, name="Cafe", name_key="cafe", vertical="other"),
            record("other tenant", "list", "1", 2, name="Dune", vertical="other", org_id="tenant"),
        ],
        "staged_contacts": [
            record("ann", "people", "1", 2, consent="granted", email="ann@acme.com", **ann),
            record("zoe", "people", "2", 2, consent="denied", first_name="Zoe", last_name="Doe", name_key="zoe doe"),
        ],
        "lead_map": [
            mapped("acme crm", "acme crm"),
            mapped("acme list", "acme crm"),
            mapped("bolt", "bolt"),
            mapped("cafe", "cafe"),
            mapped("other tenant", "other tenant", org_id="tenant"),
            mapped("ann", "ann", "person"),
            mapped("zoe", "zoe", "person"),
        ],
        "lead_aliases": [alias | {"org_id": "default", "kind": "business", "valid_from": day(20)}],
        "events": [
            event("by e-mail", identity_email="info@acme.com"),
            event("by contact", identity_email="ann@acme.com"),
            event("by former id", identity_lead_id=identifier("acme list")),
            event("by nobody", identity_domain="unknown.com"),
        ],
        "deals": [
            {**deal, "org_id": "default", "stage": "demo", "created_at": day(17), "received_at": day(17)},
            {**deal, "org_id": "default", "stage": "closed_won", "created_at": day(17), "received_at": day(18)},
        ],
        "suppressions": [suppressed("email", "info@acme.com"), suppressed("domain", "bolt.com")],
    }
