"""The waterfall of a request: chunks of jobs are leased, asked about round by round, and given back decided.

A killed run goes on from what is committed: answers that were paid for are remembered, calls in flight are charged.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from dagster_project.enrichment.asking import Asker
from dagster_project.enrichment.job_state import JobState
from dagster_project.enrichment.lookup import Lookup
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.promises import Promise, Promises
from dagster_project.enrichment.requests import LEASE_SECONDS, Job, Request, Requests
from dagster_project.enrichment.rounds import Plan, Report, Rounds, Stop
from dagster_project.transport.outcomes import Outcome
from dagster_project.transport.shared import Connect

# Chunks of one request that are worked on at a time: while one waits for the database, another's calls are out.
CHUNKS = 3
# How long a run that has nothing else to do waits for promised answers before it leaves them to a later one.
PATIENCE_SECONDS = 120.0
# Promises are looked at this often at least, and never more often.
SELDOM_SECONDS, OFTEN_SECONDS = 1.0, 0.05
# How long a promised answer is remembered once it has come: the longest that a waterfall may say.
PROMISED = timedelta(days=365)


class Run:
    """One worker's run of one request; several may work on one request."""

    def __init__(
        self,
        connect: Connect,
        org_id: str,
        asker: Asker,
        plan: Plan,
        request: Request,
        *,
        day: date | None = None,
        patience: float = PATIENCE_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
        failpoint: Callable[[str], None] = lambda name: None,
        progress: Callable[[Report], None] = lambda report: None,
    ) -> None:
        self.asker, self.plan, self.request = asker, plan, request
        # a request counts under the day it was made, so that a run past midnight keeps to its caps
        self.rounds = Rounds(connect, org_id, asker, plan, request, day or request.requested_at.date(), failpoint)
        self.requests, self.promises = Requests(connect, org_id, lease_seconds), Promises(connect, org_id)
        self.patience, self.failpoint, self.progress = patience, failpoint, progress
        # when the run last got something new
        self.gained_at = 0.0
        self.is_over = asyncio.Event()
        self.lookups: dict[tuple[str, str], Lookup] = {
            (p.name, lookup.name): lookup for p in asker.providers.values() for lookup in p.endpoints
        }

    @property
    def report(self) -> Report:
        return self.rounds.report

    async def run(self) -> Report:
        """Work until no job is left, the request is stopped, or only promises are waited for."""
        self.requests.start(self.request.request_id)
        self.report.lost = self.rounds.ledger.lose()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll_on())
            async with asyncio.TaskGroup() as chunks:
                for _ in range(CHUNKS):
                    chunks.create_task(self._work())
            if self.rounds.stop is not None:
                await self._await_promised()
            self.is_over.set()
        self.report.state = self.requests.end(self.request.request_id, self.rounds.stop)
        self.report.reason = self.rounds.stop
        return self.report

    async def _work(self) -> None:
        """Take chunk after chunk."""
        self.gained_at = _now()
        while self.rounds.stop is None:
            if not await self._chunk() and not await self._wait():
                return

    async def _wait(self) -> bool:
        """Wait for the next job to be due; False when there is none that is worth waiting for."""
        due_at = await asyncio.to_thread(self.requests.next_at, self.request.request_id)
        if due_at is None:
            return False
        pause = max(OFTEN_SECONDS, (due_at - datetime.now(UTC)).total_seconds())
        if _now() + pause > self.gained_at + self.patience:
            return False
        await asyncio.sleep(pause)
        return True

    async def _await_promised(self) -> None:
        """Wait for what was promised, although no further question is asked: it may be paid for already, and the
        provider does not keep it for ever. Its jobs find it in memory when the request is resumed."""
        until = _now() + self.patience
        while _now() < until and await asyncio.to_thread(self.promises.next_at) is not None:
            await asyncio.sleep(OFTEN_SECONDS)

    async def _poll_on(self) -> None:
        """Ask for promised answers when they are due, while the run lasts."""
        while not self.is_over.is_set():
            due = await asyncio.to_thread(self.promises.due)
            async with asyncio.TaskGroup() as polls:
                for promise in due:
                    polls.create_task(self._poll(promise))
            next_at = await asyncio.to_thread(self.promises.next_at)
            pause = (next_at - datetime.now(UTC)).total_seconds() if next_at else SELDOM_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self.is_over.wait(), min(max(pause, OFTEN_SECONDS), SELDOM_SECONDS))

    async def _poll(self, promise: Promise) -> None:
        lookup = self.lookups.get((promise.provider, promise.lookup))
        if lookup is None:
            await asyncio.to_thread(self.promises.postpone, promise, None)
            return
        reading = await self.asker.poll(promise.provider, lookup, promise.request)
        if reading.outcome is Outcome.PENDING and promise.expires_at > datetime.now(UTC):
            await asyncio.to_thread(self.promises.postpone, promise, reading.retry_after)
            return
        cost = offer(promise.provider, promise.lookup).cost(reading)
        taken = (promise.provider, promise.request, reading, cost, PROMISED, PROMISED)
        if await asyncio.to_thread(self.promises.take, *taken):
            self.report.cost += cost
            self.gained_at = _now()

    async def _chunk(self) -> bool:
        """Lease some jobs and take them through their waterfalls; False when none was due."""
        token = str(uuid.uuid4())
        jobs = await asyncio.to_thread(self.requests.lease, self.request.request_id, token, self.plan.batch_size)
        self.failpoint("leased")
        if not jobs:
            return False
        states = {job.job_id: self._state(job) for job in jobs}
        for row in await asyncio.to_thread(self.rounds.decisions.attempts, list(states)):
            states[row["job_id"]].resume([row], self.lookups)
        holding = asyncio.create_task(self._hold(token))
        try:
            while asks := self.rounds.asks(states.values()):
                asked = self.report.asked
                await self.rounds.answer(asks, token)
                self.gained_at = _now() if self.report.asked > asked else self.gained_at
                self.progress(self.report)
        except Stop as stop:
            self.rounds.stop = self.rounds.stop or str(stop)
        finally:
            holding.cancel()
        await self._finish(token, states.values())
        return True

    async def _hold(self, token: str) -> None:
        """Extend the lease while the process lives: a round of calls that wait for their turn may outlast it."""
        while True:
            await asyncio.sleep(self.requests.lease_seconds / 3)
            await asyncio.to_thread(self.requests.extend, token)

    def _state(self, job: Job) -> JobState:
        rules = self.plan.waterfalls(job.subject)
        orders = {name: self.plan.order(job.subject, name, rules[name]) for name in job.fields if name in rules}
        return JobState(job, rules, orders)

    async def _finish(self, token: str, states: Iterable[JobState]) -> None:
        """Decide what came of each job and give it back."""
        results, audits, jobs = [], [], []
        for state in states:
            found, changed = state.results()
            results += found
            said, reason = state.state()
            # a job that waits is decided once more
            audits += changed if said != "pending" else []
            if self.rounds.stop and said != "pending" and state.open_fields():
                said, reason = "failed", self.rounds.stop
            next_at = state.waits_until if said == "pending" and state.waits_until else "-infinity"
            jobs.append({"job_id": state.job.job_id, "state": said, "reason": reason, "next_at": next_at})
        self.failpoint("deciding")
        await asyncio.to_thread(self.rounds.decisions.decide, token, results, audits, jobs)
        self.failpoint("decided")
        self.report.jobs += sum(job["state"] != "pending" for job in jobs)
        self.report.filled += len(audits)


def _now() -> float:
    """The event loop's clock."""
    return asyncio.get_running_loop().time()
