"""Websites to URLs and registrable domains, by the public suffix list that `tldextract` carries (nothing is fetched).

Private suffixes count: a shop at `me.github.io` is `me.github.io`, because its neighbours are strangers. Hosts on which
many companies have a page (Facebook, Yelp, Linktree …) and free-mail hosts name no company and give no domain.
International names are kept as ASCII (punycode), which is what e-mail and CRMs compare.
"""

from functools import cache
from typing import NamedTuple

import polars as pl

from dagster_project.normalize.tables import words
from dagster_project.normalize.text import per_unique, rewritten

# nine of ten: these need no taking apart
PLAIN = r"^(?:https?://)?[a-zA-Z0-9][a-zA-Z0-9.-]*/?$"
# scheme (also "http//", "http:/", twice, or none), credentials, host, port, path, query; what follows "#" is dropped
URL = (
    r"^(?<scheme>[hH][tT][tT][pP][sS]?:?/+)*(?:[^/?#@\s]*@)?(?:/{2,})?"
    r"(?<host>[^/:?#@\s,;|]+)(?::(?<port>\d{0,5}))?(?<path>/[^?#\s,;|]*)?(?<query>\?[^#\s]*)?"
)
HOST = r"^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$"
ADDRESS = r"^\d{1,3}(?:\.\d{1,3}){3}$"
# a mail address is no website, though a URL parser sees a user name in it
MAILBOX = r"^[^/?#]*[^/?#:\s]@"
TRACKING = r"(?:utm_[a-z]+|gclid|fbclid|msclkid|y_source|mc_cid|mc_eid)=[^&]*"


def read(websites: pl.Series) -> pl.DataFrame:
    """Columns website (URL: scheme and host in lower case, no fragment, no tracking), host, domain (null for shared
    hosts), is_shared; all null for what is no website. Rows of the result are those of `websites`.
    """
    parts = _parts(websites)
    hosts = ascii_hosts(parts["host"].str.strip_chars("."))
    found = registrable(hosts)
    known = found.is_not_null() | hosts.is_in(_suffixes().rules) | hosts.str.contains(ADDRESS)
    parts = parts.with_columns(host=hosts, domain=found, known=known, is_shared=is_shared(hosts, found))
    scheme = pl.when("secure").then(pl.lit("https://")).otherwise(pl.lit("http://"))
    return parts.select(
        website=pl.when("known").then(pl.concat_str(scheme, "host", "tail")),
        host=pl.when("known").then("host"),
        domain=pl.when(pl.col("known") & ~pl.col("is_shared")).then("domain"),
        is_shared=pl.when("known").then("is_shared"),
    )


def _parts(websites: pl.Series) -> pl.DataFrame:
    """Columns secure, host and tail (port, path and query) of a URL or of a bare host; as written, but for case."""
    rough = ~websites.str.contains(PLAIN)
    taken_apart = _taken_apart(websites.filter(rough))
    plain = websites.str.strip_suffix("/").str.strip_prefix("https://").str.strip_prefix("http://")
    secure, tail = websites.str.starts_with("https"), plain.str.slice(0, 0)
    return pl.DataFrame(
        {
            "secure": rewritten(secure, rough, lambda _: taken_apart["secure"]),
            "host": rewritten(plain.str.to_lowercase(), rough, lambda _: taken_apart["host"]),
            "tail": rewritten(tail, rough, lambda _: taken_apart["tail"]),
        }
    )


def _taken_apart(websites: pl.Series) -> pl.DataFrame:
    parts = websites.str.strip_chars().str.extract_groups(URL).struct.unnest()
    port = pl.col("port").replace(["", "80", "443"], None)
    query = pl.col("query").str.slice(1).str.replace_all(TRACKING, "")
    query = query.str.replace_all(r"&{2,}", "&").str.strip_chars("&").replace("", None)
    path = pl.col("path").str.strip_chars_end("/")
    return parts.with_columns(mailbox=websites.str.contains(MAILBOX)).select(
        secure=pl.col("scheme").str.to_lowercase().str.starts_with("https").fill_null(False),
        host=pl.when(~pl.col("mailbox")).then(pl.col("host").str.to_lowercase()),
        tail=pl.concat_str((":" + port).fill_null(""), path.fill_null(""), ("?" + query).fill_null("")),
    )


def ascii_hosts(hosts: pl.Series) -> pl.Series:
    """Host names in ASCII (IDNA 2008); null for what cannot be one."""
    foreign = hosts.str.contains(r"[^\x00-\x7f]|xn--")
    hosts = rewritten(hosts, foreign, lambda some: per_unique(some, _encoded, pl.String()))
    possible = hosts.str.contains(HOST) | hosts.str.contains(ADDRESS)
    return hosts.set(~possible.fill_null(True), None)


def _encoded(host: str) -> str | None:
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return None


def registrable(hosts: pl.Series) -> pl.Series:
    """The registrable domain of ASCII, lower-case hosts; null for public suffixes, unknown TLDs and IP addresses."""
    # Any longer rule that matches a host shares with it one label more than the suffix, so a host that shares that
    # with no rule is answered by the suffix and one label. That settles all but a few in a thousand.
    return _registrable(hosts, 1)


def _registrable(hosts: pl.Series, labels: int) -> pl.Series:
    level = _suffixes().levels.get(labels)
    if level is None:
        return per_unique(hosts, _extracted, pl.String())
    found = hosts.str.extract(rf"((?:[^.]+\.){{{labels}}}[^.]+)$")
    suffix = found.str.extract(r"^[^.]+\.(.*)$")
    certain = (suffix.is_in(level.suffixes) & ~found.is_in(level.longer)).fill_null(False)
    left = hosts.is_not_null() & ~certain
    return rewritten(found, left, lambda _: _registrable(hosts.filter(left), labels + 1))


def is_shared(hosts: pl.Series, domains: pl.Series) -> pl.Series:
    """Whether the host, or the registrable domain it is under, names no one company."""
    shared = words("shared_hosts") + words("free_mail")
    return (hosts.str.strip_prefix("www.").is_in(shared) | domains.is_in(shared)).fill_null(False)


class _Level(NamedTuple):
    """Suffixes of one number of labels without a wildcard below, and what longer rules end in, one label more."""

    suffixes: list[str]
    longer: list[str]


class _Suffixes(NamedTuple):
    """The public suffix list, in ASCII: every rule, and the levels that the fast path settles."""

    rules: list[str]
    levels: dict[int, _Level]


@cache
def _suffixes() -> _Suffixes:
    rules = [rule.encode("idna").decode() if not rule.isascii() else rule for rule in _extractor().tlds]
    wild = {rule[2:] for rule in rules if rule.startswith("*.")}
    names = {rule.lstrip("!*.") for rule in rules}
    plain = {rule for rule in rules if rule[0] not in "!*"} - wild
    levels = {}
    for labels in (1, 2):
        longer = {".".join(name.split(".")[-labels - 1 :]) for name in names if name.count(".") >= labels}
        levels[labels] = _Level(sorted(n for n in plain if n.count(".") == labels - 1), sorted(longer))
    return _Suffixes(sorted(names), levels)


def _extracted(host: str) -> str | None:
    return _extractor().extract_str(host).top_domain_under_public_suffix or None


@cache
def _extractor():
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
