import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dagster_project import user_yaml
from dagster_project.cli.mapping import mapping_app
from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.mapping import Mapping
from dagster_project.sources.files.suggest import Suggestion, suggest_mapping, to_yaml


@pytest.fixture
def suggest(tmp_path: Path):
    def run(content: str, name: str = "a.csv", **options: str) -> Suggestion:
        (tmp_path / name).write_text(content)
        return suggest_mapping(tmp_path / name, **options)

    return run


def columns(mapping: Mapping) -> dict[str, str]:
    return {target: " ".join(c) for target, c in mapping.fields.items()}


def test_headers_are_understood_in_any_spelling(suggest):
    header = (
        "Account-ID,Business Name,street_address,CITY,State/Province,Zip Code,Telephone,Website URL,No. of Reviews\n"
    )
    mapping = suggest(header + "1,Ann's,1 Main St,Berwyn,IL,60402,(708) 555-0100,https://anns.example,12\n").mapping
    assert (mapping.kind, mapping.key, mapping.required) == ("business", "Account-ID", ("name",))
    assert columns(mapping) == {
        "name": "Business Name",
        "address_line1": "street_address",
        "city": "CITY",
        "region": "State/Province",
        "postal": "Zip Code",
        "phone": "Telephone",
        "website": "Website URL",
        "review_count": "No. of Reviews",
    }
    assert mapping.constants == {"country": "US"}


def test_values_overrule_headers(suggest):
    mapping = suggest(
        "id,name,Website,Link,Contact\n1,a,Yes,www.a.example,x@a.example\n2,b,No,b.example,y@b.example\n"
    ).mapping
    assert columns(mapping) == {"name": "name", "website": "Link", "email": "Contact"}


def test_an_address_on_one_line_becomes_a_split(suggest):
    mapping = suggest('ID,NAME,ADDRESS\n1,a,"1 Main St, Berwyn, IL 60402"\n2,b,"2 Oak Ave, Chicago, IL"\n').mapping
    assert columns(mapping)["address"] == "ADDRESS"
    assert mapping.splits[0].groups == ("address_line1", "city", "region", "postal", "country")


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("person_id,first_name,last_name,employer", "person"),
        ("deal_id,deal_name,stage,amount", "deal"),
        ("activity_id,type,at", "activity"),
        ("outcome_id,outcome,at", "outcome"),
        ("event_id,event_type,ts", "event"),
        ("scope,value,reason,since", "suppression"),
        ("id,name,city", "business"),
    ],
)
def test_the_kind_is_guessed_from_the_headers(suggest, header: str, kind: str):
    row = ",".join(str(i) for i in range(len(header.split(","))))
    assert suggest(f"{header}\n{row}\n").mapping.kind == kind


def test_without_a_unique_column_the_identity_is_named(suggest):
    mapping = suggest("id,name,street\n1,a,x\n1,b,y\n").mapping
    assert (mapping.key, mapping.identity) == (None, ("name", "street"))


def test_a_column_of_sources_becomes_the_provider(suggest):
    assert suggest("Id,Source,name\n1,x,a\n2,y,b\n3,x,c\n").mapping.provider_column == "Source"


def test_nested_json_is_mapped_by_paths(suggest):
    line = {"id": "1", "displayName": {"text": "Ann"}, "location": {"latitude": 41.88, "longitude": -87.63}}
    mapping = suggest(json.dumps(line) + "\n", "a.jsonl").mapping
    assert columns(mapping) == {"name": "displayName.text", "lat": "location.latitude", "lon": "location.longitude"}


def test_the_yaml_loads_as_the_same_mapping_whatever_the_headers(suggest):
    suggestion = suggest(
        '"id","name # odd","na: me","yes","Email, ""work"""\n1,a,b,c,x@a.example\n2,b,c,d,y@a.example\n'
    )
    text = to_yaml(suggestion)
    assert user_yaml.parse(Mapping, yaml.safe_load(text), "a", "a.yaml") == suggestion.mapping
    assert columns(suggestion.mapping)["email"] == 'Email, "work"'
    assert "# Columns not used:" in text


@pytest.mark.parametrize("content", ["", "id,name\n"])
def test_a_file_without_rows_is_refused(suggest, content: str):
    with pytest.raises(FileRefused, match="has no rows to learn from"):
        suggest(content)


def test_the_command_prints_yaml_or_json(tmp_path: Path):
    (tmp_path / "My Places.csv").write_text("id,name\n1,Ann\n")
    run = CliRunner().invoke
    shown = run(mapping_app, ["suggest", str(tmp_path / "My Places.csv")])
    assert shown.exit_code == 0
    assert yaml.safe_load(shown.stdout)["fields"] == {"name": "name"}
    shown = run(mapping_app, ["suggest", str(tmp_path / "My Places.csv"), "--json", "--kind", "person", "--name", "x"])
    assert json.loads(shown.stdout)["mapping"] | {"description": ""} == {
        "name": "x",
        "description": "",
        "kind": "person",
        "key": "id",
        "fields": {"full_name": ["name"]},
    }


def test_the_command_says_why_a_file_is_refused(tmp_path: Path):
    (tmp_path / "a.pdf").write_text("")
    result = CliRunner().invoke(mapping_app, ["suggest", str(tmp_path / "a.pdf")])
    assert result.exit_code == 1
    assert 'a.pdf: ".pdf" files are not read' in result.stderr
