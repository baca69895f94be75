"""`leadhouse up`: the database, Dagster's daemon and its UI, in the foreground, until Ctrl-C."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dagster_project import settings
from dagster_project.cli.environment import prepare
from dagster_project.settings import PROJECT_ROOT


def up(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the UI has no login, so keep it local.")
    ] = "127.0.0.1",
) -> None:
    """Start the database, the Dagster daemon (sensors, schedules) and the Dagster UI.

    Example: leadhouse up --port 3001
    """
    console = Console(stderr=True)
    prepare(settings.load())
    console.print(f"Dagster UI on http://{host}:{port} (Ctrl-C ends it; the embedded database keeps running)")
    dagster = str(Path(sys.executable).with_name("dagster"))
    os.chdir(PROJECT_ROOT)
    # `dagster dev` advises `dg dev`, which is another package and starts the same processes
    os.environ.setdefault("PYTHONWARNINGS", "ignore:Function `dev_command`")
    command = [dagster, "dev", "-w", "workspace.yaml", "-h", host, "-p", str(port), "--log-level", "warning"]
    os.execv(dagster, command)  # noqa: S606
