"""Names of companies and people: display form (case and spacing repaired) and key (for comparison).

A name that mixes cases is taken as its owner writes it; only ALL CAPITALS and all lower case are repaired.
"""

import re
from enum import StrEnum
from functools import cache, lru_cache

import polars as pl

from dagster_project.normalize.tables import words
from dagster_project.normalize.text import fold, one_of, rewritten, tidy

LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
SHORT_ACRONYM = 4
SMALL_PREFIXES = ("o", "d", "l")
KEPT_CAPITALS = r"^[\p{Lu}\p{N}&.+'-]{1,5}$"
HEAD = r"^(?:the )+"
PUNCTUATED = r"[^\p{L}\p{N}\p{M} ]"


class Style(StrEnum):
    """What a name is of: it decides which words stay small and which are acronyms."""

    COMPANY = "company"
    PERSON = "person"  # no acronyms: "NG" is Ng
    PLACE = "place"  # a city: as a person
    STREET = "street"  # English small words only: "La Cienega"


def display(names: pl.Series, style: Style = Style.COMPANY) -> pl.Series:
    """Names with single spaces and repaired case. A short single word in capitals (IBM, H&M) stays as it is when it
    names a company.
    """
    texts = tidy(names)
    return rewritten(texts, needs_case(texts, style), lambda some: _titled(some, style))


def needs_case(names: pl.Series, style: Style = Style.COMPANY) -> pl.Series:
    """Whether all letters are capitals, or all are small."""
    one_case = (~names.str.contains(r"\p{Ll}") | ~names.str.contains(r"\p{Lu}")) & names.str.contains(r"\p{L}{2}")
    return one_case & ~names.str.contains(KEPT_CAPITALS) if style is Style.COMPANY else one_case


def _titled(names: pl.Series, style: Style) -> pl.Series:
    # Python sees each distinct word once: a million names have some ten thousand
    split = names.str.split(" ")
    vocabulary = split.explode().unique().drop_nulls()
    titled = pl.Series([title_word(word, style) for word in vocabulary], dtype=pl.String)
    texts = split.list.eval(pl.element().replace_strict(vocabulary, titled, default=None)).list.join(" ")
    return texts.str.slice(0, 1).str.to_uppercase() + texts.str.slice(1)


@lru_cache(maxsize=1 << 16)
def title_word(word: str, style: Style = Style.COMPANY) -> str:
    """One word in title case: McDonald's, O'Brien, BBQ, LLC, 21st, of; hyphenated parts each their own."""

    def titled(match: re.Match[str]) -> str:
        letters = match.group().lower()
        if match.start() and word[match.start() - 1].isdigit():
            if letters in ("st", "nd", "rd", "th", "s"):
                return letters
            return letters.upper() if len(letters) <= 2 else letters.capitalize()
        if letters == word.lower() and letters in _small_words(style):
            return letters
        return _title_letters(letters, style)

    return LETTERS.sub(titled, word)


def _small_words(style: Style) -> tuple[str, ...]:
    return words("small_words") + (() if style is Style.STREET else words("foreign_small_words"))


def _title_letters(letters: str, style: Style) -> str:
    is_capitals = style in (Style.COMPANY, Style.STREET) and letters in words("capitals")
    if is_capitals or (style is Style.COMPANY and _is_acronym(letters)):
        return letters.upper()
    prefix, apostrophe, rest = letters.replace("’", "'").partition("'")
    if apostrophe and prefix in SMALL_PREFIXES and len(rest) > 1:
        return f"{prefix.upper()}{letters[1]}{rest.capitalize()}"
    if letters.startswith("mc") and len(letters) > 4:
        return "Mc" + letters[2:].capitalize()
    return letters.capitalize()


def _is_acronym(letters: str) -> bool:
    return (
        1 < len(letters) <= SHORT_ACRONYM
        and not re.search(r"[aeiouy']|[^a-z]", letters)
        and letters not in words("not_acronyms")
    )


def company_key(names: pl.Series) -> pl.Series:
    """For comparing companies: folded, & as "and", no punctuation, no legal form, no "the" at either end."""
    keys = fold(names)
    keys = rewritten(
        keys, keys.str.contains("&", literal=True), lambda s: s.str.replace_all("&", " and ", literal=True)
    )
    keys = _plain(keys)
    # "…, The" and legal forms in any order; a name that is nothing else keeps its last word
    keys = rewritten(keys, keys.str.starts_with("the "), lambda some: some.str.replace(HEAD, ""))
    keys = rewritten(keys, keys.str.contains(_tail()), lambda some: some.str.replace(_tail(), ""))
    return keys.set((keys == "").fill_null(False), None)


def person_key(names: pl.Series) -> pl.Series:
    """For comparing people: folded, no punctuation."""
    keys = _plain(fold(names))
    return keys.set((keys == "").fill_null(False), None)


def _plain(texts: pl.Series) -> pl.Series:
    texts = rewritten(texts, texts.str.contains(PUNCTUATED), _unpunctuated)
    return rewritten(texts, texts.str.contains(r"^ | $|  "), _single_spaced)


def _unpunctuated(texts: pl.Series) -> pl.Series:
    # "Joe's" is joes; "L.L.C." is llc, but "Amazon.com" is two words
    joined = texts.str.replace_all(r"['’‘`´]", "").str.replace_all(r"\b([\p{L}\p{N}])\.", "$1")
    return joined.str.replace_all(PUNCTUATED, " ")


def _single_spaced(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r" +", " ").str.strip_chars(" ")


@cache
def _tail() -> str:
    return rf"(?: {one_of((*words('legal_suffixes'), 'the'))})+$"


def split_person(names: pl.Series) -> pl.DataFrame:
    """Columns first_name and last_name of whole names ("Ann B. van der Berg, PhD", "Berg, Ann"); middle names are
    dropped, so that sources with and without them agree.
    """
    texts = tidy(names).str.replace(rf"(?i)(?:,? {one_of(words('generations'))}\.?)+$", "")
    texts = texts.str.replace(rf"(?i)^(?:{one_of(words('honorifics'))}\.? )+", "")
    texts = texts.str.replace(r"^([^,]+), ?([^,]+)$", "$2 $1")
    parts = texts.str.extract_groups(
        rf"(?i)^(?<first_name>\S+?)(?: .*?)??(?: (?<last_name>(?:{one_of(words('particles'))} )*\S+))?$"
    )
    return parts.struct.unnest()
