"""Event files on arrival: kept for the walk, and their alerts raised at once. Without Dagster.

A file is kept first, under the time at which it came; then its events are read by the walk's own functions and their
alerts raised in one transaction; then it leaves the inbox. Killed in between, the next look does the same again, and
event ids and alerts are known by then.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from dagster_project.contracts import EVENTS
from dagster_project.normalize.engine import normalize
from dagster_project.resources.alerts import raise_alert
from dagster_project.resources.warehouse import Warehouse
from dagster_project.response import alerts, arrivals
from dagster_project.settings import Settings
from dagster_project.sources.files.extract import extract
from dagster_project.sources.files.inbox import ReceivedFile, deposit, inbox_files
from dagster_project.sources.files.landing import check_file, land
from dagster_project.sources.files.mapping import Mapping, load_mapping
from dagster_project.user_yaml import YamlMistake

KIND = "event"
ALONE = "select pg_advisory_xact_lock(hashtextextended('inbox ' || %s::text, 3))"


@dataclass
class Arrival:
    """What one look at the inbox took in. `known` events had come before; `refused` files with the reasons."""

    files: list[ReceivedFile] = field(default_factory=list)
    events: int = 0
    known: int = 0
    alerts: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def take_events(lake_root: Path, warehouse: Warehouse, conf: Settings) -> Arrival:
    """Take every finished file of events in the inbox; one that cannot be read is set aside, with an alert.

    Sensor and walk both look; a second look waits until the first is over, and finds what is left.
    """
    found = Arrival()
    with warehouse.connect() as lock:
        lock.execute(ALONE, [conf.org_id])
        for path, mapping in waiting_events(conf, time.time()):
            try:
                check_file(path, mapping)
            except ValueError as reason:
                _refuse(warehouse, conf.org_id, path, mapping, str(reason), found)
                continue
            kept = deposit(path, mapping.name, lake_root, conf.org_id, datetime.now(UTC))
            _take(warehouse, conf.org_id, events_of(kept, mapping, conf.org_id), found)
            found.files.append(kept)
            path.unlink()
    return found


def waiting_events(conf: Settings, now: float) -> Iterator[tuple[Path, Mapping]]:
    """Finished files of the inbox whose mapping says that they are events, with it."""
    folders = conf.yaml_dirs("mappings")
    ready, _ = inbox_files(conf.data_dir / "inbox", folders, now=now)
    for path, name in ready:
        try:
            mapping = load_mapping(name, folders)
        except YamlMistake:
            continue  # the walk tells of it: it takes every kind of file
        if mapping.kind == KIND:
            yield path, mapping


def events_of(file: ReceivedFile, mapping: Mapping, org_id: str) -> pl.DataFrame:
    """A received file's events as the contract EVENTS has them, as the walk will read them."""
    raw = land([file], mapping, org_id=org_id, day=file.received_at.date(), known={}).raw
    frames = [normalize(extract(part, mapping), KIND).frame for part in raw]
    return pl.concat([EVENTS.empty(), *frames])


def _refuse(warehouse: Warehouse, org_id: str, path: Path, mapping: Mapping, reason: str, found: Arrival) -> None:
    place = f"{mapping.name}/{path.name}"
    path.rename(path.with_name(f".refused-{path.name}"))
    raise_alert(warehouse, org_id, "warning", "refused_file", place, reason)
    found.refused[place] = reason


def _take(warehouse: Warehouse, org_id: str, events: pl.DataFrame, found: Arrival) -> None:
    with warehouse.connect() as connection:
        fresh = arrivals.keep(connection, org_id, events)
        found.events += len(fresh)
        found.known += events.height - len(fresh)
        if fresh:
            try:
                with connection.transaction():
                    found.alerts += alerts.raise_arrived(connection, org_id, fresh)
            except alerts.NO_WALK:
                return  # no walk has built the leads yet: the first one raises what is still fresh
