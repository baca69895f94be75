"""What a vertical's YAML may say, and what it answers when it says something else."""

from pathlib import Path

import pytest

from dagster_project import user_yaml
from dagster_project.sandbox.names import TRADES
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.vertical import (
    LEAD_FIELDS,
    Vertical,
    load_vertical,
    load_verticals,
    scoring_profiles,
)

SHIPPED = [PROJECT_ROOT / "data" / "verticals"]
BAKERS = "description: Bakers.\ndensity_per_km2: 0.5\n"


def written(folder: Path, text: str, name: str = "bakers") -> Path:
    (folder / f"{name}.yaml").write_text(text)
    return folder


def test_the_shipped_verticals_load_and_cover_the_five_that_scores_know():
    found = load_verticals(SHIPPED)
    assert list(found) == [
        *("b2b_saas", "breweries", "dentists", "ecommerce", "healthcare", "local_services", "real_estate"),
    ]
    assert {v.canonical for v in found.values()} == set(TRADES)
    assert all(found[name].canonical == name for name in TRADES)


def test_the_demo_world_has_what_the_shipped_verticals_look_for():
    trades = {category for trades in TRADES.values() for _, category in trades}
    for name, vertical in load_verticals(SHIPPED).items():
        if asked := vertical.categories.get("google_places"):
            assert trades.intersection(asked), name


def test_a_new_vertical_is_one_file(tmp_path: Path):
    vertical = load_vertical("bakers", [written(tmp_path, BAKERS), *SHIPPED])
    assert vertical == Vertical(name="bakers", description="Bakers.", density_per_km2=0.5)
    assert (vertical.canonical, vertical.scoring_profile, vertical.required) == ("other", "baseline", ())


def test_one_category_may_stand_without_a_list(tmp_path: Path):
    text = BAKERS + "categories: {yelp: bakeries}\nkeywords: bread\n"
    vertical = load_vertical("bakers", [written(tmp_path, text)])
    assert (vertical.categories, vertical.keywords) == ({"yelp": ("bakeries",)}, ("bread",))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            BAKERS + "categories: {yepl: [bakeries]}",
            'bakers.yaml: categories: no provider "yepl" (did you mean "yelp"?). Known: apollo, ',
        ),
        (
            BAKERS + "required: [name, phnoe]",
            'bakers.yaml: required: "phnoe" is not a field a lead can be required to have (did you mean "phone"?)',
        ),
        (
            BAKERS + "scoring_profile: base",
            'bakers.yaml: scoring_profile: no profile "base" (did you mean "baseline"?). Known: baseline, ',
        ),
        (BAKERS + "canonical: bakers", "bakers.yaml: \"canonical\": Input should be 'local_services', 'b2b_saas',"),
        (BAKERS + "requird: [name]", 'bakers.yaml: unknown key "requird" (did you mean "required"?). Known: descr'),
        (BAKERS + "categories: {yelp: 3}", "bakers.yaml: categories.yelp: write a list"),
        ("description: Bakers.", 'bakers.yaml: missing key "density_per_km2"'),
        ("description: Bakers.\ndensity_per_km2: 0", 'bakers.yaml: "density_per_km2": Input should be greater than 0'),
        (BAKERS + "name: Bakers", 'bakers.yaml: the name is the file\'s; remove the key "name"'),
    ],
)
def test_a_mistake_is_told_in_a_sentence(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(user_yaml.YamlMistake) as caught:
        load_vertical("bakers", [written(tmp_path, text)])
    assert str(caught.value).startswith(sentence)


def test_a_vertical_that_is_not_there_names_those_that_are():
    with pytest.raises(user_yaml.UnknownName) as caught:
        load_vertical("dentist", SHIPPED)
    assert str(caught.value).startswith('no vertical "dentist" (did you mean "dentists"?). Available: b2b_saas, ')


def test_profiles_are_those_of_the_seeds():
    assert set(scoring_profiles()) == {"baseline", "everyone", "ecommerce", "b2b_saas"}


def test_every_field_that_can_be_required_is_a_column_of_the_golden_lead():
    macro = (PROJECT_ROOT / "dbt" / "macros" / "golden.sql").read_text()
    assert [field for field in LEAD_FIELDS if f"'{field}'" not in macro] == []
