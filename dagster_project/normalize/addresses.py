"""Addresses in canonical columns: lines, house number, street key, city, region, postal code, country.

Whole addresses are first split by `oneline`; columns that the source gives outright win over what the split finds.
"""

from functools import cache

import polars as pl

from dagster_project.normalize import names, oneline, places
from dagster_project.normalize.names import Style
from dagster_project.normalize.refusals import given, unread
from dagster_project.normalize.tables import street_words, words
from dagster_project.normalize.text import fold, one_of, replace_words, rewritten, tidy

PARTS = ("address_line1", "city", "region", "postal", "country")
DESIGNATORS = (
    r"suite|ste|apartment|apt|unit|floor|flr|fl|room|rm|building|bldg|office|ofc|space|spc|lot|dept|department"
)
VALUE = r"(?:[a-z]?-?\d[\w/-]*|[a-z])"
UNIT = rf"(?i)(?:,\s*|\s+)((?:#\s*|(?:{DESIGNATORS}|no)\b\.?\s*#?\s*){VALUE}|\d+(?:st|nd|rd|th)\s+(?:floor|fl))$"
NUMBER = r"(?:\d+(?:-?[a-zA-Z]\b)?(?:\s?[-–/&]\s?\d+[a-zA-Z]?)?(?:\s\d/\d)?|(?:\d{2}[NSEW]|[NSEW])\d{3,})"
# nine of ten lines in the US: split at the first space
PLAIN = r"^\d+[a-zA-Z]? \p{L}[^,]*$"
LEADING = rf"^(?<number>{NUMBER})[\s,]+(?<street>[^\s,][^,]*)"
# number, name, type and nothing after a comma: "100 Court" has no name to spare
TYPED = r"^\d[^,\s]*\s[^,]*\S\s[^,]*\S$"
SIDES = ("", " N", " S", " E", " W", " NE", " NW", " SE", " SW", " North", " South", " East", " West")
END = "\n"  # stands for the end of a line where only plain text is searched
# a building or a unit before the number: "Unit 5, 156 Saffier Street"
PREFACE = r"^\D.*(?:,|\s-)\s*(\d+\S* \S*\p{L}.*)$"
TRAILING = r"^(?<street>\D.*?)[\s,]+(?<number>\d+\s?[a-zA-Z]?(?:\s?[-–/]\s?\d+[a-zA-Z]?)?)$"

REFUSALS = (
    unread("country", "unknown_country"),
    unread("region", "unknown_region"),
    unread("postal", "invalid_postal"),
)


def with_address(frame: pl.DataFrame) -> pl.DataFrame:
    """The stage's frame with the address columns of the contract, `split.PART` flags (the part comes from a whole
    address) and `postal_repaired`.
    """
    parts = _parts(frame)
    country = places.country(parts["country"])
    region = places.region(parts["region"], country)
    postal = places.postal(parts["postal"], country)
    address_lines = lines(parts["address_line1"], frame["given.address_line2"], country)
    places_found = pl.DataFrame({"city": places.city(parts["city"], country), "region": region, "postal": postal})
    repaired = (postal.str.slice(0, 5) != parts["postal"].str.slice(0, 5).str.to_uppercase()).alias("postal_repaired")
    flags = parts.select(pl.col(f"split.{part}") for part in PARTS)
    return frame.hstack(address_lines).hstack(places_found).hstack([country.alias("country"), repaired]).hstack(flags)


def ways() -> dict[str, dict[str, pl.Expr]]:
    """Ways of getting the address fields, for provenance."""
    split = {part: {"split": pl.col(f"split.{part}")} for part in PARTS}
    split["postal"] = {"repaired": pl.col("postal_repaired"), **split["postal"]}
    return split | {"address_line2": {"split": given("address_line2").is_null()}}


def _parts(frame: pl.DataFrame) -> pl.DataFrame:
    """The given parts, filled from the whole address where they are missing."""
    own = frame.select(given(part).alias(part) for part in PARTS)
    whole = frame["given.address"]
    if whole.null_count() == len(whole):
        return own.with_columns(pl.lit(False).alias(f"split.{part}") for part in PARTS)
    country = places.country(own["country"])
    abroad = (country.is_not_null() & ~country.is_in(oneline.COUNTRIES)).fill_null(False)
    found = oneline.split(whole.set(abroad, None)).select(pl.all().name.prefix("found."))
    found = found.with_columns(whole.set(~abroad, None).alias("abroad"))
    found = found.with_columns(pl.coalesce("found.address_line1", "abroad").alias("found.address_line1"))
    return own.hstack(found).select(
        *[pl.coalesce(part, f"found.{part}").alias(part) for part in PARTS],
        *[(pl.col(part).is_null() & pl.col(f"found.{part}").is_not_null()).alias(f"split.{part}") for part in PARTS],
    )


def lines(line1: pl.Series, line2: pl.Series, country: pl.Series) -> pl.DataFrame:
    """Columns address_line1 and address_line2 (standardised, the unit in the second), house_number, street (key)."""
    text = tidy(line1.str.strip_chars(" ,;"))
    unit = text.str.extract(UNIT)
    text = rewritten(text, unit.is_not_null(), lambda s: s.str.replace(UNIT, ""))
    text = rewritten(text, text.str.contains(r"\.(?:\s|,|$)"), lambda s: s.str.replace_all(r"\.(\s|,|$)", "$1"))
    text = rewritten(text, names.needs_case(text, Style.STREET), lambda s: names.display(s, Style.STREET))
    text = rewritten(text, text.str.contains(TYPED) & _is_american(country), _abbreviated)
    number, street = house_and_street(text, country)
    units = pl.DataFrame({"unit": _unit(unit), "line2": _unit(tidy(line2.str.strip_chars(" ,;")))})
    both = pl.concat_str("unit", "line2", separator=", ", ignore_nulls=True)
    same = pl.col("unit") == pl.col("line2")
    second = units.select(pl.when(same).then("unit").otherwise(both).replace("", None)).to_series()
    return pl.DataFrame(
        {"address_line1": text, "address_line2": second, "house_number": number, "street": street_key(street)}
    )


def house_and_street(lines: pl.Series, country: pl.Series) -> tuple[pl.Series, pl.Series]:
    """House number and the rest of a line. The number leads ("12-14 High St", "31a Geelsebaan"); where the country
    does not put it first, it may trail ("Friesener Straße 1"), but not after a word such as "Highway".
    """
    lead = _leading(lines)
    may_trail = lead["number"].is_null() & ~country.is_in(words("number_first")).fill_null(False)
    trailing = lines.set(~(may_trail & ~lines.str.contains(_numbered_road())).fill_null(False), None)
    trail = trailing.str.extract_groups(TRAILING).struct.unnest()
    number = lead["number"].zip_with(lead["number"].is_not_null(), trail["number"]).str.to_lowercase()
    number = rewritten(number, number.str.contains(r"\s|–"), _tight_number)
    street = lead["street"].zip_with(lead["street"].is_not_null(), trail["street"])
    return number, street.zip_with(street.is_not_null(), lines)


def _leading(lines: pl.Series) -> pl.DataFrame:
    rough = ~lines.str.contains(PLAIN)
    texts = lines.filter(rough)
    texts = rewritten(texts, texts.str.contains(PREFACE), lambda s: s.str.replace(PREFACE, "$1"))
    found = texts.str.extract_groups(LEADING).struct.unnest()
    plain = lines.str.splitn(" ", 2).struct.unnest()
    return pl.DataFrame(
        {
            "number": rewritten(plain["field_0"], rough, lambda _: found["number"]),
            "street": rewritten(plain["field_1"], rough, lambda _: found["street"]),
        }
    )


def street_key(streets: pl.Series) -> pl.Series:
    """Street for comparison: folded, no punctuation, types, directionals and ordinals in their short forms."""
    keys = fold(streets)
    keys = rewritten(keys, keys.str.contains(r"[^\p{L}\p{N}\p{M} ]"), _unpunctuated)
    # "saint" and "street" both become "st": on either side alike, which is all that a comparison needs
    keys = replace_words(keys, street_words("type", "directional", "ordinal", "foreign"))
    keys = rewritten(keys, keys.str.contains("strasse"), lambda s: s.str.replace_all(r"strasse\b", "str"))
    return keys.set((keys == "").fill_null(False), None)


def _unpunctuated(keys: pl.Series) -> pl.Series:
    bare = keys.str.replace_all(r"['’]", "").str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ")
    return bare.str.strip_chars(" ")


def _tight_number(numbers: pl.Series) -> pl.Series:
    tight = numbers.str.replace_all("–", "-").str.replace_all(r"\s?([-/&])\s?", "$1")
    return tight.str.replace(r"^(\d+)\s([a-z])$", "$1$2")


def _is_american(country: pl.Series) -> pl.Series:
    return country.fill_null("US").is_in(["US", "CA"])


def _abbreviated(lines: pl.Series) -> pl.Series:
    """The type at the end of an American street, as its post writes it: "1605 23rd Avenue" is "1605 23rd Ave"."""
    return (lines + END).str.replace_many(_endings(), ascii_case_insensitive=True).str.strip_suffix(END)


def _unit(units: pl.Series) -> pl.Series:
    """Units by their short names: "suite 200" is "Ste 200", "# 5" is "#5"."""
    known = units.str.contains(rf"(?i)^(?:#|(?:{DESIGNATORS}|no)\b)")
    return rewritten(units, known, _standard_unit)


def _standard_unit(units: pl.Series) -> pl.Series:
    split = units.str.extract_groups(r"^(?<word>#|\p{L}+)\.?\s*#?\s*(?<rest>.*)$").struct.unnest()
    word = replace_words(split["word"].str.to_lowercase(), street_words("unit"))
    rest = rewritten(split["rest"], split["rest"].str.contains(r"^[a-z]$"), lambda s: s.str.to_uppercase())
    frame = pl.DataFrame({"word": word, "rest": rest})
    parted = pl.when(pl.col("word") == "#").then(pl.lit("")).otherwise(pl.lit(" "))
    return frame.select(pl.concat_str("word", parted, "rest").str.strip_chars()).to_series()


@cache
def _endings() -> dict[str, str]:
    """Street type, with or without a direction after it, at the end of a line, to the same with the short type."""
    types = {long: short.capitalize() for long, short in street_words("type").items() if long != short}
    return {f" {long}{side}{END}": f" {short}{side}{END}" for long, short in types.items() for side in SIDES}


@cache
def _numbered_road() -> str:
    return rf"(?i)\b{one_of(words('numbered_roads'))}\.?\s+#?\s*\d+\s?\p{{L}}?$"
