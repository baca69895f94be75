"""`leadhouse mapping …`: what a person does about mappings, outside the Dagster UI."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.contracts import FIELDS

mapping_app = typer.Typer(no_args_is_help=True, help="Mappings: which column of a file is which canonical field.")

Kind = StrEnum("Kind", {kind: kind for kind in FIELDS})


@mapping_app.callback()
def _group() -> None:
    """Keeps `suggest` a command of its own while it is the only one."""


@mapping_app.command()
def suggest(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, TSV, Excel, JSON lines or Parquet.")],
    kind: Annotated[Kind | None, typer.Option(help="What the rows are; guessed from the headers when absent.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the mapping; the file's when absent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program, instead of YAML.")] = False,
) -> None:
    """Propose a mapping for FILE from its headers and values, as YAML to check and save.

    Example: leadhouse mapping suggest accounts.csv > data/mappings/accounts.yaml

    Exit code 1 when the file cannot be read.
    """
    # polars and the readers take half a second to import, which --help need not wait for
    from dagster_project.sources.files.errors import FileRefused
    from dagster_project.sources.files.suggest import suggest_mapping, to_yaml
    from dagster_project.user_yaml import YamlMistake

    try:
        suggestion = suggest_mapping(file, kind.value if kind else None, name)
    except (FileRefused, YamlMistake) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        mapping = suggestion.mapping.model_dump(mode="json", exclude_defaults=True)
        typer.echo(json.dumps({"mapping": mapping, "unused": suggestion.unused}, indent=2, ensure_ascii=False))
    else:
        typer.echo(to_yaml(suggestion), nl=False)
