"""The command line as a person meets it: help, wrong arguments, and a database that is not running."""

import json
import re
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from dagster_project import user_yaml
from dagster_project.cli import app
from dagster_project.sources.files.mapping import Mapping

MAPPING = "kind: business\nkey: id\nfields: {name: name, phone: phone}\n"
COMMANDS = [
    ["run"],
    ["sandbox"],
    ["link"],
    ["unlink"],
    ["resolve"],
    ["calibrate"],
    ["enrich"],
    ["explain"],
    ["review", "export"],
    ["review", "import"],
    ["override", "list"],
    ["override", "withdraw"],
    ["up"],
    ["psql"],
    ["adapter", "list"],
    ["adapter", "new"],
    ["adapter", "normalize"],
    ["adapter", "check"],
    ["campaign", "validate"],
    ["campaign", "plan"],
    ["campaign", "run"],
    ["campaign", "runs"],
    ["db", "status"],
    ["db", "stop"],
    ["db", "dump"],
    ["db", "restore"],
    ["mapping", "suggest"],
    ["model", "backtest"],
    ["waterfall", "list"],
    ["waterfall", "validate"],
    ["waterfall", "replay"],
    ["provider", "list"],
    ["provider", "enable"],
    ["provider", "disable"],
    ["cache", "invalidate"],
    ["event", "post"],
    ["alert", "list"],
    ["alert", "ack"],
    ["automation", "list"],
    ["automation", "validate"],
    ["score", "replay"],
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the mapping `shops` and the file `shops.csv`, which it fits."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shops.yaml").write_text(MAPPING)
    (tmp_path / "shops.csv").write_text("id,name,phone\n1,Ann's,(708) 555-0100\n")
    return tmp_path


def leadhouse(*arguments: str | Path, data: Path | None = None) -> Result:
    """Run a command in this process, on a wide plain terminal and on no database but the data folder's own."""
    env = {"COLUMNS": "1000", "DATABASE_URL": None, "LEADHOUSE_DATABASE_URL": None, "LEADHOUSE_ORG_ID": None}
    return CliRunner(env=env | {"LEADHOUSE_DATA_DIR": data and str(data)}).invoke(app, [str(a) for a in arguments])


def told(text: str) -> str:
    """What was written, without colours, frames and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[│╭╮╰╯─]", " ", text).split())


def refused(data: Path, *arguments: str | Path) -> str:
    """The message of a `leadhouse run` that must be refused as wrong usage before it touches anything."""
    before = sorted(data.rglob("*"))
    result = leadhouse("run", *arguments, data=data)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sorted(data.rglob("*")) == before
    return told(result.stderr)


def listed(command: typer.core.TyperCommand, path: tuple[str, ...] = ()) -> list[list[str]]:
    """The words of every command there is."""
    inner = getattr(command, "commands", None)
    return [list(path)] if inner is None else [w for n, c in inner.items() for w in listed(c, (*path, n))]


def test_every_command_is_tested_here():
    assert sorted(listed(typer.main.get_command(app))) == sorted(COMMANDS)


def test_help_lists_the_commands():
    result = leadhouse("--help")
    assert result.exit_code == 0
    assert all(re.search(rf"\b{name}\b", result.stdout) for name in ("run", "up", "psql", "db", "mapping"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_commands_help_holds_an_example_of_it(command: list[str]):
    result = leadhouse(*command, "--help")
    assert result.exit_code == 0
    assert f"Example: leadhouse {' '.join(command)}" in told(result.stdout)


@pytest.mark.parametrize("command", ["runn", "--wrong", "db nothing"])
def test_an_unknown_command_is_wrong_usage(command: str):
    result = leadhouse(*command.split())
    assert result.exit_code == 2
    assert command.split()[-1] in told(result.stderr)


@pytest.mark.parametrize("argument", ["shops.csv", "shops.csv="])
def test_a_file_without_a_mapping_is_told_how_to_name_one(data: Path, argument: str):
    assert f"'{argument}' names no mapping; write FILE=MAPPING" in refused(data, argument)


def test_a_missing_file_is_named(data: Path):
    assert "no such file: nowhere/absent.csv" in refused(data, "nowhere/absent.csv=shops")
    assert f"no such file: {data}" in refused(data, f"{data}=shops")


def test_an_unknown_mapping_is_named_with_the_nearest(data: Path):
    message = refused(data, f"{data}/shops.csv=shosp")
    assert 'no mapping "shosp" (did you mean "shops"?)' in message
    assert "openbrewerydb_2026" in message


def test_a_column_that_the_file_lacks_is_named_with_the_nearest(data: Path):
    (data / "shops.csv").write_text("id,name,phone_no\n1,Ann's,7085550100\n")
    message = refused(data, f"{data}/shops.csv=shops")
    assert 'mapping shops does not fit shops.csv: no column "phone" (did you mean "phone_no"?)' in message
    assert "Its columns: id, name, phone_no" in message


def test_an_unknown_field_in_a_mapping_is_named_with_the_nearest(data: Path):
    (data / "mappings" / "shops.yaml").write_text("kind: business\nkey: id\nfields: {nam: name}\n")
    assert '"nam" is not a field of a business (did you mean "name"?)' in refused(data, f"{data}/shops.csv=shops")


def test_a_file_that_cannot_be_read_is_named(data: Path):
    (data / "shops.xlsx").write_bytes(b"PK\x03\x04 cut off")
    assert "shops.xlsx: it is not a readable .xlsx file" in refused(data, f"{data}/shops.xlsx=shops")


def test_one_wrong_file_among_good_ones_stops_them_all(data: Path):
    assert "absent.csv" in refused(data, f"{data}/shops.csv=shops", "absent.csv=shops")


def test_a_mapping_that_the_walk_would_not_find_is_refused(data: Path):
    elsewhere = data / "shops.yaml"  # beside the file, under the name of another mapping
    elsewhere.write_text(MAPPING)
    message = refused(data, f"{data}/shops.csv={elsewhere}")
    assert f"the walk looks for mappings in {data / 'mappings'}; put {elsewhere} there" in message


def test_a_mapping_may_be_named_by_its_path(data: Path):
    own = data / "mappings" / "shops.yaml"
    assert "absent.csv" in refused(data, f"{data}/shops.csv={own}", "absent.csv=shops")


def test_a_suggestion_is_yaml_that_loads_and_names_fields_sensibly(data: Path):
    (data / "accounts.csv").write_text(
        "Account ID,Company,Telephone,Web Site,Town,Remark\n"
        "a1,Ann's,(708) 555-0100,https://anns.example,Berwyn,x\na2,Bob's,(708) 555-0101,bobs.example,Cicero,x\n"
    )
    result = leadhouse("mapping", "suggest", data / "accounts.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    mapping = user_yaml.parse(Mapping, yaml.safe_load(result.stdout), "accounts", "accounts.yaml")
    assert (mapping.kind, mapping.key) == ("business", "Account ID")
    assert mapping.fields == {
        "name": ("Company",),
        "phone": ("Telephone",),
        "website": ("Web Site",),
        "city": ("Town",),
    }
    assert result.stdout.endswith("# Columns not used: Remark\n")


def test_a_suggested_mapping_is_taken_by_run_as_it_is(data: Path):
    suggested = leadhouse("mapping", "suggest", data / "shops.csv")
    (data / "mappings" / "proposed.yaml").write_text(suggested.stdout)
    assert "absent.csv" in refused(data, f"{data}/shops.csv=proposed", "absent.csv=proposed")


def test_a_suggestion_as_json_says_what_it_left_out(data: Path):
    (data / "shops.csv").write_text("id,name,Remark\n1,Ann's,x\n")
    found = json.loads(leadhouse("mapping", "suggest", data / "shops.csv", "--json").stdout)
    assert (found["mapping"]["key"], found["unused"]) == ("id", ["Remark"])


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("absent.csv", None, 2),
        ("empty.csv", b"", 1),
        ("header.csv", b"id,name\n", 1),
        ("cut.xlsx", b"PK\x03\x04 cut off", 1),
        ("cut.parquet", b"PAR1", 1),
        ("broken.jsonl", b"{not json\n", 1),
        ("letter.pdf", b"%PDF-1.7", 1),
    ],
)
def test_a_file_to_suggest_from_that_cannot_be_read_is_named(data: Path, name: str, content: bytes | None, code: int):
    if content is not None:
        (data / name).write_bytes(content)
    result = leadhouse("mapping", "suggest", data / name)
    assert (result.exit_code, result.stdout) == (code, "")
    assert name in told(result.stderr)


def test_the_state_of_a_server_that_does_not_run_is_told_without_starting_it(data: Path):
    before = sorted(data.rglob("*"))
    result = leadhouse("db", "status", data=data)
    assert result.exit_code == 3
    assert f"PostgreSQL (embedded, {data / 'pg'}) is not running" in result.stdout
    assert sorted(data.rglob("*")) == before


def test_the_state_as_json_is_one_object(data: Path):
    result = leadhouse("db", "status", "--json", data=data)
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert (found["running"], found["embedded"], found["pid"]) == (False, True, None)


def test_stopping_a_server_that_does_not_run_is_no_failure(data: Path):
    result = leadhouse("db", "stop", data=data)
    assert (result.exit_code, result.stdout) == (0, "It was not running.\n")


def test_a_server_of_ones_own_that_does_not_answer_is_named_without_its_password(data: Path):
    env = {"DATABASE_URL": "postgresql://ann:hidden@127.0.0.1:1/crm", "LEADHOUSE_DATA_DIR": str(data)}
    result = CliRunner(env=env).invoke(app, ["db", "status"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ann@127.0.0.1:1/crm" in result.stderr
    assert "hidden" not in result.output
