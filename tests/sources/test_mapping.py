from pathlib import Path

import pytest

from dagster_project import user_yaml
from dagster_project.contracts import FIELDS
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.files.errors import UnknownColumn
from dagster_project.sources.files.mapping import load_mapping
from dagster_project.user_yaml import UnknownName, YamlMistake
from tests.sources.conftest import mapping

SHIPPED = PROJECT_ROOT / "data" / "mappings"
GOOD = "kind: business\nkey: id\nfields: {name: Name}\n"


def load(folder: Path, text: str):
    (folder / "places.yaml").write_text(text, encoding="utf-8")
    return load_mapping("places", [folder])


@pytest.mark.parametrize("name", sorted(user_yaml.available([SHIPPED])))
def test_every_shipped_mapping_loads_and_says_what_it_is(name: str):
    shipped = load_mapping(name, [SHIPPED])
    assert shipped.name == name
    assert shipped.description
    assert set(shipped.targets) <= set(FIELDS[shipped.kind])


def test_a_mapping_is_found_by_name_or_by_path(tmp_path: Path):
    by_name = load(tmp_path, GOOD)
    assert load_mapping(tmp_path / "places.yaml") == by_name
    assert (by_name.name, by_name.kind, by_name.targets) == ("places", "business", ("name",))


def test_the_first_folder_wins(tmp_path: Path):
    for folder, words in (("own", "mine"), ("shipped", "theirs")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "places.yaml").write_text(f"description: {words}\n{GOOD}")
    assert load_mapping("places", [tmp_path / "own", tmp_path / "shipped"]).description == "mine"


def test_an_unknown_name_lists_what_exists(tmp_path: Path):
    load(tmp_path, GOOD)
    with pytest.raises(UnknownName, match=r'no mapping "place" \(did you mean "places"\?\)\. Available: places\.'):
        load_mapping("place", [tmp_path])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: business\nkey: id\nfields: {nmae: x}", '"nmae" is not a field of a business (did you mean "name"?)'),
        ("kind: business\nkey: id\nconstants: {contry: US}", 'constants: "contry" is not a field'),
        ("kind: business\nkey: id\nprefix: {phne: x}", 'prefix: "phne" is not a field'),
        ("kind: person\nkey: id\nfields: {employees: x}", '"employees" is not a field of a person'),
        ("kind: business\nfield: {}\nkey: id", 'unknown key "field" (did you mean "fields"?)'),
        ("kind: business\nkey: id\noptions: {delimeter: x}", '"options.delimeter" (did you mean "delimiter"?)'),
        ("kind: business\nkey: id\noptions: {encoding: utf-9}", 'encoding: "utf-9" is not an encoding'),
        ("kind: busines\nkey: id", "\"kind\": Input should be 'business'"),
        ("key: id", 'missing key "kind"'),
        ("kind: business", 'say either "key"'),
        ("kind: business\nkey: id\nidentity: [a]", 'say either "key"'),
        ("kind: business\nkey: id\nprovider: a\nprovider_column: b", 'say either "provider"'),
        ("kind: business\nkey: id\nconstants: {country: NO}", '"constants.country" must be text; put it in quotes'),
        ("kind: business\nkey: id\nsplits: [{column: a, pattern: '(?P<city>['}]", "not a valid regular expression"),
        ("kind: business\nkey: id\nsplits: [{column: a, pattern: '(?P<city>a)(?=b)'}]", "not a valid regular"),
        ("kind: business\nkey: id\nsplits: [{column: a, pattern: '(.*)'}]", "no named group"),
        ("kind: business\nkey: id\nsplits: [{column: a, pattern: '(?P<town>.*)'}]", '"town" is not a field'),
        ("kind: business\nkey: id\nsplits: [{column: a}]", 'missing key "splits.0.pattern"'),
        ("kind: business\nkey: id\nfields: {name: []}", '"fields.name"'),
        ("kind: business\nkey: id\nkey: other", "written twice: key"),
        ("kind: business\nname: other\nkey: id", 'remove the key "name"'),
        ("kind: [", "is not valid YAML"),
        ("just words", "expected keys and values"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_place(tmp_path: Path, text: str, told: str):
    with pytest.raises(YamlMistake) as caught:
        load(tmp_path, text)
    assert "places.yaml" in str(caught.value)
    assert told in str(caught.value)


def test_errors_never_repeat_a_constant(tmp_path: Path):
    with pytest.raises(YamlMistake) as caught:
        load(tmp_path, "kind: business\nkey: id\nconstants: {email: [ann@example.com]}")
    assert "ann@example.com" not in str(caught.value)


def test_an_unreadable_mapping_is_a_clear_error(tmp_path: Path):
    with pytest.raises(YamlMistake, match=r"cannot read gone\.yaml: No such file"):
        load_mapping(tmp_path / "gone.yaml")


def test_a_column_the_file_lacks_is_named_with_the_nearest():
    fitted = mapping(fields={"name": "Site nam"}, required=["name", "Zip"])
    with pytest.raises(UnknownColumn) as caught:
        fitted.check_columns(["id", "Site name", "Phone"], "a.csv")
    assert str(caught.value).startswith(
        'mapping places does not fit a.csv: no column "Site nam" (did you mean "Site name"?); no column "Zip"'
    )


def test_columns_are_everything_the_mapping_reads():
    fitted = mapping(
        provider_column="Source",
        fields={"name": ["a", "b"], "phone": "c"},
        splits=[{"column": "d", "pattern": "(?P<city>.*)"}],
        required=["name", "city", "e"],
    )
    assert fitted.columns == ("Source", "id", "a", "b", "c", "d", "e")
    assert fitted.landing_columns == ("Source", "id", "a", "b", "d", "e")
