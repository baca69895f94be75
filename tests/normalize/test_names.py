import pytest

from dagster_project.normalize import names
from dagster_project.normalize.names import Style
from tests.normalize.frames import texts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("arnie mortons of chicago", "Arnie Mortons of Chicago"),
        ("MCDONALD'S RESTAURANT #12", "McDonald's Restaurant #12"),
        ("O'BRIEN & SONS LLC", "O'Brien & Sons LLC"),
        ("JOE'S BBQ", "Joe's BBQ"),
        ("THE YMCA OF NEW YORK", "The YMCA of New York"),
        ("21ST CENTURY INS", "21st Century Ins"),
        ("smith-jones llp", "Smith-Jones LLP"),
        ("CAFÉ DEL MAR", "Café del Mar"),
        ("IBM", "IBM"),
        ("H&M", "H&M"),
        ("eBay  Inc.", "eBay Inc."),
        ("iRobot", "iRobot"),
        ("1760", "1760"),
        ("Chicago\nCommons", "Chicago Commons"),
        ("   ", None),
    ],
)
def test_only_a_name_in_one_case_is_recased(given, expected):
    assert names.display(texts(given)).item() == expected


@pytest.mark.parametrize(
    ("style", "given", "expected"),
    [
        (Style.PERSON, "NG", "Ng"),
        (Style.PERSON, "mary o'neil", "Mary O'Neil"),
        (Style.PLACE, "RIO DE JANEIRO", "Rio de Janeiro"),
        (Style.PLACE, "st. louis", "St. Louis"),
        (Style.STREET, "435 s. la cienega blv nw", "435 S. La Cienega Blv NW"),
    ],
)
def test_the_style_decides_what_stays_small_and_what_is_an_acronym(style, given, expected):
    assert names.display(texts(given), style).item() == expected


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("The Foo Company, Inc.", "foo"),
        ("apple pan  the", "apple pan"),
        ("O'Brien & Sons, L.L.C.", "obrien and sons"),
        ("Smith & Co", "smith"),
        ("Müller GmbH & Co. KG", "muller"),
        ("Łódź Sp. z o.o.", "lodz"),
        ("Café del Mar S.A.", "cafe del mar"),
        ("Amazon.com, Inc", "amazon com"),
        ("Straßenbäcker", "strassenbacker"),
        ("Serenity Spa", "serenity spa"),
        ("San Diego Zoo", "san diego zoo"),
        ("中文 公司", "中文 公司"),
        ("Инвестиции ООО", "инвестиции ооо"),
        ("Inc", "inc"),
        ("The", "the"),
        ("!!!", None),
        (None, None),
    ],
)
def test_the_key_of_a_company_leaves_out_what_sources_disagree_on(given, key):
    assert names.company_key(texts(given)).item() == key


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("Ann Lee", "Ann", "Lee"),
        ("Ann B. van der Berg, PhD", "Ann", "van der Berg"),
        ("Berg, Ann", "Ann", "Berg"),
        ("Dr. John Smith Jr.", "John", "Smith"),
        ("Cher", "Cher", None),
        (None, None, None),
    ],
)
def test_a_whole_name_is_split_without_its_middle(given, first, last):
    assert names.split_person(texts(given)).row(0) == (first, last)
