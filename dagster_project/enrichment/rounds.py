"""One round of a chunk: every open field asks one provider, from memory where that is enough, else by as few calls as
the providers take, after their money is reserved. Every answer is committed before it is used.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from dagster_project.enrichment.asking import Asker
from dagster_project.enrichment.asks import Ask, kept
from dagster_project.enrichment.decisions import Cached, Decisions, Waiting
from dagster_project.enrichment.job_state import JobState, Source
from dagster_project.enrichment.ledger import Answered, Call, Ledger, Question, new_id, payload_hash
from dagster_project.enrichment.lookup import Lookup, Reading, cache_key
from dagster_project.enrichment.money import ENDING, REASONS, Caps, shares
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.opening import open_calls
from dagster_project.enrichment.requests import Request
from dagster_project.enrichment.steps import Step, Waterfall, next_step
from dagster_project.enrichment.subject import Subject
from dagster_project.transport.outcomes import Outcome
from dagster_project.transport.shared import Connect

# When a question that another worker asks is looked at again.
ELSEWHERE = timedelta(seconds=1)
# A job looks for its promised answer this long after the provider was asked for it again.
AFTER_POLL = timedelta(seconds=0.5)
# Answers that come within this time are committed together.
GATHER_SECONDS = 0.1


@dataclass(frozen=True)
class Plan:
    """What a run follows: the waterfalls of a subject's fields, the order of providers, the caps, who is turned off."""

    waterfalls: Callable[[Subject], Mapping[str, Waterfall]]
    caps: Callable[[Subject], Caps]
    order: Callable[[Subject, str, Waterfall], Sequence[str]] = lambda subject, name, rules: rules.providers
    switched_off: frozenset[str] = frozenset()
    batch_size: int = 100


@dataclass
class Report:
    """How a run ended: the request's state and reason, and this run's figures; `jobs` are those that have ended."""

    state: str = "completed"
    reason: str | None = None
    jobs: int = 0
    calls: int = 0
    asked: int = 0
    cached: int = 0
    filled: int = 0
    lost: int = 0
    cost: Decimal = Decimal(0)
    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


class Stop(Exception):
    """No further question is asked for the request; the message says why."""


class Rounds:
    """The rounds of one run. `failpoint(name)` is called between the steps, for tests that kill it there."""

    def __init__(
        self,
        connect: Connect,
        org_id: str,
        asker: Asker,
        plan: Plan,
        request: Request,
        day: date,
        failpoint: Callable[[str], None],
    ) -> None:
        self.connect, self.org_id, self.asker, self.plan, self.request = connect, org_id, asker, plan, request
        self.day, self.failpoint, self.report = day, failpoint, Report()
        self.ledger, self.decisions = Ledger(connect, org_id), Decisions(connect, org_id)
        self.resting: dict[str, str] = {}
        # why no further question is asked for the request
        self.stop: str | None = None

    def asks(self, states: Iterable[JobState]) -> list[Ask]:
        """The next question of every open field; fields that one lookup fills are asked for together."""
        if self.stop is not None:
            raise Stop(self.stop)
        found: list[Ask] = []
        for state in states:
            steps: dict[tuple[str, str, str], list[tuple[str, Step]]] = {}
            for name in state.open_fields():
                progress, subject = state.fields[name].progress, state.job.subject
                step = next_step(progress, name, subject, state.identity, self.asker.providers)
                if step:
                    key = cache_key(step.provider.name, step.lookup.name, step.inputs)
                    steps.setdefault((step.provider.name, step.lookup.name, key), []).append((name, step))
            found += [Ask(state, tuple(n for n, _ in several), several[0][1]) for several in steps.values()]
        return found

    def _why_not(self, provider: str) -> str | None:
        return "turned off" if provider in self.plan.switched_off else self.resting.get(provider)

    async def answer(self, asks: Sequence[Ask], token: str) -> None:
        """Answer every question of a round."""
        keys = [ask.key for ask in asks]
        remembered, waiting = await asyncio.to_thread(self.decisions.cached, keys, self.request.request_id)
        self.failpoint("remembered")
        rows, fresh = [], {}
        for ask in asks:
            if self._is_valid(ask, cached := remembered.get(ask.key)):
                rows += self._from_memory(ask, cached)
            elif promised := waiting.get(ask.key):
                rows += self._from_promise(ask, promised)
            elif reason := self._why_not(ask.step.provider.name):
                ask.state.pass_over(ask.names, ask.step.provider.name, reason)
            else:
                fresh.setdefault(ask.key, []).append(ask)
        rows += await self._asked(fresh, token, {key: cached.answer_id for key, cached in remembered.items()})
        await asyncio.to_thread(self.decisions.note, rows)
        self.failpoint("noted")

    def _is_valid(self, ask: Ask, cached: Cached | None) -> bool:
        """Whether a remembered answer is young enough for every field that asks."""
        if cached is None:
            return False
        if cached.is_new or cached.reading.outcome is Outcome.SUPPRESSED:
            return True
        rules = [ask.state.fields[name].progress.rules for name in ask.names]
        days = min(r.cache_days if cached.reading.outcome is Outcome.OK else r.negative_cache_days for r in rules)
        return datetime.now(UTC) - cached.fetched_at < timedelta(days=days)

    def _from_memory(self, ask: Ask, cached: Cached) -> list[dict[str, Any]]:
        is_cached = not cached.is_new
        self.report.cached += is_cached
        source = Source(cached.answer_id, cached.fetched_at, cached.payload_hash, None, is_cached)
        cost = Decimal(0) if is_cached else cached.cost
        return self._take(ask, cached.reading, cost, source)

    def _from_promise(self, ask: Ask, promised: Waiting) -> list[dict[str, Any]]:
        ask.state.waits_until = promised.poll_at + AFTER_POLL
        return self._take(
            ask, Reading(Outcome.PENDING), Decimal(0), Source(promised.answer_id, datetime.now(UTC), is_cached=True)
        )

    def _from_elsewhere(self, ask: Ask) -> list[dict[str, Any]]:
        """Another worker asks just this: its answer is waited for."""
        return self._from_promise(ask, Waiting(None, datetime.now(UTC) + ELSEWHERE))

    async def _asked(self, fresh: Mapping[str, list[Ask]], token: str, seen: Mapping[str, str]) -> list[dict[str, Any]]:
        """Open, send and settle; several subjects with one question share its answer."""
        asked = {key: (self._question(key, asks), asks[0].step) for key, asks in fresh.items()}
        opened = await asyncio.to_thread(open_calls, self.ledger, self.request.request_id, token, seen, asked)
        self.failpoint("opened")
        rows = [row for key in opened.elsewhere for ask in fresh[key] for row in self._from_elsewhere(ask)]
        for key, scope in opened.refused.items():
            self._refuse(fresh[key], scope)
        return rows + await self._answered(opened.calls, fresh)

    async def _answered(
        self, calls: Sequence[tuple[Call, Lookup]], fresh: Mapping[str, list[Ask]]
    ) -> list[dict[str, Any]]:
        """Send the calls; whatever has come is committed together, and used only then."""
        rows: list[dict[str, Any]] = []
        tasks = {asyncio.create_task(self._send(call, lookup, fresh)) for call, lookup in calls}
        try:
            while tasks:
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if tasks:
                    more, tasks = await asyncio.wait(tasks, timeout=GATHER_SECONDS)
                    done |= more
                answered = [task.result() for task in done]
                self.failpoint("answered")
                await asyncio.to_thread(self.ledger.settle, answered)
                self.failpoint("settled")
                for one in answered:
                    rows += self._apply(one, fresh)
        finally:
            for task in tasks:
                task.cancel()
        return rows

    async def _send(self, call: Call, lookup: Lookup, fresh: Mapping[str, list[Ask]]) -> Answered:
        limits = [
            ask.state.fields[name].progress.rules.timeout_ms
            for question in call.questions
            for ask in fresh[question.key]
            for name in ask.names
        ]
        self.failpoint("sent")
        return await self.asker.ask(call, lookup, max(limits) / 1000)

    def _question(self, key: str, asks: Sequence[Ask]) -> Question:
        ask, subject = asks[0], asks[0].state.job.subject
        provider, lookup = ask.step.provider.name, ask.step.lookup
        parts = shares(
            self.plan.caps(subject), self.day, provider, self.request.request_id, subject.lead_id, self.request.campaign
        )
        price = offer(provider, lookup.name).most
        return Question(new_id(), subject, key, ask.step.inputs, price, parts, *kept(ask))

    def _refuse(self, asks: Sequence[Ask], scope: str) -> None:
        """A full lead ends its own field, a full provider its part in the run; what is full for all, the run."""
        if scope in ENDING:
            self.stop = self.stop or REASONS[scope]
        if scope == "provider":
            self.resting[asks[0].step.provider.name] = REASONS[scope]
            return
        for ask in asks:
            for name in ask.names:
                ask.state.fields[name].stopped = REASONS[scope]

    def _apply(self, one: Answered, fresh: Mapping[str, list[Ask]]) -> list[dict[str, Any]]:
        """Use committed answers: the first that asked bears the cost, the others share the answer."""
        self.report.calls += one.status is not None
        rows, now = [], datetime.now(UTC)
        for question, reading, cost in one.readings:
            self.report.asked += 1
            self.report.cost += cost
            self.report.count(str(reading.outcome))
            hashed = payload_hash(reading.record) if reading.record is not None else None
            if reading.outcome in (Outcome.QUOTA_EXHAUSTED, Outcome.AUTH, Outcome.UNAVAILABLE):
                self.resting[one.call.provider] = reading.reason or str(reading.outcome)
            for place, ask in enumerate(fresh[question.key]):
                if reading.outcome is Outcome.PENDING:
                    ask.state.waits_until = now + timedelta(seconds=reading.retry_after or 1.0) + AFTER_POLL
                source = Source(question.id, now, hashed, one.latency_ms, is_cached=place > 0)
                rows += self._take(ask, reading, Decimal(0) if place else cost, source)
        return rows

    def _take(self, ask: Ask, reading: Reading, cost: Decimal, source: Source) -> list[dict[str, Any]]:
        return ask.state.take(ask.names, ask.step.provider.name, ask.step.lookup, reading, cost, source)
