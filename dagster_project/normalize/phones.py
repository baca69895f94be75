"""Phone numbers to E.164, with the row's country as context.

Policy. A number of the North American plan (+1) is accepted by its shape, [2-9]XX[2-9]XXXXXX: new area codes come into
use several times a year, before any list has them. Without a country and without "+1" the area code must be a listed
one, because ten digits may then be anybody's national number. Any other number must be valid in `phonenumbers`.
Extensions are dropped. Seven digits in the US or Canada are no E.164 number, but are kept as `phone_key`.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

import polars as pl

from dagster_project.normalize.tables import words
from dagster_project.normalize.text import rewritten

NATIONAL = r"[2-9][0-9]{2}[2-9][0-9]{6}"
NANP = rf"^(?:\+?1)?{NATIONAL}$"
LOCAL = r"[2-9][0-9]{6}"
PUNCTUATION = r"[()\s.\-/]"
# what a spreadsheet makes of a column of numbers
FLOAT_TAIL = r"^(\+?\d{7,15})\.0$"
# A second number after the first: "555 1234 / 555 1235", "… or …".
SEVERAL = re.compile(r"\s*(?:[;,|]|\s/\s|/(?=\s*[+(])|\bor\b)\s*")

SCHEMA = {
    "e164": pl.String,
    "key": pl.String,
    "number_type": pl.String,
    "is_listed": pl.Boolean,
    "has_extension": pl.Boolean,
}


class Phone(NamedTuple):
    """What one number was read as; the columns of `read`."""

    e164: str | None = None
    key: str | None = None
    number_type: str | None = None
    is_listed: bool | None = None
    has_extension: bool | None = None


def read(numbers: pl.Series, countries: pl.Series) -> pl.DataFrame:
    """Columns e164, key (national digits, for comparison), number_type (toll_free, mobile or null), is_listed (the
    numbering tables know it, not only its shape), has_extension; all null for a number that is refused.

    `countries` holds ISO 3166-1 alpha-2 codes or null. Rows of the result are those of `numbers`.
    """
    numbers = rewritten(numbers, numbers.str.ends_with(".0"), lambda some: some.str.replace(FLOAT_TAIL, "$1"))
    frame = pl.DataFrame({"number": numbers, "country": countries})
    frame = frame.with_columns(bare=pl.col("number").str.replace_all(PUNCTUATION, ""))
    frame = frame.with_columns(fast=_is_nanp(pl.col("bare"), pl.col("country")))
    digits = pl.col("bare").str.slice(-10)
    toll_free = digits.str.slice(0, 3).is_in(words("toll_free"))
    read = frame.select(
        e164="+1" + digits,
        key=digits,
        number_type=pl.when(toll_free).then(pl.lit("toll_free")),
        is_listed=_is_listed(digits),
        has_extension=pl.lit(False),
    )
    missed = ~frame["fast"]
    slow = _slow(frame.filter(missed))
    return read.select(rewritten(column, missed, lambda _, name=column.name: slow[name]) for column in read)


def _slow(frame: pl.DataFrame) -> pl.DataFrame:
    """Numbers off the fast path, each distinct one parsed once."""
    misses = frame.select("number", "country").unique()
    answers = misses.hstack(pl.DataFrame([parsed(*row) for row in misses.iter_rows()], schema=SCHEMA, orient="row"))
    joined = frame.join(answers, on=["number", "country"], how="left", nulls_equal=True, maintain_order="left")
    return joined.select(list(SCHEMA))


def _is_nanp(bare: pl.Expr, country: pl.Expr) -> pl.Expr:
    area = bare.str.slice(-10).str.slice(0, 3)
    shaped = bare.str.contains(NANP) & ~area.is_in(island_codes())
    certain = country.is_in(nanp_countries()) | bare.str.starts_with("+1")
    guessed = country.is_null() & _is_listed(bare.str.slice(-10))
    return (shaped & (certain | guessed)).fill_null(False)


def _is_listed(digits: pl.Expr) -> pl.Expr:
    return digits.str.slice(0, 3).is_in(area_codes())


@lru_cache(maxsize=1 << 17)
def parsed(number: str | None, country: str | None) -> Phone:
    """One number by `phonenumbers` and the module's policy; an empty `Phone` when it is refused. Slow: 50 to 150 µs."""
    if not number:
        return Phone()
    first, *_ = SEVERAL.split(number, maxsplit=1)
    for text in dict.fromkeys((number, first)):
        if phone := _parsed(text, country):
            return phone
    local = re.sub(PUNCTUATION, "", first)
    return Phone(key=local) if country in ("US", "CA") and re.fullmatch(LOCAL, local) else Phone()


def _parsed(text: str, country: str | None) -> Phone | None:
    import phonenumbers as pn

    # without a country only the international form can be read, and 00 is how most of the world dials its "+"
    text = re.sub(r"^\s*00", "+", text) if country is None else text
    region = country or ("US" if not text.lstrip().startswith(("+", "＋")) else None)
    try:
        number = pn.parse(text, region)
    except pn.NumberParseException:
        return None
    national = pn.national_significant_number(number)
    is_guessed = country is None and region is not None
    if number.country_code == 1:
        listed = national[:3] in area_codes()
        accepted = re.fullmatch(NATIONAL, national) and (listed or not is_guessed)
    else:
        listed = accepted = pn.is_valid_number(number)
    if not accepted:
        return None
    kind = {pn.PhoneNumberType.MOBILE: "mobile", pn.PhoneNumberType.TOLL_FREE: "toll_free"}.get(pn.number_type(number))
    return Phone(pn.format_number(number, pn.PhoneNumberFormat.E164), national, kind, listed, bool(number.extension))


@cache
def nanp_countries() -> list[str]:
    """Countries whose numbers are +1."""
    import phonenumbers

    return list(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1])


@cache
def area_codes() -> list[str]:
    """Area codes in use, toll-free ones too, as the installed `phonenumbers` lists them (469; found once, in 0.1 s)."""
    import phonenumbers as pn

    return [
        str(code)
        for code in range(200, 1000)
        if str(code) in island_codes() or pn.is_valid_number(pn.PhoneNumber(1, int(f"{code}2501234")))
    ]


@cache
def island_codes() -> list[str]:
    """Area codes that belong to a smaller country of the plan; these tell mobiles from fixed lines."""
    import phonenumbers as pn

    regions = [pn.PhoneMetadata.metadata_for_region(country) for country in nanp_countries()]
    owned = re.compile("|".join(region.leading_digits for region in regions if region.leading_digits))
    return [str(code) for code in range(200, 1000) if owned.fullmatch(str(code))]
