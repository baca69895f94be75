"""Four companies in October 2026 whose scores are known by hand, as rows of contract tables.

Three goes from a visit to a demo; Busy does twelve things in a day; Late's download is learned of four days after; Dual
is found to be Late on the 20th, with its own event of the 3rd.
"""

import datetime as dt

from tests.dbt.world import event, identifier, mapped, record


def october(day: int, hour: int = 0) -> dt.datetime:
    """A time of October 2026, UTC; day 0 is the last of September."""
    return dt.datetime(2026, 10, 1, tzinfo=dt.UTC) + dt.timedelta(days=day - 1, hours=hour)


def company(name: str, day: int = 0) -> dict:
    received = {"fetched_at": october(day), "partition_date": october(day).date()}
    return record(name, "list", name, 1, name=name, name_key=name, vertical="other", domain=f"{name}.com", **received)


def belongs(name: str, lead: str, day: int = 0) -> dict:
    return mapped(name, lead) | {"valid_from": october(day)}


def happened(lead: str, event_type: str, at: dt.datetime, received: dt.datetime | None = None) -> dict:
    known = received or at
    times = {"occurred_at": at, "received_at": known, "partition_date": known.date()}
    return event(f"{lead} {event_type} {at:%d %H}", identity_domain=f"{lead}.com") | times | {"event_type": event_type}


def busy_day() -> list[dict]:
    """42 points: two downloads, six opened e-mails, four visits, all at least two hours from their like."""
    kinds = {"content_download": (9, 15), "email_open": (8, 10, 12, 14, 16, 18), "page_view": (9, 11, 13, 17)}
    return [happened("busy", kind, october(5, hour)) for kind, hours in kinds.items() for hour in hours]


def score_world() -> dict[str, list[dict]]:
    names = ("three", "busy", "late", "dual")
    return {
        "staged_records": [company(name) for name in names],
        "lead_map": [belongs(name, name) for name in names],
        "events": [
            happened("three", "page_view", october(1)),
            happened("three", "signup", october(2)),
            happened("three", "demo_request", october(3)),
            *busy_day(),
            happened("late", "content_download", october(2), received=october(6)),
            happened("dual", "pricing_view", october(3)),
        ],
    }


def merged() -> dict[str, list[dict]]:
    """What a resolution of the 20th adds: Dual is Late."""
    alias = {"alias_id": identifier("dual"), "lead_id": identifier("late"), "valid_from": october(20)}
    return {
        "lead_map": [belongs("dual", "late", 20)],
        "lead_aliases": [alias | {"org_id": "default", "kind": "business"}],
    }
