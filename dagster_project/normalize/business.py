"""Business records: given fields to the canonical columns of `staged_records`."""

import polars as pl

from dagster_project.normalize import addresses, domains, firmographics, names, places, social, values
from dagster_project.normalize.fields import email_refusals, phone_refusals, with_email, with_phone, with_text
from dagster_project.normalize.provenance import provenance
from dagster_project.normalize.refusals import Refusal, given, unread
from dagster_project.normalize.tables import socials

REFUSALS = (
    *addresses.REFUSALS,
    *phone_refusals("phone"),
    *phone_refusals("mobile"),
    *phone_refusals("fax"),
    *email_refusals(),
    Refusal("vertical", "unknown_vertical", given("vertical").is_not_null() & ~pl.col("vertical_known")),
    unread("website", "invalid_website"),
    *[unread(network, "invalid_profile", f"own.{network}") for network in socials()],
    unread("lat", "invalid_coordinates"),
    unread("lon", "invalid_coordinates"),
    unread("employees", "invalid_employees", "employees_range"),
    unread("founded", "invalid_year", "founded_year"),
    unread("review_count", "invalid_count"),
    unread("rating", "invalid_rating"),
    unread("last_reviewed_at", "invalid_timestamp"),
    unread("hours", "invalid_hours"),
    unread("status", "unknown_status"),
)


def stage(frame: pl.DataFrame) -> pl.DataFrame:
    """The cleaned frame with every canonical column of `staged_records` added, provenance included."""
    frame = _with_names(addresses.with_address(frame))
    frame = _with_phones(_with_web(with_email(frame)))
    frame = _with_firmographics(_with_place_and_reviews(frame))
    return frame.with_columns(provenance=provenance(frame, "business", _ways()))


def _with_names(frame: pl.DataFrame) -> pl.DataFrame:
    return with_text(frame, "registration_id", "category").with_columns(
        name=names.display(frame["given.name"]),
        name_key=names.company_key(frame["given.name"]),
        name_recased=names.needs_case(frame["given.name"]),
        brand=names.display(frame["given.brand"]),
        alt_names=values.text_list(frame["given.alt_names"]),
        jurisdictions=values.text_list(frame["given.jurisdiction"]),
        tags=values.text_list(frame["given.tags"], commas=True),
    )


def _with_web(frame: pl.DataFrame) -> pl.DataFrame:
    """Website, domain and profiles; a website that is a profile also fills the profile."""
    frame = frame.hstack(domains.read(frame["given.website"]))
    # a website off the networks must not be read as a handle
    page = frame["website"].set(~frame["is_shared"].fill_null(False), None)
    profiles = [social.read(frame[f"given.{n}"], n).alias(f"own.{n}") for n in socials()]
    pages = [social.read(page, n).alias(f"page.{n}") for n in socials()]
    return frame.hstack(profiles + pages).with_columns(pl.coalesce(f"own.{n}", f"page.{n}").alias(n) for n in socials())


def _with_phones(frame: pl.DataFrame) -> pl.DataFrame:
    """Phone, its type and key, and fax; the mobile number stands in where there is no main one."""
    for field in ("phone", "mobile", "fax"):
        frame = with_phone(frame, field)
    from_mobile = pl.col("phone.e164").is_null() & pl.col("mobile.e164").is_not_null()
    kind = pl.when("from_mobile").then(pl.lit("mobile")).otherwise(pl.col("phone.number_type").fill_null("main"))
    return frame.with_columns(
        phone=pl.coalesce("phone.e164", "mobile.e164"), fax=pl.col("fax.e164"), from_mobile=from_mobile
    ).with_columns(
        phone_type=pl.when(pl.col("phone").is_not_null()).then(kind),
        phone_key=pl.when("from_mobile").then("mobile.key").otherwise(pl.coalesce("phone.key", "mobile.key")),
    )


def _with_place_and_reviews(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.hstack(places.coordinates(frame["given.lat"], frame["given.lon"])).with_columns(
        rating=firmographics.rating(frame["given.rating"]),
        review_count=firmographics.count(frame["given.review_count"]),
        last_reviewed_at=values.timestamp(frame["given.last_reviewed_at"]),
        hours=firmographics.hours(frame["given.hours"]),
        status=values.choice(frame["given.status"], "business_status"),
    )


def _with_firmographics(frame: pl.DataFrame) -> pl.DataFrame:
    vertical = values.choice(frame["given.vertical"], "vertical")
    return with_text(frame, "revenue").with_columns(
        vertical=vertical.fill_null("other"),
        vertical_known=vertical.is_not_null(),
        employees_range=firmographics.employees_range(frame["given.employees"]),
        revenue_range=pl.col("revenue"),
        founded_year=firmographics.founded_year(frame["given.founded"]),
        tech_signals=values.text_list(frame["given.tech_signals"], commas=True, lower=True),
    )


def _ways() -> dict[str, dict[str, pl.Expr]]:
    """Where a field came by another way than `given`, for provenance."""
    return {
        "name": {"recased": pl.col("name_recased")},
        "website": {"shared_host": pl.col("is_shared")},
        "email": {"verified": pl.col("email_verified")},
        "phone": {"validated": pl.col("phone.is_listed"), "from_mobile": pl.col("from_mobile")},
        **{network: {"from_website": pl.col(f"own.{network}").is_null()} for network in socials()},
        **addresses.ways(),
    }
