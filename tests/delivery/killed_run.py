"""A process that runs one sync and kills itself at a named point: `python -m tests.delivery.killed_run JSON`.

Points: "leased:n", "sent:n", "recorded:n" (the n-th time the worker gets there), "before commit:n" and "after commit:n"
(the n-th transaction, whosever it is), "rename:n" (between writing the CSV aside and putting it in place).
"""

import json
import os
import signal
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from dagster_project.delivery.csv_file import CsvFile
from dagster_project.delivery.run import run_sink
from dagster_project.delivery.sync import Sync
from dagster_project.delivery.webhook import Webhook
from dagster_project.delivery.worker import Surroundings
from tests.conftest import at_url


class Killer:
    def __init__(self, point: str) -> None:
        self.point = point
        self.seen: Counter[str] = Counter()

    def reach(self, name: str) -> None:
        self.seen[name] += 1
        if f"{name}:{self.seen[name]}" == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


def main(order: dict) -> None:
    killer = Killer(order["point"])
    warehouse = at_url(order["database"], Path(order["folder"]))

    @contextmanager
    def connect(org_id: str):
        with warehouse.app(org_id) as connection:
            yield connection
            killer.reach("before commit")
        killer.reach("after commit")

    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        killer.reach("rename")
        return rename(self, target)

    Path.replace = replace
    sync = Sync.model_validate_json(order["sync"])
    if sync.destination.type == "csv":
        sink = CsvFile(Path(order["file"]), sync)
    else:
        sink = Webhook(sync, order["org"], order["url"], order["secret"], allow_hosts=["127.0.0.1"])
    run_sink(connect, order["org"], sync, "batch", sink, Surroundings(on_step=killer.reach))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
