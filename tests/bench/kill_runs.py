"""Processes killed by SIGKILL while they fetch from a sandbox over HTTP, and judged by its ledger."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dagster_project.sandbox.api.server import Sandbox
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.providers import adapters
from tests.adapters.cases import case_of
from tests.adapters.playing import Sandboxed, landed, raw
from tests.bench.failpoints import CALL_POINTS

Row = tuple[str, int, int, str, int, int, int, int]


def kill_runs(folder: Path, kills: int, seconds: float) -> Iterator[Row]:
    """Per adapter: kills, processes, whether all was answered in the end, records lost and doubled, calls that were
    open at a kill, and how many of these had been answered, so that their page was paid for again."""
    end, point = time.monotonic() + seconds, 0
    with Sandbox(6_000, complete=True, limits={"*": "off"}) as sandbox:
        for name in adapters():
            sandbox.reset()
            played, died, processes, code = Sandboxed(case_of(name), sandbox.stage), 0, 0, -1
            while code and time.monotonic() < end:
                point += 1
                # asks, calls and pages are reached by every run; the third kill is at the second of its kind
                armed = CALL_POINTS[point % 9] if died < kills else ""
                code = killed_fetch(sandbox, played, folder / name, armed, 1 + died // 2)
                died, processes = died + (code == -signal.SIGKILL), processes + 1
            yield (name, died, processes, *judged(played, folder / name))


def judged(played: Sandboxed, folder: Path) -> tuple[str, int, int, int, int]:
    landing = landed(played.adapter, folder)
    frame = raw(landing)
    keys = set(frame["provider_key"])
    is_complete = all(track.ended for track in landing.state.tracks.values())
    lost, doubled = len(played.question.least - keys), frame.height - len(keys)
    return "yes" if is_complete else "no", lost, doubled, landing.state.outcomes.get("lost", 0), played.repeated


def killed_fetch(sandbox: Sandbox, played: Sandboxed, folder: Path, point: str, nth: int) -> int:
    """One process; returns its exit code. Raises RuntimeError when it ended in another way than it was to."""
    area, name = played.question.area, played.adapter.name
    order = {
        "provider": name,
        "url": sandbox.base_url(name),
        "key": sandbox.key,
        "folder": str(folder),
        "asks": [ask.text for ask in played.question.asks],
        "area": area and {"lat": area.centre.lat, "lon": area.centre.lon, "radius_km": area.radius_km},
        "point": point,
        "nth": nth,
    }
    command = [sys.executable, "-m", "tests.bench.killed_fetch", json.dumps(order)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(done.stderr[-2_000:])
    return done.returncode
