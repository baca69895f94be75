"""Time as the runtime sees it, so that tests can let hours pass in an instant."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds from an arbitrary start, and waiting."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class WallClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)
