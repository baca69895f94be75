"""Readings that businesses and people share: phone, e-mail and free text of a stage's frame."""

import polars as pl

from dagster_project.normalize import emails, phones, values
from dagster_project.normalize.refusals import Refusal, given, unread
from dagster_project.normalize.text import tidy


def with_email(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds email, email_type, email_domain, email_verified (null without an e-mail)."""
    verified = values.boolean(frame["given.email_verified"]).alias("email_verified")
    return frame.hstack(emails.read(frame["given.email"])).with_columns(
        email_verified=pl.when(pl.col("email").is_not_null()).then(verified)
    )


def with_phone(frame: pl.DataFrame, field: str) -> pl.DataFrame:
    """Adds the columns of `phones.read` as `FIELD.e164`, `FIELD.key` …; the frame must have `country`."""
    found = phones.read(frame[f"given.{field}"], frame["country"])
    return frame.hstack(found.select(pl.all().name.prefix(f"{field}.")))


def with_text(frame: pl.DataFrame, *fields: str) -> pl.DataFrame:
    """Adds the fields as given, with single spaces."""
    return frame.with_columns(tidy(frame[f"given.{field}"]).alias(field) for field in fields)


def phone_refusals(field: str) -> list[Refusal]:
    """Why a phone has no E.164: local digits only, a national number without a country, or no number at all."""
    bad = given(field).is_not_null() & pl.col(f"{field}.e164").is_null()
    is_local = pl.col(f"{field}.key").is_not_null()
    digits = given(field).str.count_matches(r"\d").is_between(8, 15) & ~given(field).str.contains(r"^\s*\+")
    is_national = ~is_local & pl.col("country").is_null() & digits
    return [
        Refusal(field, "phone_without_area_code", bad & is_local),
        Refusal(field, "phone_without_country", bad & is_national),
        Refusal(field, "invalid_phone", bad & ~is_local & ~is_national),
    ]


def email_refusals() -> list[Refusal]:
    """Why there is no e-mail, or no word on whether it was verified."""
    return [
        unread("email", "invalid_email"),
        Refusal(
            "email_verified",
            "invalid_boolean",
            pl.col("email").is_not_null() & given("email_verified").is_not_null() & pl.col("email_verified").is_null(),
        ),
    ]
