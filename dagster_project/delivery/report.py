"""What one run of a sync reports: to the asset's metadata, the command line and the logs. Numbers, never lead data."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dagster_project.delivery.diff import Enqueued
from dagster_project.delivery.outbox import Counts
from dagster_project.delivery.worker import Delivery


@dataclass(frozen=True)
class DeliveryReport:
    """One run. `counts` is the ledger of the destination afterwards; the other figures are this run's alone."""

    org_id: str
    sync: str
    batch_id: str
    new: int
    unchanged: int
    superseded: int
    acknowledged: int
    failed: int
    dead: int
    suppressed: int
    stale: int
    removed: int
    calls: int
    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    seconds: float
    stopped: str | None
    counts: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def make_report(
    org_id: str,
    sync: str,
    batch_id: str,
    *,
    enqueued: Enqueued,
    delivery: Delivery,
    removed: int,
    seconds: float,
    counts: Counts,
) -> DeliveryReport:
    """The report of a run from what its parts say."""
    return DeliveryReport(
        org_id=org_id,
        sync=sync,
        batch_id=batch_id,
        **asdict(enqueued),
        **{state: delivery.states[state] for state in ("acknowledged", "failed", "dead", "suppressed")},
        stale=delivery.stale,
        removed=removed,
        calls=len(delivery.latencies_ms),
        p50_ms=percentile(delivery.latencies_ms, 50),
        p95_ms=percentile(delivery.latencies_ms, 95),
        max_ms=percentile(delivery.latencies_ms, 100),
        seconds=seconds,
        stopped=delivery.stopped,
        counts=asdict(counts),
    )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Smallest value with at least `percent` of the values at or below it (nearest rank); None without values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
