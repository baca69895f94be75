"""A Spark session for one run: pyspark and Java found, the master reached, and every failure told in a sentence.

How much memory and how many cores a cluster gives is for its own `spark-defaults.conf` to say; nothing here downloads
anything.
"""

import os
import shutil
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOOPBACK = ("127.0.0.1", "localhost")

LOGGING = Path(__file__).with_name("spark_log4j2.properties")

# Pairs that a task weighs at once: 25 MB of both records' columns, and one planning of the statements (50 ms).
BATCH = 50_000

# Spark itself would try for a minute, and then say that its context is gone.
CONNECT_SECONDS = 5


class SparkFailed(RuntimeError):
    """The cluster cannot be had, or gave a run up; the message says why in a sentence."""


@contextmanager
def session_on(master: str) -> Iterator["SparkSession"]:
    """A session that is stopped at the end. What fails inside it on Spark's side is raised as `SparkFailed`."""
    builder = _builder()
    _find_java()
    _reach(master)
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        with warnings.catch_warnings():
            # no pandas frame comes near Spark here
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            session = builder.master(master).config(map=_options(master)).getOrCreate()
            # the workers' Python: the same as here, not the first of their path, unless the environment names another
            session.sparkContext.pythonExec = os.environ.get("PYSPARK_PYTHON", sys.executable)
            try:
                yield session
            finally:
                session.stop()
    except (Py4JError, PySparkException) as error:
        raise SparkFailed(f"Spark on {master} failed: {_reason(error)}") from error


def _builder() -> "SparkSession.Builder":
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise SparkFailed(
            "the Spark engine needs pyspark, which is not installed; "
            "install it with `pip install 'leadhouse[spark]'`, or `make spark` in the project's folder"
        ) from None
    return SparkSession.builder.appName("leadhouse resolve")


def _find_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").exists() if home else shutil.which("java")):
        raise SparkFailed("the Spark engine needs Java 17, which was not found; install it or set JAVA_HOME")


def _reach(master: str) -> None:
    """See that one of the masters listens."""
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        except (OSError, ValueError):
            continue
        return
    raise SparkFailed(f"no Spark master answers at {master}; start it or correct LEADHOUSE_SPARK_MASTER")


def _options(master: str) -> dict[str, str]:
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # from the first line on, which `spark.log.level` is too late for
        "spark.driver.defaultJavaOptions": f"-Dlog4j2.configurationFile={LOGGING.as_uri()}",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH),
        "spark.executorEnv.PYTHONPATH": str(PROJECT_ROOT),
    }
    hosts = {address.rpartition(":")[0] for address in master.removeprefix("spark://").split(",")}
    if master.startswith("local") or hosts <= {*LOOPBACK}:
        options |= {"spark.driver.host": LOOPBACK[0], "spark.driver.bindAddress": LOOPBACK[0]}
    return options


def _reason(error: Exception) -> str:
    """The line that names the cause: the last of a worker's Python traceback, else Java's own message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if any(line.startswith("Traceback") for line in lines):
        return [line for line in lines if not line.startswith("at ")][-1]
    return next((line.removeprefix(": ") for line in lines if line.startswith(": ")), "".join(lines[:1]))
