"""Training data with the errors of real life: noisy copies of staged records.

Real files rarely hold every kind of error often enough to learn from: a wrong house number, an e-mail that changed, a
point in the wrong town. `roughen` adds copies of the records it is given, each field spoilt at the rates below. The
rates are judgements about provider data, written here so that they can be argued with.
"""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

Row = dict[str, Any]

# Column that names the row a copy was made from.
ORIGIN = "origin"


@dataclass(frozen=True)
class Noise:
    """How often a group of fields is absent, mistyped, or taken from another record, in a copy."""

    fields: tuple[str, ...]
    absent: float
    typo: float = 0.0
    other: float = 0.0


NOISE = {
    "business": (
        Noise(("name_key",), absent=0, typo=0.2, other=0.02),
        Noise(("phone_key",), absent=0.2, typo=0.03, other=0.1),
        Noise(("domain",), absent=0.35, typo=0.02, other=0.06),
        Noise(("email", "email_domain"), absent=0.5, typo=0.05, other=0.08),
        Noise(("registration_id",), absent=0.6, typo=0.01, other=0.02),
        Noise(("house_number",), absent=0.08, typo=0.04),
        Noise(("street",), absent=0.04, typo=0.1),
        Noise(("postal",), absent=0.1, typo=0.04),
        Noise(("city",), absent=0.05, typo=0.05, other=0.04),
        Noise(("house_number", "street", "lat", "lon"), absent=0.1, other=0.04),
        Noise(("lat", "lon"), absent=0.3, other=0.01),
    ),
    "person": (
        Noise(("first_name",), absent=0.02, typo=0.12, other=0.02),
        Noise(("last_name",), absent=0.01, typo=0.1, other=0.03),
        Noise(("date_of_birth",), absent=0.2, typo=0.12, other=0.01),
        Noise(("email", "email_domain"), absent=0.3, typo=0.06, other=0.15),
        Noise(("phone_key",), absent=0.4, typo=0.03, other=0.15),
        Noise(("national_id",), absent=0.3, typo=0.05, other=0.01),
        Noise(("linkedin",), absent=0.5, other=0.03),
        Noise(("house_number", "street", "postal", "city"), absent=0.2, other=0.12),
        Noise(("house_number",), absent=0.02, typo=0.04),
        Noise(("street",), absent=0.02, typo=0.15),
        Noise(("postal",), absent=0.05, typo=0.05),
        Noise(("city",), absent=0.03, typo=0.08),
        Noise(("company_domain",), absent=0.3, other=0.08),
        Noise(("company_name",), absent=0.2, typo=0.1, other=0.08),
    ),
}

# Share of copies whose company name loses or gains a word, or whose person's names stand in each other's columns.
WORD_CHANGES = 0.25
SWAPS = 0.02
# Share of copies whose e-mail is the same name at another domain: a new employer, a private address.
MOVES = 0.06
# Share of typing errors that are followed by another in the same value.
CLUMSINESS = 0.3
# By how much a copied point is off (standard deviation).
POINT_NOISE_KM = 0.08
MAIL_DOMAINS = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "proton.me")
EXTRA_WORDS = ("group", "services", "downtown", "usa", "company", "center", "shop", "international")


def roughen(staged: pl.DataFrame, kind: str, seed: int) -> pl.DataFrame:
    """The staged rows and, for two in three of them, one to three spoilt copies with ids of their own; `ORIGIN` is
    the id of the row each was made from."""
    dice = random.Random(seed)  # noqa: S311 - reproducible noise, not secrecy
    rows = staged.to_dicts()
    noises = NOISE[kind]
    copies = [
        _spoil(row, rows, noises, dice) | {"record_id": f"{row['record_id']}-{copy}", ORIGIN: row["record_id"]}
        for row in rows
        for copy in range(dice.choices([0, 1, 2, 3], [34, 40, 18, 8])[0])
    ]
    originals = staged.with_columns(pl.col("record_id").alias(ORIGIN))
    return pl.concat([originals, pl.DataFrame(copies, schema=originals.schema)])


def _spoil(row: Row, rows: list[Row], noises: tuple[Noise, ...], dice: random.Random) -> Row:
    copy = dict(row)
    for noise in noises:
        roll = dice.random()
        if roll < noise.absent:
            copy |= dict.fromkeys(noise.fields)
        elif roll < noise.absent + noise.other:
            donor = dice.choice(rows)
            copy |= {field: donor[field] for field in noise.fields}
        elif roll < noise.absent + noise.other + noise.typo:
            copy |= {field: _mistype(copy[field], dice) for field in noise.fields}
    if copy.get("lat") is not None and copy.get("lon") is not None:
        copy |= {axis: copy[axis] + dice.gauss(0, POINT_NOISE_KM / 111) for axis in ("lat", "lon")}
    return copy | (_spoil_person(copy, dice) if "first_name" in row else _spoil_company(copy, dice))


def _spoil_person(copy: Row, dice: random.Random) -> Row:
    first, last = copy["first_name"], copy["last_name"]
    if dice.random() < SWAPS:
        first, last = last, first
    changed = {"first_name": first, "last_name": last, "name_key": " ".join(filter(None, (first, last))) or None}
    if copy["email"] and dice.random() < MOVES:
        domain = dice.choice(MAIL_DOMAINS)
        changed |= {"email": f"{copy['email'].split('@')[0]}@{domain}", "email_domain": None}
    return changed


def _spoil_company(copy: Row, dice: random.Random) -> Row:
    if copy["name_key"] and dice.random() < WORD_CHANGES:
        return {"name_key": _change_words(copy["name_key"], dice)}
    return {}


def _mistype(value: Any, dice: random.Random) -> Any:
    """The value with one character dropped, replaced or swapped with the next, sometimes twice; a date misread."""
    if isinstance(value, date):
        return _misread(value, dice)
    if not isinstance(value, str) or not value:
        return value
    place = dice.randrange(len(value))
    alphabet = string.digits if value[place].isdigit() else string.ascii_lowercase
    edits: list[Callable[[], str]] = [
        lambda: value[:place] + value[place + 1 :],
        lambda: value[:place] + dice.choice(alphabet) + value[place + 1 :],
        lambda: value[:place] + value[place + 1 : place + 2] + value[place] + value[place + 2 :],
    ]
    typed = dice.choice(edits)() or value
    return _mistype(typed, dice) if dice.random() < CLUMSINESS else typed


def _misread(value: date, dice: random.Random) -> date:
    """Another day, day and month swapped, a neighbouring month and day, or a year that is 1 or 10 off."""
    edits = [
        {"day": dice.randrange(1, 29)},
        {"day": value.month, "month": min(value.day, 12)},
        {"day": dice.randrange(1, 29), "month": value.month % 12 + 1},
        {"day": min(value.day, 28), "year": value.year + dice.choice([-10, -1, 1, 10])},
        {"day": dice.randrange(1, 29), "month": dice.randrange(1, 13), "year": value.year + dice.choice([-1, 0, 1])},
    ]
    return value.replace(**dice.choice(edits))


def _change_words(name: str, dice: random.Random) -> str:
    words = name.split()
    if len(words) > 2 and dice.random() < 0.6:
        words.pop(dice.randrange(len(words)))
    else:
        words.append(dice.choice(EXTRA_WORDS))
    return " ".join(words)
