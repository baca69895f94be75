"""A Spark standalone cluster on loopback, from the scripts that pyspark brings: one master, two workers of one core."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

DEPLOY = "org.apache.spark.deploy"
HOST = "127.0.0.1"
WORKERS = 2
PATIENCE = 120


class Cluster:
    """Starts with `with`, and is stopped whatever happens inside."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.page = folder, _free_port(), _free_port()
        self.master = f"spark://{HOST}:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Cluster":
        try:
            ports = ["--host", HOST, "--port", str(self.port), "--webui-port", str(self.page)]
            self._start("master", f"{DEPLOY}.master.Master", *ports)
            self._wait(lambda state: state["status"] == "ALIVE", "the master")
            for number in range(WORKERS):
                work = ["--work-dir", str(self.folder / f"work{number}"), "--cores", "1", "--memory", "1g"]
                worker = ["--host", HOST, "--port", "0", "--webui-port", "0", *work, self.master]
                self._start(f"worker{number}", f"{DEPLOY}.worker.Worker", *worker)
            self._wait(lambda state: state["aliveworkers"] == WORKERS, "two workers")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def state(self) -> dict[str, Any]:
        """What the master says of itself, its workers and their applications."""
        with urllib.request.urlopen(f"http://{HOST}:{self.page}/json/", timeout=5) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """End every process group that was started, workers first."""
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _start(self, name: str, *command: str) -> None:
        home = Path(importlib.util.find_spec("pyspark").submodule_search_locations[0])
        environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST, "SPARK_DAEMON_MEMORY": "256m"}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [home / "bin" / "spark-class", *command],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)

    def _wait(self, reached: Any, what: str) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and all(process.poll() is None for process in self.processes):
            with suppress(OSError):  # its page does not answer yet
                if reached(self.state()):
                    return
            time.sleep(0.2)
        logs = "\n".join(path.read_text()[-1500:] for path in sorted(self.folder.glob("*.log")))
        raise RuntimeError(f"{what} did not come up in {PATIENCE} s:\n{logs}")


def absent() -> str | None:
    """What the cluster lacks to start, in a sentence."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed; run `make test-spark`, which installs it"
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").exists() if home else shutil.which("java")):
        return "Java 17 was not found; install it or set JAVA_HOME"
    return None


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return taken.getsockname()[1]
