import pytest

from dagster_project.normalize import addresses, oneline
from tests.normalize.frames import one, texts


@pytest.mark.parametrize(
    ("line", "country", "line1", "line2", "number", "street"),
    [
        ("435 s. la cienega blv.", "US", "435 S La Cienega Blvd", None, "435", "s la cienega blvd"),
        ("1605 23rd Avenue, Suite 200", "US", "1605 23rd Ave", "Ste 200", "1605", "23rd ave"),
        ("751 N. State Street 2nd Floor", "US", "751 N State St", "2nd Floor", "751", "n state st"),
        ("37-11 30th St #4", "US", "37-11 30th St", "#4", "37-11", "30th st"),
        ("123 Main St Apt. b", "US", "123 Main St", "Apt B", "123", "main st"),
        ("123 1/2 MAIN ST NW", "US", "123 1/2 Main St NW", None, "123 1/2", "main st nw"),
        ("100 Main Street North", "CA", "100 Main St North", None, "100", "main st n"),
        ("200 Court", "US", "200 Court", None, "200", "ct"),
        ("87 e. fourth st.", "US", "87 E Fourth St", None, "87", "e 4th st"),
        ("12-14 High Street", "GB", "12-14 High Street", None, "12-14", "high st"),
        ("2201-B Mechanic St", "US", "2201-B Mechanic St", None, "2201-b", "mechanic st"),
        ("31a Geelsebaan", "BE", "31a Geelsebaan", None, "31a", "geelsebaan"),
        ("Friesener Straße 1", "DE", "Friesener Straße 1", None, "1", "friesener str"),
        ("Friesenerstr. 5 a", "DE", "Friesenerstr 5 a", None, "5a", "friesenerstr"),
        ("Unit 250 - 12240 2nd Avenue", "CA", "Unit 250 - 12240 2nd Avenue", None, "12240", "2nd ave"),
        ("Atrium, 875 3rd Ave", "US", "Atrium, 875 3rd Ave", None, "875", "3rd ave"),
        ("Highway 61", None, "Highway 61", None, None, "hwy 61"),
        ("PO BOX 12", "US", "PO Box 12", None, None, "po box 12"),
        ("5th Ave", "US", "5th Ave", None, None, "5th ave"),
        (None, "US", None, None, None, None),
    ],
)
def test_a_street_line_is_standardised(line, country, line1, line2, number, street):
    read = addresses.lines(texts(line), texts(None), texts(country)).row(0, named=True)
    assert read == {"address_line1": line1, "address_line2": line2, "house_number": number, "street": street}


def test_a_unit_given_apart_joins_the_one_of_the_line_once():
    read = addresses.lines(texts("1 Main St #4", "1 Main St Ste 2"), texts("# 4", "Building C"), texts("US", "US"))
    assert read["address_line2"].to_list() == ["#4", "Ste 2, Bldg C"]


@pytest.mark.parametrize(
    ("address", "line1", "city", "region", "postal"),
    [
        ("867 N Hermitage Ave, Chicago, IL 60622", "867 N Hermitage Ave", "Chicago", "IL", "60622"),
        ("123 Main St, New York, NY 10001-1234, USA", "123 Main St", "New York", "NY", "10001-1234"),
        ("123 Main St\nToronto, ON M5V 2T6\nCanada", "123 Main St", "Toronto", "ON", "M5V 2T6"),
        ("1877 Nostrand Avenue, Brooklyn, NY, NY", "1877 Nostrand Avenue", "Brooklyn", "NY", None),
        ("99 Broadway, New York, NY, NY, United States", "99 Broadway", "New York", "NY", None),
        ("428 11th St, San Francisco, CA 94103, CA", "428 11th St", "San Francisco", "CA", "94103"),
        ("4201 Market Street, Oakland, CA94608", "4201 Market Street", "Oakland", "CA", "94608"),
        ("465 S Arroyo Parkway Pasadena, CA, ", "465 S Arroyo Parkway", "Pasadena", "CA", None),
        ("100 St Charles Rd Oak Park, IL", "100 St Charles Rd", "Oak Park", "IL", None),
        ("1600 pennsylvania ave nw washington dc 20500", "1600 pennsylvania ave nw", "washington", "DC", "20500"),
        ("5 Foo Rd, Atlanta, Georgia", "5 Foo Rd", "Atlanta", "Georgia", None),
        ("12 Foo St, Suite A, Austin, TX", "12 Foo St, Suite A", "Austin", "TX", None),
        ("751 N. State Street, IL", "751 N. State Street", None, "IL", None),
        ("27 Washington Oak Park IL 60302", "27 Washington Oak Park", None, "IL", "60302"),
        ("Chicago, IL", None, "Chicago", "IL", None),
        ("1 N Ogden Ave ", "1 N Ogden Ave", None, None, None),
        ("Highway 61 12345", "Highway 61 12345", None, None, None),
        (None, None, None, None, None),
    ],
)
def test_a_whole_address_is_split_from_its_end(address, line1, city, region, postal):
    read = oneline.split(texts(address)).row(0, named=True)
    assert (read["address_line1"], read["city"], read["region"], read["postal"]) == (line1, city, region, postal)


def test_columns_of_their_own_win_over_the_whole_address():
    row = one("business", address="867 N Hermitage Ave, Chicago, IL 60622", postal="60601")
    assert (row["address_line1"], row["city"], row["region"]) == ("867 N Hermitage Ave", "Chicago", "IL")
    assert (row["postal"], row["country"]) == ("60601", "US")


def test_a_whole_address_abroad_stays_in_one_line():
    row = one("business", address="Hauptstr. 5, 10115 Berlin, DE", country="Germany")
    assert (row["address_line1"], row["city"], row["region"]) == ("Hauptstr 5, 10115 Berlin, DE", None, None)
