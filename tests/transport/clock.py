"""A clock for tests, on which hours pass in an instant."""

import asyncio
import heapq

# Real seconds that everything else gets to run before simulated time moves on.
IDLE_SECONDS = 0.001


class SimulatedClock:
    """A clock that moves when somebody waits for it: waiting costs no time, and everybody waits their turn.

    Whoever waits least goes on first, at the moment they waited for, as on a real clock.
    """

    def __init__(self, start: float = 0.0) -> None:
        self.time = start
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._count += 1
        heapq.heappush(self._waiting, (self.time + seconds, self._count, turn))
        loop.call_later(IDLE_SECONDS, self._advance)
        await turn

    def _advance(self) -> None:
        """Wake the next sleeper; called when everything else had its chance to run."""
        while self._waiting:
            moment, _, turn = heapq.heappop(self._waiting)
            self.time = max(self.time, moment)
            if not turn.done():
                turn.set_result(None)
                return
