"""A sandbox in its own process, the environment that leads to it, and the events it puts into the inbox."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.sandbox.api.inbox import Inbox
from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.api.server import Sandbox, listen
from dagster_project.sandbox.api.services import SERVICES
from dagster_project.sandbox.world import make_world
from dagster_project.sources.providers import adapters
from dagster_project.transport.credentials import provider_configs
from tests.sandbox.served import client, first, send


def test_a_process_of_its_own_does_the_same(sandbox: Sandbox) -> None:
    _, request = first("yelp")
    options = {"limits": {"*": "off", "pdl": "3/minute"}, "token_seconds": 0, "key": "other"}
    with Sandbox(20_000, process=True, **options) as other:
        with client(other, "yelp", "other") as http, client(sandbox, "yelp") as here:
            assert send(http, request).json == send(here, request).json
        assert other.bill()["yelp"]["answered"] == 1
        assert other.truth(["yelp"]).equals(sandbox.truth(["yelp"]))
        assert other.environment()["LEADHOUSE_PDL_API_KEY"] == "other"


def test_the_environment_leads_every_adapter_to_the_sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    configs = provider_configs(adapters().values())
    assert {name: config.base_url for name, config in configs.items()} == {
        name: f"{sandbox.url}/{name}" for name in adapters()
    }
    assert {config.key.get_secret_value() for config in configs.values()} == {"sandbox"}


def test_the_command_prints_the_environment_and_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from dagster_project.cli import main; main()", "sandbox", "--port", "0"]
    command += ["--records", "300", "--faults", "yelp:server_error=1", "--inbox", str(tmp_path), "--every", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline().strip() for _ in range(2 * len(SERVICES))]
        exported = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        assert len(exported) == 2 * len(SERVICES)
        served = Sandbox(300)
        served.url = exported["LEADHOUSE_YELP_BASE_URL"].removesuffix("/yelp")
        process.stderr.readline()
        with client(served, "yelp") as http:
            assert send(http, first("yelp")[1]).status == 500
        while not list(tmp_path.glob("*.jsonl")):
            assert process.poll() is None
        process.terminate()
    assert process.returncode in (0, -15)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--faults", "fire=1"], 'no fault "fire"'),
        (["--faults", "cut"], '"cut" is not NAME=VALUE'),
        (["--limit", "yelp=never"], '"never" is no limit'),
        (["--records", "10"], "at least 300 records"),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["sandbox", "--port", "0", "--records", "300", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with listen() as taken:
        taken.listen()
        result = CliRunner().invoke(app, ["sandbox", "--port", str(taken.getsockname()[1]), "--records", "300"])
    assert result.exit_code == 2
    assert "in use" in result.stderr


def test_events_are_posted_as_whole_files_that_continue_those_of_the_demo(tmp_path: Path) -> None:
    inbox = Inbox(LiveWorld.make(3_000, 7), tmp_path / "demo_events")
    paths = [inbox.post(), inbox.post()]
    assert [path.name for path in sorted(inbox.folder.iterdir())] == ["events-000001.jsonl", "events-000002.jsonl"]
    rows = [orjson.loads(line) for path in paths for line in path.read_bytes().splitlines()]
    assert set(rows[0]) == {"id", "ts", "type", "visitor", "props"}
    keys = [row["id"] for row in rows]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & set(make_world(3_000, 7).rows["demo_events"]["id"])
    again = Inbox(LiveWorld.make(3_000, 7), tmp_path / "again")
    assert again.post().read_bytes() == paths[0].read_bytes()
