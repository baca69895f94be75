"""Where pairs are made and weighed: in this process, or on a Spark cluster.

That is the part of a run that grows faster than its records. Both engines leave the same rows; loading, learning,
clustering, ids and explanations are linear and stay in this process. Which engine is a matter of the settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from dagster_project.resolution import pairs, spark, weights
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.model import Model
from dagster_project.resolution.spark_session import SparkFailed
from dagster_project.settings import Settings

__all__ = ["Engine", "InProcess", "SparkCluster", "SparkFailed", "chosen", "opened"]


class Engine(Protocol):
    """Makes and weighs the pairs of the table `records`."""

    def block(self, con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
        """Find the pairs, as `pairs.block` does. Returns pairs by rule."""

    def weigh_above(self, con: duckdb.DuckDBPyConnection, model: Model, floor: float, rarest: float, into: str) -> None:
        """Create the table `into` of the pairs that `block` found, as `weights.weigh_above` does."""


@dataclass(frozen=True)
class SparkCluster:
    """A Spark master, and the folder through which it and this process pass records and pairs."""

    master: str
    folder: Path


class InProcess:
    """DuckDB in this process."""

    block = staticmethod(pairs.block)
    weigh_above = staticmethod(weights.weigh_above)


def chosen(conf: Settings) -> SparkCluster | None:
    """The cluster that the settings choose; None is this process."""
    if conf.resolution_engine == "duckdb":
        return None
    return SparkCluster(conf.spark_master, (conf.spark_folder or conf.data_dir / "spark").resolve())


@contextmanager
def opened(cluster: SparkCluster | None) -> Iterator[Engine]:
    """The engine of one run. Raises `SparkFailed` when the cluster cannot be had or fails."""
    if cluster is None:
        yield InProcess()
        return
    with spark.opened(cluster.master, cluster.folder) as engine:
        yield engine
