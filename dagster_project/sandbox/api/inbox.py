"""The world's events, put into the inbox as JSON lines: where they arrive until there is a public receiver."""

import threading
from datetime import timedelta
from pathlib import Path

from dagster_project.sandbox import files
from dagster_project.sandbox.activity import DAY_ONE, Cast, event_rows, make_events
from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.world import EVENTS, stream

# A file holds this share of a season's events: about a day's.
SHARE = 0.01


class Inbox:
    """Writes one file of new events at a time to a folder such as data/inbox/demo_events."""

    def __init__(self, world: LiveWorld, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.cast = Cast(stream(world.seed, "cast"), world.now, world.people)
        self.season = int(world.records * EVENTS)
        self.files = 0
        self.stopped = threading.Event()

    def post(self) -> Path:
        """Write the next file; written aside and renamed, so that no reader sees half of it."""
        self.files += 1
        rng = stream(self.world.seed, f"events {self.files}")
        count = max(1, int(self.season * SHARE))
        events = make_events(rng, self.cast, count, end=DAY_ONE + timedelta(days=self.files), days=1)
        rows = event_rows(rng, events, self.season + (self.files - 1) * count)
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"events-{self.files:06}.jsonl.part"
        files.write(rows, [], part)
        return part.rename(part.with_suffix(""))

    def keep_posting(self, seconds: float) -> threading.Thread:
        """Post a file every so many seconds, in a thread of its own, until `stopped` is set."""

        def run() -> None:
            while not self.stopped.wait(seconds):
                self.post()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread
