"""A process that takes slots for a while, as a worker of an installation does: `python -m tests.transport.takers JSON`.

Says that it is ready, waits for a line that says until when (Unix seconds), and prints when each call started.
"""

import json
import sys
import time
from pathlib import Path

from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.transport.shared import SharedLimiter
from dagster_project.transport.windows import TooLong, parse_windows


def main(order: dict) -> None:
    settings = Settings(_env_file=None, DATABASE_URL=order["database"], data_dir=Path(order["folder"]))
    limiter = SharedLimiter(Warehouse(settings).app, order["org"])
    windows = {name: parse_windows(text) for name, text in order["windows"].items()}
    started = []
    print("ready", flush=True)
    end = float(sys.stdin.readline())
    while (left := end - time.time()) > 0:
        try:
            wait = limiter.take(windows, left)
        except TooLong:
            break
        time.sleep(wait)
        started.append(time.time())
    print(json.dumps(started))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
