import pytest

from dagster_project.normalize import places
from tests.normalize.frames import texts


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("US", "US"),
        ("usa", "US"),
        ("U.S.A.", "US"),
        ("united states of america", "US"),
        ("DEU", "DE"),
        ("Deutschland", "DE"),
        ("uk", "GB"),
        ("Scotland", "GB"),
        ("Côte d'Ivoire", "CI"),
        ("cote d’ivoire", "CI"),
        ("The Netherlands", "NL"),
        ("NA", "NA"),
        ("Narnia", None),
        (None, None),
    ],
)
def test_a_country_is_found_by_name_or_code(given, code):
    assert places.country(texts(given)).item() == code


@pytest.mark.parametrize(
    ("given", "country", "code"),
    [
        ("Illinois", "US", "IL"),
        ("il", "US", "IL"),
        ("US-IL", "US", "IL"),
        ("N.Y.", "US", "NY"),
        ("D.C.", "US", "DC"),
        ("québec", "CA", "QC"),
        ("Georgia", None, "GA"),
        ("Bavaria", "US", None),
        ("Bayern", "DE", "Bayern"),
        ("nsw", None, "nsw"),
        ("WA", "AU", "WA"),
        (None, "US", None),
    ],
)
def test_states_and_provinces_are_coded_and_other_regions_kept(given, country, code):
    assert places.region(texts(given), texts(country)).item() == code


@pytest.mark.parametrize(
    ("given", "country", "code"),
    [
        ("60622-1234", "US", "60622"),
        ("606221234", "US", "60622"),
        ("60622-", "US", "60622"),
        ("60622.0", "US", "60622"),
        ("2134", "US", "02134"),
        ("606", "US", "00606"),
        ("02134", None, "02134"),
        ("ABC", "US", None),
        ("k1a0b1", "CA", "K1A 0B1"),
        ("K1A 0B1", None, "K1A 0B1"),
        ("12345", "CA", None),
        ("sw1a  1aa", "GB", "SW1A 1AA"),
        ("1234", "NL", "1234"),
        ("07743", "DE", "07743"),
        (None, "US", None),
    ],
)
def test_postal_codes_have_the_form_of_their_country(given, country, code):
    assert places.postal(texts(given), texts(country)).item() == code


def test_short_names_of_american_cities_are_written_out():
    cities = places.city(texts("NYC", "new york city", "la", "la", "ST LOUIS"), texts("US", "US", "US", "FR", "US"))
    assert cities.to_list() == ["New York", "New York", "Los Angeles", "La", "St Louis"]


@pytest.mark.parametrize(
    ("lat", "lon", "expected"),
    [
        ("41.88", "-87.63", (41.88, -87.63)),
        ("0", "-87.63", (0.0, -87.63)),
        ("0.0", "0", (None, None)),
        ("91", "10", (None, None)),
        ("-87.63", "181", (None, None)),
        ("41.88", None, (None, None)),
        ("north", "west", (None, None)),
    ],
)
def test_coordinates_are_a_place_or_nothing(lat, lon, expected):
    assert places.coordinates(texts(lat), texts(lon)).row(0) == expected
