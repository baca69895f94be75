"""Size, age, reviews and hours of a business, from the many ways providers write them."""

import json
import re

import polars as pl

from dagster_project.normalize import values
from dagster_project.normalize.text import per_unique

# upper end of each band; a number above the last is in TOP_BAND
BANDS = {
    10: "1-10",
    50: "11-50",
    200: "51-200",
    500: "201-500",
    1000: "501-1000",
    5000: "1001-5000",
    10000: "5001-10000",
}
TOP_BAND = "10001+"
FIRST_YEAR, LAST_YEAR = 1600, 2100
HIGHEST_RATING = 5


def employees_range(texts: pl.Series) -> pl.Series:
    """Band of a number ("37"), a range ("11 to 50", by its middle) or an open range ("10,001+"); null for zero."""
    return per_unique(texts, employees_band, pl.String())


def employees_band(text: str) -> str | None:
    """The band of one text; see `employees_range`."""
    numbers = [
        float(digits.replace(",", "")) * (1000 if thousand else 1)
        for digits, thousand in re.findall(r"(\d+(?:,\d{3})*(?:\.\d+)?)\s*([kK]?)", text)
    ]
    if not numbers or len(numbers) > 2 or numbers[0] < 0 or text.lstrip().startswith("-"):
        return None
    is_open = len(numbers) == 1 and re.search(r"\+\s*\D*$|^\s*(?:>|more than|over)", text, re.IGNORECASE)
    size = sum(numbers) / len(numbers) + (1 if is_open else 0)
    if size <= 0:
        return None
    return next((band for upper, band in BANDS.items() if size < upper + 1), TOP_BAND)


def founded_year(texts: pl.Series) -> pl.Series:
    """Year (Int64, 1600 to 2100) of a year or of a date in any order; null for any other."""
    year = texts.str.extract(r"(?:^|\D)(\d{4})(?:\D|$|\d{4}$)").cast(pl.Int64)
    return year.set(~year.is_between(FIRST_YEAR, LAST_YEAR).fill_null(True), None)


def rating(texts: pl.Series) -> pl.Series:
    """Rating from 0 to 5 ("4.5", "4,5", "4.5/5"); null outside."""
    numbers = values.number(texts.str.replace(r"\s*(?:/|of|out of)\s*5(?:\.0)?$", ""))
    return numbers.set(~numbers.is_between(0, HIGHEST_RATING).fill_null(True), None)


def count(texts: pl.Series) -> pl.Series:
    """Whole number, not negative."""
    numbers = values.whole(texts)
    return numbers.set((numbers < 0).fill_null(False), None)


def hours(texts: pl.Series) -> pl.Series:
    """JSON list of objects, written without spaces; null for anything else."""
    return per_unique(texts, _hours, pl.String())


def _hours(text: str) -> str | None:
    try:
        periods = json.loads(text)
    except ValueError:
        return None
    is_list = isinstance(periods, list) and periods and all(isinstance(period, dict) for period in periods)
    return json.dumps(periods, separators=(",", ":"), ensure_ascii=False) if is_list else None
