"""How much may be called: several windows at once, each "so many calls in so many seconds".

A window is a sliding one here, whatever the provider's is: any stretch of its length holds at most its calls, which
satisfies fixed windows too. `Calendar` quotas (a provider's day that starts at midnight) are windows of their length.
"""

import re
from dataclasses import dataclass

UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
WINDOW = re.compile(rf"(\d+)\s*/\s*(?:(\d+)\s*)?({'|'.join(UNITS)})s?")
# Two calls sent one window apart may arrive closer together; a sender keeps this much more than the window between them.
MARGIN_SECONDS = 0.02


@dataclass(frozen=True)
class Window:
    """At most `calls` calls in any `seconds` seconds."""

    calls: int
    seconds: float

    def __post_init__(self) -> None:
        if self.calls < 1 or self.seconds <= 0:
            raise ValueError(
                f"a window needs at least one call and a positive length, not {self.calls}/{self.seconds} s"
            )


def parse_windows(text: str) -> tuple[Window, ...]:
    """`5/second 300/day` as windows. Raises ValueError naming the part that cannot be read."""
    found = []
    for part in re.sub(r"\s*/\s*", "/", text.replace(",", " ")).split():
        match = WINDOW.fullmatch(part)
        if not match:
            raise ValueError(f'"{part}" is no limit; write such as 5/second or 300/day')
        calls, times, unit = match.groups()
        found.append(Window(int(calls), int(times or 1) * UNITS[unit]))
    return tuple(found)
