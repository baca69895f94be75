"""`leadhouse sandbox`: every provider on this machine, from the generated world, in the foreground."""

import contextlib
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dagster_project.sandbox.api.stage import Stage

Limits = Annotated[str, typer.Option(help='The providers\' own limits: "on" or "off".')]
Override = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="PROVIDER=LIMITS", help='One provider\'s: "yelp=5/second", "pdl=off".'),
]
FaultRates = Annotated[
    list[str] | None,
    typer.Option(
        "--faults", metavar="[PROVIDER:]NAME=RATE", help='What goes wrong: "cut=0.1", "yelp:server_error=0.05".'
    ),
]


def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 is any free one.")] = 8765,
    records: Annotated[int, typer.Option(help="Size of the world: business records of the demo files.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 7,
    limits: Limits = "on",
    limit: Override = None,
    faults: FaultRates = None,
    fault_seed: Annotated[int, typer.Option(help="Which calls go wrong.")] = 0,
    inbox: Annotated[
        Path | None, typer.Option(help="Folder to put events into, such as data/inbox/demo_events.")
    ] = None,
    every: Annotated[float, typer.Option(help="Seconds between two files of events.")] = 60.0,
) -> None:
    """Play every provider on this machine until Ctrl-C, and print the environment that leads there.

    Example: leadhouse sandbox --limits off --faults cut=0.05

    The addresses http://127.0.0.1:PORT/sandbox/bill, /calls and /limits tell what was asked and what it cost.
    """
    from dagster_project.sandbox.api.server import listen
    from dagster_project.sandbox.api.stage import Stage

    try:
        own = listen(port)
        stage = Stage(records, seed, limits={"*": limits} | dict(_pair(text) for text in limit or ()))
        stage.disturb(_rates(faults or []) | {"seed": fault_seed})
    except (OSError, ValueError) as mistake:
        typer.echo(f"leadhouse: {mistake}", err=True)
        raise typer.Exit(2) from None
    _serve(stage, own, inbox, every)


def _serve(stage: "Stage", own: socket, inbox: Path | None, every: float) -> None:
    """Say how it is reached and serve until Ctrl-C."""
    from dagster_project.sandbox.api.inbox import Inbox
    from dagster_project.sandbox.api.server import HOST, make_server
    from dagster_project.sandbox.api.stage import environment

    url = f"http://{HOST}:{own.getsockname()[1]}"
    for name, value in environment(url).items():
        typer.echo(f"export {name}={value}")
    typer.echo(f"Serving on {url}; Ctrl-C ends it.", err=True)
    if inbox:
        Inbox(stage.world, inbox).keep_posting(every)
    with contextlib.suppress(KeyboardInterrupt):
        make_server(stage).run(sockets=[own])


def _pair(text: str) -> tuple[str, str]:
    """NAME=VALUE in two. Raises ValueError."""
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise ValueError(f'"{text}" is not NAME=VALUE')
    return name, value


def _rates(texts: list[str]) -> dict[str, dict[str, float]]:
    """Provider (all are "*") to fault to rate. Raises ValueError."""
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        name, rate = _pair(text)
        provider, _, fault = name.rpartition(":")
        found.setdefault(provider or "*", {})[fault] = float(rate)
    return found
