"""From files and mappings to staged Parquet, as the walk does it but into a folder that is thrown away."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import typer

from dagster_project.settings import Settings
from dagster_project.sources.files.mapping import Mapping


class MatchKind(StrEnum):
    """What can be resolved."""

    business = "business"
    person = "person"


@dataclass(frozen=True)
class StagedFiles:
    """Staged rows as Parquet files, and how many rows of the given files could not be used."""

    files: list[Path]
    refused: int


def staged_files(arguments: list[str], kind: str, conf: Settings, folder: Path) -> StagedFiles:
    """Read, map and normalise FILE=MAPPING arguments.

    Raises typer.BadParameter for a wrong argument or mapping, typer.Exit(1) after saying why a file cannot be read.
    """
    from dagster_project.sources.files.errors import FileRefused

    staged: list[Path] = []
    refused = 0
    for number, argument in enumerate(arguments):
        path, mapping = _input(argument, kind, conf)
        try:
            parts, lost = _stage(path, mapping, conf.org_id, folder / str(number))
        except FileRefused as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        staged += parts
        refused += lost
    if not staged:
        typer.echo("no rows to resolve", err=True)
        raise typer.Exit(1)
    return StagedFiles(staged, refused)


def _input(argument: str, kind: str, conf: Settings) -> tuple[Path, Mapping]:
    """One FILE=MAPPING argument; the mapping by its name or by the path of its YAML."""
    from dagster_project.sources.files.errors import FileRefused
    from dagster_project.sources.files.landing import check_file
    from dagster_project.sources.files.mapping import load_mapping

    file, separator, name = argument.rpartition("=")
    if not (separator and name):
        raise typer.BadParameter(f"{argument!r} names no mapping; write FILE=MAPPING")
    path = Path(file).expanduser()
    if not path.is_file():
        raise typer.BadParameter(f"no such file: {file}")
    try:
        mapping = load_mapping(name, conf.yaml_dirs("mappings"))
        if mapping.kind != kind:
            raise typer.BadParameter(f"mapping {mapping.name} reads records of kind {mapping.kind}, not {kind}")
        check_file(path, mapping)
    except FileRefused as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return path, mapping


def _stage(path: Path, mapping: Mapping, org_id: str, folder: Path) -> tuple[list[Path], int]:
    """Staged parts of one file, and how many of its rows were refused."""
    from dagster_project.normalize import normalize
    from dagster_project.sources.files.extract import extract
    from dagster_project.sources.files.inbox import ReceivedFile
    from dagster_project.sources.files.landing import land

    now = datetime.now(UTC)
    file = ReceivedFile(path, path.name, "", path.stat().st_size, now)
    landing = land([file], mapping, org_id=org_id, day=now.date(), known={})
    folder.mkdir(parents=True)
    parts = []
    for number, raw in enumerate(landing.raw):
        parts.append(folder / f"{number}.parquet")
        normalize(extract(raw, mapping), mapping.kind).frame.write_parquet(parts[-1])
    return parts, landing.quarantined.height
