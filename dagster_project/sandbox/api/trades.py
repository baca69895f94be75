"""What each provider calls the trades of the world: `trades.csv`, several names in a cell with semicolons between.

The first name is how a provider files a trade, the others find it too. Google's are types that its search can filter by
(mem): a trade without one is filed as an establishment, nothing more. Yelp's have their titles.
"""

import csv
from functools import cache
from pathlib import Path

from dagster_project.sandbox import names

CATEGORIES = sorted({category for trades in names.TRADES.values() for _, category in trades})
CODES = {category: code for code, category in enumerate(CATEGORIES)}

# Further types that Google's search takes (mem); it refuses any other.
GOOGLE_TYPES = """
accounting airport amusement_park aquarium art_gallery atm auto_parts_store bank bar barber_shop bicycle_store
book_store bowling_alley bus_station campground car_dealer car_rental car_wash casino cemetery child_care_agency
church city_hall consultant convenience_store courier_service courthouse dental_clinic department_store drugstore
electronics_store embassy event_venue farm fire_station florist food_store funeral_home furniture_store gas_station
gift_shop grocery_store hair_care hair_salon hardware_store hospital hotel ice_cream_shop insurance_agency
jewelry_store lawyer library liquor_store locksmith lodging market massage medical_lab motel movie_theater museum
nail_salon night_club park parking pet_store pharmacy police post_office preschool primary_school pub sauna school
secondary_school shoe_store shopping_mall skin_care_clinic spa sporting_goods_store stadium storage store supermarket
tailor tailoring taxi_stand telecommunications_service_provider train_station travel_agency university wedding_venue
wellness_center zoo
""".split()


@cache
def table() -> dict[str, list[list[str]]]:
    """Provider to its names of each category, by code."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: CODES[row["category"]])
    providers = [name for name in rows[0] if name != "category"]
    return {provider: [row[provider].split(";") if row[provider] else [] for row in rows] for provider in providers}


def called(provider: str) -> list[list[str]]:
    """A provider's names of each category, by code; Yelp's aliases."""
    return [[name.partition("=")[0] for name in several] for several in table()[provider]]


def titles() -> list[list[str]]:
    """Yelp's titles of each category, by code."""
    return [[name.partition("=")[2] for name in several] for several in table()["yelp"]]


@cache
def codes(provider: str, name: str) -> frozenset[int]:
    """Codes of the categories that a provider calls so, whatever the case; none when it has no such name."""
    wanted = name.casefold()
    return frozenset(
        code for code, several in enumerate(called(provider)) if wanted in (one.casefold() for one in several)
    )


@cache
def by_word(word: str) -> frozenset[int]:
    """Codes of the categories in whose names, with any provider or in the world, a word stands."""
    wanted = word.casefold().removesuffix("s")
    return frozenset(code for code, words in enumerate(_words()) if any(one.startswith(wanted) for one in words))


def is_google_type(name: str) -> bool:
    """Whether Google's search can be asked for a type."""
    return name in GOOGLE_TYPES or bool(codes("google_places", name))


@cache
def _words() -> list[set[str]]:
    """The words of each category's names, by code."""
    texts = [
        " ".join([name, *(" ".join(several[code]) for several in table().values())]) for name, code in CODES.items()
    ]
    return [set(text.casefold().translate(str.maketrans("_=,/&", "     ")).split()) for text in texts]
