"""Sends one provider's requests: each call waits for its moment, is classified, and is repeated when that can help.

The adapter says what an answer means (`verdict`), the limiter when a call may start, the breaker whether one may. What
is asked, and what becomes of an answer, is the caller's. No key and no URL is ever logged or put into a reason.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import httpx

from dagster_project.transport.breaker import Breaker
from dagster_project.transport.clock import Clock, WallClock
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import RETRIED, Outcome, Verdict
from dagster_project.transport.windows import Limiter, Windows

ATTEMPTS = 6
# Full jitter: a pause is anything between nothing and this, doubled with each attempt up to the longest.
BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 30.0
# Calls start at most this late, less than the margin that windows keep; a moment is tried for so often.
LATE_SECONDS, MOST_TURNS = 0.03, 5
# A call waits this long for its moment or for the breaker; what takes longer is for a later run.
PATIENCE_SECONDS = 900.0
BREAKER_LOOK_SECONDS = 2.0
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
# Failures before a call was sent: the provider knows nothing of it.
UNSENT = {error.__name__ for error in (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)}
# Of the whole answer: a body that drips in never passes a timeout between two pieces of it.
CALL_SECONDS = 90.0
MOST_BYTES = 64 * 1024 * 1024

# httpx logs every URL, and some providers want their key in it.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Attempt:
    """One call that was sent, or was not because the breaker is open (`answer` is None then, and when none came)."""

    number: int
    verdict: Verdict
    answer: Answer | None
    started_at: datetime
    latency_seconds: float
    waited_seconds: float

    @property
    def is_in_doubt(self) -> bool:
        """Whether the provider may have carried the call out, and charge for it, although no whole answer came."""
        if self.verdict.outcome is not Outcome.TRANSIENT or self.verdict.reason in UNSENT:
            return False
        return self.answer is None or self.answer.status < 300


class Watch(Protocol):
    """Told of every attempt: before it is sent, and when it failed and is repeated. The last one is returned."""

    def started(self, number: int, at: datetime) -> None:
        """The call is sent now."""

    def repeated(self, attempt: Attempt) -> None:
        """The call failed in a way that may pass; another one follows."""


class Client:
    """One provider's calls. Use it as an async context manager; it holds the connections."""

    def __init__(
        self,
        provider: str,
        base_url: str,
        auth: Auth,
        key: str,
        verdict: Callable[[Answer], Verdict],
        *,
        limiter: Limiter,
        breaker: Breaker,
        concurrency: int = 8,
        clock: Clock | None = None,
        chance: random.Random | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: float = PATIENCE_SECONDS,
        breaker_patience: float | None = None,
    ) -> None:
        self.provider, self.base_url, self.verdict = provider, base_url.rstrip("/"), verdict
        self.limiter, self.breaker, self.patience = limiter, breaker, patience
        # who has another provider to ask does not wait for this one to rest
        self.breaker_patience = patience if breaker_patience is None else breaker_patience
        self.clock, self.chance = clock or WallClock(), chance or random.Random()  # noqa: S311 - jitter is no secret
        self._headers, self._params = auth.headers(key), auth.params(key)
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            transport=transport,
            headers={"accept": "application/json"},
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.aclose()

    def authorise(self, auth: Auth, key: str) -> None:
        """Send another credential from now on, such as the token that a key was exchanged for."""
        self._headers, self._params = auth.headers(key), auth.params(key)

    async def send(
        self,
        request: Request,
        windows: Windows,
        watch: Watch,
        attempts: int = ATTEMPTS,
        seconds: float = CALL_SECONDS,
        repeats_doubtful: bool = True,
    ) -> Attempt:
        """The last attempt, good or bad; each may take so many seconds once it is sent. One in doubt is only repeated
        where `repeats_doubtful`. Raises `TooLong` when the limits allow no call within the patience."""
        for number in range(1, attempts + 1):
            attempt = await self._attempt(number, request, windows, watch, seconds)
            pause = self.pause_after(attempt)
            is_final = attempt.is_in_doubt and not repeats_doubtful
            if pause is None or number == attempts or is_final:
                return attempt
            watch.repeated(attempt)
            if attempt.verdict.outcome is Outcome.RATE_LIMITED:
                self.limiter.pause(self.provider, pause)
            else:
                await self.clock.sleep(pause)
        raise AssertionError("the last attempt returns")

    def pause_after(self, attempt: Attempt) -> float | None:
        """Seconds to wait before the same call is sent again; None when that cannot help, or takes too long."""
        verdict = attempt.verdict
        if verdict.outcome not in RETRIED:
            return None
        longest = min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2**attempt.number)
        jitter = self.chance.uniform(0, longest)
        if verdict.retry_after is None:
            return jitter
        # spread a little, so that all who were refused do not come back in the same instant
        asked = verdict.retry_after + min(jitter, 1.0)
        return asked if asked <= self.patience else None

    async def _attempt(self, number: int, request: Request, windows: Windows, watch: Watch, seconds: float) -> Attempt:
        began = self.clock.now()
        if not await self._allowed():
            waited = self.clock.now() - began
            rests = Verdict(Outcome.UNAVAILABLE, "it failed several times in a row and is left alone for a while")
            return Attempt(number, rests, None, datetime.now(UTC), 0.0, waited)
        await self._turn(windows)
        sent, at = self.clock.now(), datetime.now(UTC)
        watch.started(number, at)
        answer, verdict = await self._exchange(request, seconds)
        # whoever says "too fast" is well
        self.breaker.record(verdict.outcome is not Outcome.TRANSIENT)
        return Attempt(number, verdict, answer, at, self.clock.now() - sent, sent - began)

    async def _turn(self, windows: Windows) -> None:
        """Wait for the call's moment. One that was missed, because the machine was busy, is given up for another: late
        calls would meet the next ones within the provider's window."""
        for _ in range(MOST_TURNS):
            wait = self.limiter.take(windows, self.patience)
            moment = self.clock.now() + wait
            await self.clock.sleep(wait)
            if self.clock.now() - moment <= LATE_SECONDS or not any(windows.values()):
                return

    async def _allowed(self) -> bool:
        """Whether a call may be made, after waiting for an open breaker's rest to pass."""
        deadline = self.clock.now() + self.breaker_patience
        while not self.breaker.allows():
            if self.clock.now() >= deadline:
                return False
            await self.clock.sleep(BREAKER_LOOK_SECONDS)
        return True

    async def _exchange(self, request: Request, seconds: float) -> tuple[Answer | None, Verdict]:
        try:
            async with asyncio.timeout(seconds):
                answer = await self._answer(request)
        except (httpx.RequestError, TimeoutError) as error:
            return None, Verdict(Outcome.TRANSIENT, type(error).__name__)
        if answer is None:
            return None, Verdict(Outcome.BAD_REQUEST, f"an answer of more than {MOST_BYTES:,} bytes")
        return answer, self.verdict(answer)

    async def _answer(self, request: Request) -> Answer | None:
        """The complete answer; None when it is larger than anybody wants."""
        async with self._http.stream(
            request.method,
            self.base_url + request.path,
            params={**request.params, **self._params},
            json=request.json,
            headers={**request.headers, **self._headers},
        ) as response:
            parts, size = [], 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > MOST_BYTES:
                    return None
                parts.append(part)
            return Answer(response.status_code, dict(response.headers), b"".join(parts))
