"""Plain values: numbers, money, booleans, dates, times, lists and words of a closed list.

Each function gives null for what it cannot read. Slashed dates are month first unless the month would be over 12; a
time without a zone is UTC.
"""

import json

import polars as pl

from dagster_project.normalize.tables import synonyms
from dagster_project.normalize.text import code, lookup, per_unique, rewritten

TIMESTAMP = pl.Datetime("us", "UTC")
NUMBER = r"^[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?$"
# 1.234,50 and 12,5: the comma is decimal; 1,234.50 and 1,234: it parts thousands
DECIMAL_COMMA = r"^[^\d,]*(?:\d{1,3}(?:\.\d{3})+,\d+|\d+,(?:\d{1,2}|\d{4,}))$"
ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
ISO_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"
ZONE = r"([zZ]|\s?UTC|\s?GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
# each is tried only on what the ones before it left
DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y")
DATE_FORMATS += ("%d.%m.%Y", "%d.%m.%y", "%d-%m-%Y", "%b %d %Y", "%d %b %Y", "%d-%b-%Y")
FIRST_YEAR = 1000
CLOCK_FORMATS = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
# what may stand in a date and say nothing that the formats need
SIMPLER = (
    (r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", ""),  # weekday
    (r"[,\s]+", " "),
    (r"(?i)\b(\d{1,2})(?:st|nd|rd|th)\b", "$1"),  # ordinal
    (r"(?i)\s*(?:Z|UTC|GMT|\+00:?00)$", ""),
    (r"(?i)^(\d{1,2}[ -])?([a-z]{3})[a-z]*\b", "$1$2"),  # month in full
    (r"^(\d{4}-\d{2}-\d{2})T", "$1 "),
)
EPOCH = r"^\d{10}(?:\.\d+)?$|^\d{13}$|^\d{16}$"


def number(texts: pl.Series) -> pl.Series:
    """Float64 of "1,234.5", "$12", "4,5", "1.2e3"; no infinities, no NaN."""
    plain = rewritten(texts, ~texts.str.contains(NUMBER), _plain_number)
    numbers = plain.cast(pl.Float64, strict=False)
    return numbers.set(~numbers.is_finite().fill_null(True), None)


def whole(texts: pl.Series) -> pl.Series:
    """Int64 of a number without a fraction ("1,204", "12.0"); null when it has one."""
    numbers = number(texts)
    return numbers.set((numbers != numbers.round()).fill_null(False), None).cast(pl.Int64, strict=False)


def money(texts: pl.Series) -> pl.Series:
    """Decimal(18, 4), exactly as written; "(12.50)" is negative, as accountants write."""
    plain = rewritten(texts, ~texts.str.contains(r"^-?\d+(?:\.\d+)?$"), _plain_number)
    fits = plain.str.contains(r"^[+-]?\d{0,14}(?:\.\d*)?$")
    exact = plain.set(~fits.fill_null(True), None).str.replace(r"^\+", "").str.replace(r"(\.\d{4})\d+$", "$1")
    return exact.cast(pl.Decimal(18, 4), strict=False)


def _plain_number(texts: pl.Series) -> pl.Series:
    bare = texts.str.replace_all(r"[\s$€£¥%_']|^[A-Z]{3}|[A-Z]{3}$", "").str.replace(r"^\((.*)\)$", "-$1")
    comma = bare.str.contains(DECIMAL_COMMA)
    swapped = rewritten(
        bare, comma, lambda s: s.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    )
    thousands = swapped.str.contains(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
    plain = rewritten(swapped, thousands, lambda s: s.str.replace_all(",", "", literal=True))
    return plain.set(~plain.str.contains(NUMBER).fill_null(True), None)


def boolean(texts: pl.Series) -> pl.Series:
    """Boolean of true/false, yes/no, 1/0, verified/unverified …"""
    return choice(texts, "boolean") == "true"


def choice(texts: pl.Series, kind: str) -> pl.Series:
    """The canonical value of a closed list of `synonyms.yaml`, whatever the case and separators."""
    return lookup(code(texts), synonyms(kind))


def date(texts: pl.Series) -> pl.Series:
    """Date of a date or time in any of the known formats."""
    exact = texts.str.contains(ISO_DATE)
    if exact.all(ignore_nulls=True):
        return texts.str.to_date("%Y-%m-%d", strict=False)
    return timestamp(texts).dt.date()


def timestamp(texts: pl.Series) -> pl.Series:
    """UTC time (microseconds) of ISO 8601 with or without zone, epoch seconds, milliseconds or microseconds, and the
    date formats above with or without a clock.
    """
    answers = _iso_time(texts)
    for read in (_epoch, _dated):
        left = answers.is_null() & texts.is_not_null()
        answers = rewritten(answers, left, lambda _, left=left, read=read: read(texts.filter(left)))
    sane = answers.dt.year().is_between(FIRST_YEAR, 9999)
    return answers.set(~sane.fill_null(True), None)


def _iso_time(texts: pl.Series) -> pl.Series:
    times = texts.set(~texts.str.contains(ISO_TIME).fill_null(True), None)
    if times.null_count() == len(times):
        return pl.Series(texts.name, [None] * len(texts), dtype=TIMESTAMP)
    zone = times.str.extract(ZONE)
    naive = times.str.slice(0, 10) + "T" + times.str.slice(11)
    local = rewritten(naive, zone.is_not_null(), lambda s: s.str.replace(ZONE, ""))
    parsed = local.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    short = parsed.is_null() & local.is_not_null()
    parsed = rewritten(
        parsed,
        short,
        lambda _: local.filter(short).str.to_datetime("%Y-%m-%dT%H:%M", strict=False, time_unit="us"),
    )
    return (parsed - _offset(zone)).dt.replace_time_zone("UTC")


def _offset(zones: pl.Series) -> pl.Series:
    digits = zones.str.replace_all(r"[^0-9]", "")
    minutes = digits.str.slice(0, 2).cast(pl.Int32, strict=False).fill_null(0) * 60
    minutes = minutes + digits.str.slice(2, 2).cast(pl.Int32, strict=False).fill_null(0)
    sign = zones.str.starts_with("-").fill_null(False).cast(pl.Int32) * -2 + 1
    frame = pl.DataFrame({"minutes": minutes * sign})
    return frame.select(pl.duration(minutes="minutes", time_unit="us")).to_series()


def _epoch(texts: pl.Series) -> pl.Series:
    numbers = texts.set(~texts.str.contains(EPOCH).fill_null(True), None)
    digits = numbers.str.extract(r"^(\d+)").str.len_chars()
    frame = pl.DataFrame({"n": numbers.cast(pl.Float64, strict=False), "digits": digits})
    scale = pl.when(pl.col("digits") == 10).then(1e6).when(pl.col("digits") == 13).then(1e3).otherwise(1.0)
    return frame.select((pl.col("n") * scale).round().cast(pl.Int64).cast(TIMESTAMP)).to_series()


def _dated(texts: pl.Series) -> pl.Series:
    """The date formats, with a clock after them or alone."""
    bare = texts
    for pattern, replacement in SIMPLER:
        bare = bare.str.replace_all(pattern, replacement)
    bare = bare.str.strip_chars()
    answers = pl.Series(texts.name, [None] * len(texts), dtype=pl.Datetime("us"))
    timed = bare.str.contains(":", literal=True)
    plain = [(form, ~timed) for form in DATE_FORMATS]
    clocked = [(f"{form} {clock}", timed) for form in DATE_FORMATS for clock in CLOCK_FORMATS]
    for form, where in plain + clocked:
        left = where & answers.is_null() & bare.is_not_null()
        answers = rewritten(answers, left, lambda _, left=left, form=form: _parsed(bare.filter(left), form))
    return answers.dt.replace_time_zone("UTC")


def _parsed(texts: pl.Series, form: str) -> pl.Series:
    if "%H" in form or "%I" in form:
        times = texts.str.to_datetime(form, strict=False, time_unit="us")
    else:
        times = texts.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    # %Y takes "24" for the year 24: leave it to the formats with %y
    return times.set((times.dt.year() < FIRST_YEAR).fill_null(False), None)


def text_list(texts: pl.Series, *, commas: bool = False, lower: bool = False) -> pl.Series:
    """List of text from a JSON array or from "a|b" (also "a, b" with `commas`); trimmed, without repeats or blanks."""
    texts = rewritten(texts, texts.str.contains(r"^\s*\["), lambda some: per_unique(some, _joined, pl.String()))
    parts = texts.str.replace_all(r"[|,;]" if commas else r"[|]", "\x1f").str.split("\x1f")
    element = pl.element().str.strip_chars()
    element = element.str.to_lowercase() if lower else element
    lists = parts.list.eval(element.filter(element != "").unique(maintain_order=True))
    return lists.set((lists.list.len() == 0).fill_null(False), None)


def _joined(text: str) -> str | None:
    try:
        items = json.loads(text)
    except ValueError:
        return text.strip("[] ").replace('"', "")
    return "\x1f".join(str(item) for item in items if isinstance(item, str | int | float)) or None
