"""How much may be called: several windows at once, each "so many calls in so many seconds".

A window slides here, whatever the provider's does: any stretch of its length holds at most its calls, which satisfies
windows with fixed edges too. Who keeps count is a `Limiter`: this process (`LocalLimiter`), or all of them together
(`shared.SharedLimiter`).
"""

import re
import threading
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
WINDOW = re.compile(rf"(\d+)/(\d*)({'|'.join(UNITS)})s?")
# Two calls sent a window apart may arrive closer together: kept besides each window. 4% of a second, nothing of a day.
MARGIN_SECONDS = 0.04


@dataclass(frozen=True)
class Window:
    """At most `calls` calls in any `seconds` seconds."""

    calls: int
    seconds: float

    def __post_init__(self) -> None:
        if self.calls < 1 or self.seconds <= 0:
            raise ValueError(f"a window needs a call and a positive length, not {self.calls} in {self.seconds} s")


class TooLong(Exception):
    """The next call may only start after longer than the caller will wait; `seconds` is how long that is."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the next call may start in {seconds:,.0f} s")
        self.seconds = seconds


# Counter (a provider's, or one of its endpoints') to the windows that its calls must fit.
Windows = Mapping[str, Sequence[Window]]


class Limiter(Protocol):
    """Grants the moments at which calls may start."""

    def take(self, windows: Windows, patience: float) -> float:
        """Reserve the next moment; returns the seconds until it. Raises `TooLong` beyond `patience`, reserving none."""

    def pause(self, provider: str, seconds: float) -> None:
        """No call to the provider's counters (`provider` and `provider/…`) starts before so many seconds from now."""


class LocalLimiter:
    """The limiter of one process, on any clock."""

    def __init__(self, clock: Callable[[], float], margin: float = MARGIN_SECONDS) -> None:
        self.clock, self.margin = clock, margin
        self.starts: dict[str, list[float]] = {}
        self.paused: dict[str, float] = {}
        self.lock = threading.Lock()

    def take(self, windows: Windows, patience: float) -> float:
        with self.lock:
            now = self.clock()
            start = max([now, *(self.paused.get(name.split("/")[0], 0.0) for name in windows)])
            for name, limits in windows.items():
                start = max([start, *(self._free_at(self.starts.get(name, []), limit) for limit in limits)])
            if start - now > patience:
                raise TooLong(start - now)
            for name, limits in windows.items():
                if limits:
                    self._note(name, start, now - max(limit.seconds for limit in limits) - self.margin)
            return start - now

    def pause(self, provider: str, seconds: float) -> None:
        with self.lock:
            self.paused[provider] = max(self.paused.get(provider, 0.0), self.clock() + seconds)

    def _free_at(self, starts: list[float], window: Window) -> float:
        return starts[-window.calls] + window.seconds + self.margin if len(starts) >= window.calls else 0.0

    def _note(self, name: str, start: float, oldest: float) -> None:
        starts = self.starts.setdefault(name, [])
        insort(starts, start)
        if starts[0] < oldest:
            self.starts[name] = [moment for moment in starts if moment >= oldest]


def parse_windows(text: str) -> tuple[Window, ...]:
    """`5/second 300/day 10/2minutes` as windows. Raises ValueError naming the part that cannot be read."""
    found = []
    for part in text.replace(",", " ").split():
        match = WINDOW.fullmatch(part)
        if not match:
            raise ValueError(f'"{part}" is no limit; write such as 5/second or 300/day')
        calls, times, unit = match.groups()
        found.append(Window(int(calls), int(times or 1) * UNITS[unit]))
    return tuple(found)
