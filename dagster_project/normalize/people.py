"""Person records: given fields to the canonical columns of `staged_contacts`."""

import polars as pl

from dagster_project.normalize import addresses, domains, names, social, values
from dagster_project.normalize.fields import email_refusals, phone_refusals, with_email, with_phone, with_text
from dagster_project.normalize.names import Style
from dagster_project.normalize.provenance import provenance
from dagster_project.normalize.refusals import Refusal, given, unread
from dagster_project.normalize.text import fold

# The first that matches decides: "Vice President" is no president, an assistant to the CEO is no chief.
SENIORITY = (
    ("staff", r"\bassistant (?:to|of)\b|\b(?:executive|personal) assistant\b|\bsecretary\b"),
    ("vp", r"\b[sea]?vp\b|\bvice[ -]president\b"),
    (
        "c_suite",
        r"\bchief\b|\bc[efotimrsd]o\b|\bcpo\b|\bciso\b|\bfounder\b|\bcofounder\b|\bowner\b|\bpresident\b|\bproprietor\b",
    ),
    ("c_suite", r"\bmanaging (?:director|partner|member)\b|\bgeschaftsfuhrer\b"),
    ("director", r"\bdirector\b|\bhead\b|\bprincipal\b"),
    ("manager", r"\bmanager\b|\bmgr\b|\bsupervisor\b|\bteam lead(?:er)?\b"),
)
OLDEST_BIRTH = 1850

REFUSALS = (
    *addresses.REFUSALS,
    *phone_refusals("phone"),
    *phone_refusals("mobile"),
    *email_refusals(),
    unread("linkedin", "invalid_profile"),
    unread("date_of_birth", "invalid_date"),
    Refusal("company_website", "invalid_website", given("company_website").is_not_null() & pl.col("website").is_null()),
    Refusal("consent", "unknown_consent", given("consent").is_not_null() & ~pl.col("consent_known")),
)


def stage(frame: pl.DataFrame) -> pl.DataFrame:
    """The cleaned frame with every canonical column of `staged_contacts` added, provenance included."""
    frame = _with_names(addresses.with_address(frame))
    frame = _with_company(_with_phones(with_email(frame)))
    return frame.with_columns(provenance=provenance(frame, "person", _ways()))


def _with_names(frame: pl.DataFrame) -> pl.DataFrame:
    split = names.split_person(frame["given.full_name"])
    # the whole name speaks only where both parts are absent: one part alone may be all the source knows
    absent = frame["given.first_name"].is_null() & frame["given.last_name"].is_null()
    first = frame["given.first_name"].zip_with(~absent, split["first_name"])
    last = frame["given.last_name"].zip_with(~absent, split["last_name"])
    frame = with_text(frame, "title", "national_id").with_columns(
        first_name=names.display(first, Style.PERSON), last_name=names.display(last, Style.PERSON), name_split=absent
    )
    whole = frame.select(pl.concat_str("first_name", "last_name", separator=" ", ignore_nulls=True)).to_series()
    birth = values.date(frame["given.date_of_birth"])
    return frame.with_columns(
        name_key=names.person_key(whole),
        seniority=seniority(frame["title"]),
        date_of_birth=birth.set((birth.dt.year() < OLDEST_BIRTH).fill_null(False), None),
        linkedin=_linkedin(frame["given.linkedin"]),
    )


def _linkedin(profiles: pl.Series) -> pl.Series:
    # a bare handle of a person is under /in/, not under /company/
    return social.read(profiles, "linkedin").str.replace("/company/", "/in/", literal=True)


def seniority(titles: pl.Series) -> pl.Series:
    """c_suite, vp, director, manager or staff by the words of a title; unknown without one."""
    folded = fold(titles).str.replace_all(r"[.]", "")
    levels = pl.when(pl.col("title").is_null()).then(pl.lit("unknown"))
    for level, pattern in SENIORITY:
        levels = levels.when(pl.col("title").str.contains(pattern)).then(pl.lit(level))
    return pl.DataFrame({"title": folded}).select(levels.otherwise(pl.lit("staff"))).to_series()


def _with_phones(frame: pl.DataFrame) -> pl.DataFrame:
    """Phone and mobile. A number with an extension or a toll-free one is the company's main line; a phone that is
    absent is the mobile.
    """
    frame = with_phone(with_phone(frame, "phone"), "mobile")
    is_mobile = pl.col("from_mobile") | (pl.col("phone.number_type") == "mobile")
    is_main = pl.col("phone.has_extension") | (pl.col("phone.number_type") == "toll_free")
    kind = pl.when(is_mobile).then(pl.lit("mobile")).when(is_main).then(pl.lit("main")).otherwise(pl.lit("direct"))
    return frame.with_columns(
        phone=pl.coalesce("phone.e164", "mobile.e164"),
        mobile=pl.col("mobile.e164"),
        from_mobile=pl.col("phone.e164").is_null() & pl.col("mobile.e164").is_not_null(),
    ).with_columns(
        phone_type=pl.when(pl.col("phone").is_not_null()).then(kind),
        phone_key=pl.when("from_mobile").then("mobile.key").otherwise(pl.coalesce("phone.key", "mobile.key")),
    )


def _with_company(frame: pl.DataFrame) -> pl.DataFrame:
    consent = values.choice(frame["given.consent"], "consent")
    site = domains.read(frame["given.company_website"])
    return with_text(frame, "company_key").with_columns(
        company_name=names.display(frame["given.company_name"]),
        website=site["website"],
        company_domain=site["domain"],
        consent=consent.fill_null("unknown"),
        consent_known=consent.is_not_null(),
    )


def _ways() -> dict[str, dict[str, pl.Expr]]:
    """Where a field came by another way than `given`, for provenance."""
    return {
        "first_name": {"split": pl.col("name_split")},
        "last_name": {"split": pl.col("name_split")},
        "email": {"verified": pl.col("email_verified")},
        "phone": {"validated": pl.col("phone.is_listed"), "from_mobile": pl.col("from_mobile")},
        **addresses.ways(),
    }
