"""How real data goes wrong, one vectorised function per way: typos, gaps, capitals, phone and website spellings.

Each takes a column, a random generator and a rate, and returns a new column; none knows which provider it is for.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

PHONE_STYLES = ["({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "+1 {} {} {}", "1-{}-{}-{}", "{}{}{}"]
URL_STYLES = ["https://www.{}/", "https://{}", "http://www.{}", "{}", "www.{}", "http://{}/?utm_source=listing"]
BAD_PHONES = ["call for hours", "000-000-0000", "555", "(312) 555-01", "n/a", "+1 999 999 99999"]
BAD_EMAILS = ["info(at)example", "none", "@", "sales@", "first last@mail", "www.example.com"]


def hits(rng: np.random.Generator, size: int, rate: float) -> pl.Series:
    """True for about `rate` of `size` rows."""
    return pl.Series(rng.random(size) < rate)


def draw(rng: np.random.Generator, options: Sequence[object], size: int, weights: Sequence[float] | None = None):
    """`size` of the options, with replacement, as a column; `weights` need not sum to 1."""
    p = None if weights is None else np.asarray(weights, float) / np.sum(weights)
    return pl.Series(options).gather(rng.choice(len(options), size, p=p))


def replace(values: pl.Series, where: pl.Series, other: pl.Series) -> pl.Series:
    """The column with `other` on the rows where the mask is true."""
    return other.zip_with(where, values).alias(values.name)


def blank(values: pl.Series, rng: np.random.Generator, rate: float) -> pl.Series:
    """The column with about `rate` of its values gone."""
    return replace(
        values, hits(rng, len(values), rate), pl.Series([None], dtype=values.dtype).new_from_index(0, len(values))
    )


def shout(values: pl.Series, rng: np.random.Generator, rate: float) -> pl.Series:
    """The column with about `rate` of its values in capitals."""
    return replace(values, hits(rng, len(values), rate), values.str.to_uppercase())


def mixed(rng: np.random.Generator, options: Sequence[pl.Series], weights: Sequence[float]) -> pl.Series:
    """Row by row one of several columns, chosen by weight."""
    cuts = np.cumsum(np.asarray(weights) / np.sum(weights))
    choice = np.searchsorted(cuts, rng.random(len(options[0])), side="right")
    result = options[0]
    for i, option in enumerate(options[1:], start=1):
        result = replace(result, pl.Series(choice == i), option)
    return result


def typos(values: pl.Series, rng: np.random.Generator, rate: float) -> pl.Series:
    """The column with one typing error in about `rate` of its values: letters swapped, lost or doubled.

    Values shorter than 4 characters are left alone; the first letter never changes, as typists rarely miss it.
    """
    touched = hits(rng, len(values), rate) & (values.str.len_chars() >= 4).fill_null(value=False)
    rows = touched.arg_true()
    length = values.gather(rows).str.len_chars().to_numpy()
    at, way = 1 + (rng.random(len(rows)) * (length - 2)).astype(np.int64), rng.integers(0, 3, len(rows))
    v, i, w = pl.col("v"), pl.col("i"), pl.col("w")
    head, here, after, rest = v.str.slice(0, i), v.str.slice(i, 1), v.str.slice(i + 1, 1), v.str.slice(i + 2)
    wrong = pl.DataFrame({"v": values.gather(rows), "i": at, "w": way}).select(
        pl.when(w == 0)
        .then(head + after + here + rest)
        .when(w == 1)
        .then(head + after + rest)
        .otherwise(head + here + here + after + rest)
    )
    return values.clone().scatter(rows, wrong.to_series())


def phone_spellings(digits: pl.Series, rng: np.random.Generator, styles: Sequence[str] = PHONE_STYLES) -> pl.Series:
    """Ten-digit numbers written in the given styles, mixed; the first style is the most common."""
    parts = [digits.str.slice(0, 3), digits.str.slice(3, 3), digits.str.slice(6)]
    spelled = [_formatted(style, parts) for style in styles]
    return mixed(rng, spelled, [len(styles)] + [1] * (len(styles) - 1))


def url_spellings(domains: pl.Series, rng: np.random.Generator, styles: Sequence[str] = URL_STYLES) -> pl.Series:
    """Domains as the websites people type, mixed."""
    return mixed(rng, [_formatted(style, [domains]) for style in styles], [1] * len(styles))


def nonsense(values: pl.Series, rng: np.random.Generator, rate: float, examples: Sequence[str]) -> pl.Series:
    """The column with about `rate` of its filled values replaced by something that cannot be understood."""
    return replace(values, hits(rng, len(values), rate) & values.is_not_null(), draw(rng, examples, len(values)))


def _formatted(style: str, parts: list[pl.Series]) -> pl.Series:
    frame = pl.DataFrame([part.alias(f"p{i}") for i, part in enumerate(parts)])
    return frame.select(pl.format(style, *frame.columns)).to_series()
