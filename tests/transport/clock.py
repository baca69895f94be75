"""A clock for tests, on which hours pass in an instant."""

import asyncio
import heapq

# Real seconds that everything else gets to run before simulated time moves on.
IDLE_SECONDS = 0.001


class SimulatedClock:
    """A clock that moves when somebody waits for it: waiting costs no time, and everybody waits their turn.

    Whoever waits least goes on first, at the moment they waited for, as on a real clock; all others run before it moves
    again.
    """

    def __init__(self, start: float = 0.0) -> None:
        self.time = start
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_set = False

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # those who waited in an earlier loop are gone with it
            self._loop, self._waiting, self._is_set = loop, [], False
        turn = loop.create_future()
        self._count += 1
        heapq.heappush(self._waiting, (self.time + seconds, self._count, turn))
        self._set(loop)
        await turn

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_set:
            self._is_set = True
            loop.call_later(IDLE_SECONDS, self._advance, loop)

    def _advance(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake the next sleeper; called when everything else had its chance to run."""
        self._is_set = False
        while self._waiting:
            moment, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self.time = max(self.time, moment)
                turn.set_result(None)
                break
        if self._waiting:
            self._set(loop)
