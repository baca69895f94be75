"""`leadhouse run`: the whole walk, on your own files or on a generated sample."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from dagster_project import settings, user_yaml
from dagster_project.settings import Settings, provider_variable
from dagster_project.sources.files.landing import check_file
from dagster_project.sources.files.mapping import load_mapping

if TYPE_CHECKING:
    from dagster_project.cli.report import WalkSummary

DEMO_ORG = "demo"
DEMO_SEED = 7
DEMO_RECORDS = 3_000
DEMO_CAMPAIGN = "demo_texas"
# As a paid plan would have it; with the free one's 5 a second the demo would wait for a quarter of a minute.
DEMO_LIMITS = {"yelp": "25/second 5000/day"}


def run(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE=MAPPING]...", help="Files and the mappings that read them; none: the sample."),
    ] = None,
    org: Annotated[str | None, typer.Option(help="Tenant to file the records under.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on standard output.")] = False,
) -> None:
    """Receive files, run the walk to a finished batch, deliver it, and show what came of it.

    Without files, a small deterministic sample is generated and walked through the tenant `demo`: files, and a campaign
    that asks providers played on this machine.

    Example: leadhouse run breweries.csv=openbrewerydb_2026

    Exit code: 0 done; 1 a step or a blocking check failed; 2 the arguments or a mapping are wrong.
    """
    conf = settings.load(org_id=org or (None if files else DEMO_ORG))
    console = Console(stderr=True)
    summary = walk_files(console, conf, parse_inputs(files, conf)) if files else walk_demo(console, conf)
    from dagster_project.cli.report import as_json as render_json
    from dagster_project.cli.report import render

    if as_json:
        typer.echo(render_json(summary))
    else:
        render(Console(), summary)


def parse_inputs(files: list[str], conf: Settings) -> list[tuple[Path, str]]:
    """FILE=MAPPING arguments as paths and mapping names, checked before anything is touched."""
    inputs, dirs = [], conf.yaml_dirs("mappings")
    for argument in files:
        file, separator, mapping = argument.rpartition("=")
        if not (separator and mapping):
            raise typer.BadParameter(f"{argument!r} names no mapping; write FILE=MAPPING")
        path = Path(file).expanduser()
        if not path.is_file():
            raise typer.BadParameter(f"no such file: {file}")
        try:
            loaded = load_mapping(mapping, dirs)
            kept = user_yaml.available(dirs).get(loaded.name)
            if mapping != loaded.name and not (kept and kept.samefile(mapping)):
                raise typer.BadParameter(f"the walk looks for mappings in {dirs[0]}; put {mapping} there")
            check_file(path, loaded)
            inputs.append((path, loaded.name))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    return inputs


def walk_files(
    console: Console,
    conf: Settings,
    inputs: list[tuple[Path, str]],
    truth: Path | None = None,
    campaigns: Mapping[str, Sequence[str]] | None = None,
) -> "WalkSummary":
    """The walk over `inputs` and what `campaigns` (name to providers) bring; returns the summary.

    Exits with 1 when a step or a blocking check fails. A provider that fails does not: what it brought goes on.
    """
    from dagster_project.cli.environment import prepare

    with console.status("starting PostgreSQL"):
        warehouse = prepare(conf)
    with console.status("loading the definitions"):
        from dagster_project.cli import summary, walk
        from dagster_project.definitions import build_definitions
        from dagster_project.resources.lake import Lake

        definitions = build_definitions()
    lake = Lake(conf.data_dir / "lake")
    now = datetime.now(UTC)
    walk.receive(inputs, lake, conf.org_id, now)
    fetched = [walk.fetch(definitions, *campaign, now.date()) for campaign in (campaigns or {}).items()]
    log = conf.data_dir / "dagster" / "walk.log"
    try:
        with log.open("w") as output:
            done = walk.walk(definitions, warehouse, conf.org_id, now.date(), output)
    except walk.WalkFailed as error:
        console.print(f"[red]{error}[/red]; `leadhouse up` shows the run, {log} has the output of dbt")
        raise typer.Exit(1) from error
    done.seconds = {step: seconds for part in (*fetched, done) for step, seconds in part.seconds.items()}
    failed = [reason for part in fetched for reason in part.failed]
    return summary.gather(conf, lake, warehouse, conf.org_id, done, truth, failed)


def walk_demo(console: Console, conf: Settings) -> "WalkSummary":
    """The walk over the generated sample: files, a campaign to providers on loopback, a webhook receiver there too."""
    import polars as pl

    from dagster_project.sandbox.api.server import Sandbox
    from dagster_project.sandbox.world import make_world, write_world
    from dagster_project.sources.campaign import load_campaign

    providers = load_campaign(DEMO_CAMPAIGN, [conf.project_data_dir / "campaigns"]).providers
    with TemporaryDirectory(prefix="leadhouse-") as folder, demo_receiver():
        with console.status("making a world and the providers that know of it"):
            world = make_world(DEMO_RECORDS, DEMO_SEED)
            inputs = [(path, mapping) for mapping, path in write_world(world, Path(folder)).items()]
        with Sandbox(DEMO_RECORDS, DEMO_SEED, limits=DEMO_LIMITS) as sandbox:
            truth = Path(folder) / "truth.parquet"
            pl.concat([world.truth, sandbox.truth(providers)]).write_parquet(truth)
            limits = {provider_variable(name, "LIMITS"): said for name, said in DEMO_LIMITS.items()}
            # a key of the user's own is put aside: the demo spends nothing
            with environment(sandbox.environment() | limits):
                return walk_files(console, conf, inputs, truth, {DEMO_CAMPAIGN: providers})


@contextmanager
def demo_receiver() -> Iterator[None]:
    """A webhook target for the shipped sync while the demo runs; a target of the user's own is left alone."""
    from dagster_project.sandbox.receiver import WebhookReceiver

    if os.environ.get("LEADHOUSE_WEBHOOK_URL"):
        yield
        return
    with WebhookReceiver() as receiver, environment(receiver.environment()):
        yield


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These environment variables for a while, then again those that were."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
