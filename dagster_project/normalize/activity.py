"""Events, deals, activities, outcomes and suppressions: given fields to the columns of their contracts.

Each names its lead by what the sender knows; nothing is looked up here.
"""

import hashlib

import polars as pl

from dagster_project.normalize import domains, emails, phones, values
from dagster_project.normalize.fields import with_text
from dagster_project.normalize.refusals import Refusal, given, missing, unread
from dagster_project.normalize.text import code, per_unique

UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
UNSPECIFIED = "unspecified"

_IDENTITY = (
    unread("email", "invalid_email", "identity_email"),
    unread("domain", "invalid_website", "identity_website"),
    unread("lead_id", "invalid_uuid", "identity_lead_id"),
)

EVENT_REFUSALS = (
    *_IDENTITY,
    *[missing(field) for field in ("event_id", "occurred_at", "event_type")],
    unread("occurred_at", "invalid_timestamp"),
)
DEAL_REFUSALS = (
    *_IDENTITY,
    *[missing(field) for field in ("deal_id", "stage", "created_at")],
    unread("stage", "unknown_stage"),
    unread("amount", "invalid_amount"),
    unread("currency", "invalid_currency"),
    unread("created_at", "invalid_timestamp"),
    unread("expected_close_date", "invalid_date"),
    unread("closed_at", "invalid_timestamp"),
)
ACTIVITY_REFUSALS = (
    *_IDENTITY,
    *[missing(field) for field in ("activity_id", "activity_type", "occurred_at")],
    unread("activity_type", "unknown_activity_type"),
    unread("occurred_at", "invalid_timestamp"),
)
OUTCOME_REFUSALS = (
    *_IDENTITY,
    *[missing(field) for field in ("outcome_id", "outcome", "occurred_at")],
    unread("outcome", "unknown_outcome"),
    unread("occurred_at", "invalid_timestamp"),
)
SUPPRESSION_REFUSALS = (
    missing("scope"),
    missing("value"),
    unread("scope", "unknown_scope"),
    Refusal(
        "value",
        "invalid_value",
        given("value").is_not_null() & pl.col("scope").is_not_null() & pl.col("value_hash").is_null(),
    ),
    Refusal("suppressed_at", "invalid_timestamp", given("suppressed_at").is_not_null() & ~pl.col("date_known")),
)


def event(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of `events`; the type is folded to words joined by `_`."""
    return _with_identity(with_text(frame, "event_id")).with_columns(
        event_type=code(frame["given.event_type"]),
        occurred_at=values.timestamp(frame["given.occurred_at"]),
        properties=pl.col("properties").fill_null("{}"),
    )


def deal(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of `deals`; the amount in USD is known only for deals in USD."""
    currency = frame["given.currency"].str.to_uppercase()
    return (
        _with_identity(with_text(frame, "deal_id", "name", "owner"))
        .with_columns(
            stage=values.choice(frame["given.stage"], "deal_stage"),
            amount=values.money(frame["given.amount"]),
            currency=currency.set(~currency.str.contains(r"^[A-Z]{3}$").fill_null(True), None),
            created_at=values.timestamp(frame["given.created_at"]),
            expected_close_date=values.date(frame["given.expected_close_date"]),
            closed_at=values.timestamp(frame["given.closed_at"]),
        )
        .with_columns(amount_usd=pl.when(pl.col("currency") == "USD").then("amount"))
    )


def activity(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of `activities`."""
    return _with_identity(with_text(frame, "activity_id", "deal_id", "owner", "result")).with_columns(
        activity_type=values.choice(frame["given.activity_type"], "activity_type"),
        occurred_at=values.timestamp(frame["given.occurred_at"]),
    )


def outcome(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of `lead_outcomes`."""
    return _with_identity(with_text(frame, "outcome_id", "deal_id", "reason")).with_columns(
        outcome=values.choice(frame["given.outcome"], "outcome"),
        occurred_at=values.timestamp(frame["given.occurred_at"]),
    )


def suppression(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of `suppressions`. A missing reason or time is no reason to go on contacting somebody: the reason is
    then "unspecified" and the time is when we heard of it.
    """
    frame = with_text(frame, "reason").with_columns(
        scope=values.choice(frame["given.scope"], "scope"),
        suppressed_at=values.timestamp(frame["given.suppressed_at"]),
    )
    value = frame["given.value"]
    unplaced = pl.Series([None] * len(value), dtype=pl.String)
    readings = {
        "email": emails.read(value)["email"],
        "phone": phones.read(value, unplaced)["e164"],
        "domain": domains.registrable(domains.read(value)["host"]),
    }
    read = pl.coalesce(pl.when(pl.col("scope") == scope).then(pl.col(f"as.{scope}")) for scope in readings)
    hashed = (
        frame.hstack([read_as.alias(f"as.{scope}") for scope, read_as in readings.items()]).select(read).to_series()
    )
    return frame.with_columns(
        received_at=pl.col("fetched_at"),
        value_hash=per_unique(hashed, value_hash, pl.String()),
        reason=pl.col("reason").fill_null(UNSPECIFIED),
        date_known=pl.col("suppressed_at").is_not_null(),
        suppressed_at=pl.col("suppressed_at").fill_null(pl.col("fetched_at")),
    )


def value_hash(value: str) -> str:
    """SHA-256 (hex) of a normalised e-mail, E.164 number or registrable domain, as `suppressions` keeps it."""
    return hashlib.sha256(value.encode()).hexdigest()


def _with_identity(frame: pl.DataFrame) -> pl.DataFrame:
    lead_id = frame["given.lead_id"].str.to_lowercase()
    site = domains.read(frame["given.domain"])
    return frame.with_columns(
        received_at=pl.col("fetched_at"),
        identity_email=emails.read(frame["given.email"])["email"],
        identity_website=site["website"],
        identity_domain=site["domain"],
        identity_company_key=given("company_key"),
        identity_lead_id=lead_id.set(~lead_id.str.contains(UUID).fill_null(True), None),
        identity_crm_id=given("crm_id"),
    )
