"""E-mail addresses: lower case, checked by syntax, typed by mailbox, with the domain of the company behind them.

Whether a mailbox exists is not asked here.
"""

import polars as pl

from dagster_project.normalize import domains
from dagster_project.normalize.tables import words
from dagster_project.normalize.text import rewritten

ATOM = r"[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+"
VALID = rf"^{ATOM}(?:\.{ATOM})*@[^@\s]+$"
# first thing that looks like an address: in "mailto:a@b.c?subject=x", "Ann <a@b.c>", "a@b.c; d@e.f"
ADDRESS = r"(?:^|[<(\[\"',;:|]\s*)([^\s<>()\[\]\",;:|@]+@[^\s<>()\[\]\",;:|?@]+)"
LONGEST_LOCAL, LONGEST = 64, 254


def read(emails: pl.Series) -> pl.DataFrame:
    """Columns email, email_type (role, generic, personal) and email_domain (registrable; null for free mail); all null
    for what is no address. Rows of the result are those of `emails`.
    """
    texts = emails.str.strip_chars().str.to_lowercase()
    texts = rewritten(texts, ~texts.str.contains(r"^[a-z0-9._+-]+@[a-z0-9.-]*[a-z0-9]$"), _address)
    parts = texts.set(~texts.str.contains(VALID).fill_null(True), None).str.split_exact("@", 1).struct.unnest()
    local, host = parts["field_0"], domains.ascii_hosts(parts["field_1"])
    frame = pl.DataFrame({"local": local, "host": host, "found": domains.registrable(host)})
    free = pl.col("host").is_in(words("free_mail")) | pl.col("found").is_in(words("free_mail"))
    role = pl.col("local").str.extract(r"^([a-z]+)").is_in(words("role_mailboxes"))
    email = pl.col("local") + "@" + pl.col("host")
    fits = (pl.col("local").str.len_chars() <= LONGEST_LOCAL) & (email.str.len_chars() <= LONGEST)
    return frame.with_columns(email=pl.when(fits).then(email)).select(
        "email",
        email_type=pl.when(pl.col("email").is_null())
        .then(None)
        .when(role)
        .then(pl.lit("role"))
        .when(free)
        .then(pl.lit("generic"))
        .otherwise(pl.lit("personal")),
        email_domain=pl.when(pl.col("email").is_not_null() & ~free).then("found"),
    )


def _address(texts: pl.Series) -> pl.Series:
    return texts.str.extract(ADDRESS).str.strip_chars("'`").str.strip_chars_end(".")
