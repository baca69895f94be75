"""Answers that providers deliver themselves: whatever listens for their webhooks puts each body, as JSON, into
`data/inbox/enrichment.<provider>/`. A delivery is taken once, however often it comes, and removed when its answer is
committed. Without Dagster.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.assets.enriching import Enrichment
from dagster_project.enrichment.asking import SHAPE_ERRORS
from dagster_project.enrichment.lookup import Provider
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.promises import Promises
from dagster_project.enrichment.run import PROMISED
from dagster_project.enrichment.subject import answers_of, is_answer
from dagster_project.sources.files.inbox import SETTLE_SECONDS, UNFINISHED


@dataclass(frozen=True)
class Deliveries:
    """What became of the files that waited: answers that were taken, ones that were known already, files that nobody
    understands and why."""

    taken: int
    known: int
    refused: dict[str, str]


def waiting(inbox: Path, now: float, settle_seconds: float = SETTLE_SECONDS) -> Iterator[Path]:
    """Finished files of deliveries, in order."""
    for folder in sorted(inbox.glob(f"{answers_of('*')}")) if inbox.exists() else []:
        for path in sorted(folder.glob("[!.]*")):
            if path.suffix not in UNFINISHED and path.is_file() and now - path.stat().st_mtime >= settle_seconds:
                yield path


def take_deliveries(work: Enrichment, inbox: Path) -> Deliveries:
    """Take what waits in the inbox. A file that nobody understands is set aside under a hidden name."""
    taken, known, refused = 0, 0, {}
    for path in waiting(inbox, time.time()):
        try:
            found = take(work, work.all[path.parent.name.partition(".")[2]], json.loads(path.read_bytes()))
        except SHAPE_ERRORS as error:
            path.rename(path.with_name(f".refused-{path.name}"))
            refused[f"{path.parent.name}/{path.name}"] = f"it is no delivery of an answer ({type(error).__name__})"
            continue
        taken += found.count(True)
        known += found.count(False)
        path.unlink()
    return Deliveries(taken, known, refused)


def take(work: Enrichment, provider: Provider, body: Any) -> list[bool]:
    """For each result in a delivery, whether it was the first to bring its answer. Raises ValueError for a body in
    which no lookup of the provider finds a result."""
    promises, found = Promises(work.connect, work.org_id), []
    for lookup in provider.endpoints:
        for request_id, reading in lookup.read_delivery(body) if lookup.read_delivery else ():
            cost = offer(provider.name, lookup.name).cost(reading)
            found.append(promises.take(provider.name, request_id, reading, cost, PROMISED, PROMISED))
    if not found:
        raise ValueError("no result in it")
    return found


def is_delivery(path: Path) -> bool:
    """Whether a file of the inbox is a delivery, and no file of a mapping."""
    return is_answer(path.parent.name)
