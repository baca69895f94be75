"""What a person needs to see of a record to tell whether two are one, per kind. National ids stay where they are."""

from collections.abc import Collection

import polars as pl

COLUMNS = {
    "business": (
        *("provider", "provider_key", "name", "address_line1", "address_line2", "postal", "city", "region", "country"),
        *("phone", "email", "website", "registration_id", "lat", "lon", "fetched_at"),
    ),
    "person": (
        *("provider", "provider_key", "first_name", "last_name", "title", "company_name", "company_domain"),
        *("email", "phone", "mobile", "linkedin", "date_of_birth", "address_line1", "postal", "city", "fetched_at"),
    ),
}


def latest(staged: pl.LazyFrame, kind: str, records: Collection[str]) -> pl.DataFrame:
    """The shown columns of some records in their latest version, beside record_id; all texts."""
    versions = staged.filter(pl.col("record_id").is_in(list(records)))
    last = versions.sort("fetched_at", "payload_hash").unique("record_id", keep="last")
    return last.select("record_id", *(pl.col(name).cast(pl.String) for name in COLUMNS[kind])).collect()
