"""One job on its way through its waterfalls: what was tried for each field, what is known by now, what is left to ask.

Pure: `run` gives it answers and takes rows from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import orjson

from dagster_project.enrichment.lookup import Lookup, Reading
from dagster_project.enrichment.merge import is_better, needs_asking
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.requests import Job
from dagster_project.enrichment.steps import WAITING, Progress, Try, Waterfall, pass_over
from dagster_project.enrichment.subject import Known
from dagster_project.transport.outcomes import Outcome

# Outcomes of a provider that may do better in a later run.
PASSING = {"transient", "rate_limited", "quota_exhausted", "unavailable", "auth"}
# The canonical fields that say more about who the subject is, and what of the identity they fill.
IDENTIFYING = {"email": "email", "website": "domain", "linkedin": "linkedin", "phone": "phone", "title": "title"}
UNIT = Decimal("0.0001")


@dataclass(frozen=True)
class Source:
    """Where a reading came from: the answer, its time, what it cost and how long it took; `is_cached` when it was there
    already."""

    answer_id: str | None
    at: datetime
    payload_hash: str | None = None
    latency_ms: float | None = None
    is_cached: bool = False


@dataclass
class FieldState:
    """One field: its progress, the number of the next attempt, and whose answers stand behind its hits."""

    progress: Progress
    sources: dict[str, Source] = field(default_factory=dict)
    stopped: str | None = None
    is_needed: bool = True
    attempts: int = 0


class JobState:
    """A job with the state of each of its fields."""

    def __init__(self, job: Job, rules: Mapping[str, Waterfall], orders: Mapping[str, Sequence[str]]) -> None:
        self.job, self.identity = job, dict(job.subject.identity)
        self.fields = {name: FieldState(Progress(rules[name], orders[name])) for name in job.fields if name in rules}
        for name, state in self.fields.items():
            state.is_needed = needs_asking(job.subject.known.get(name), state.progress.rules.min_confidence)
        self.is_suppressed = False
        self.waits_until: datetime | None = None

    def open_fields(self) -> list[str]:
        """Fields about which somebody may still be asked."""
        if self.is_suppressed:
            return []
        return [n for n, s in self.fields.items() if s.is_needed and s.stopped is None and not s.progress.is_over]

    def resume(self, attempts: Iterable[Mapping[str, Any]], lookups: Mapping[tuple[str, str], Lookup]) -> None:
        """Take up the attempts that an earlier worker made; those that may do better now are made again."""
        for row in attempts:
            state, lookup = self.fields.get(row["field"]), lookups.get((row["provider"], row["lookup"]))
            if state is None:
                continue
            if row["outcome"] in WAITING:
                if lookup is not None and row["inputs"] is not None:
                    state.progress.promised[row["provider"]] = lookup, row["inputs"]
                continue
            state.attempts = row["attempt"]
            if lookup is None or row["outcome"] in PASSING:
                continue
            record = orjson.loads(row["payload"]) if row["payload"] else None
            reading = Reading(Outcome.OK if row["outcome"] == "ok" else Outcome.NO_MATCH, record)
            known = _known(lookup, reading, row["field"], row["provider"], row["answered_at"])
            kept = known if row["outcome"] == "ok" else None
            state.progress.tries.append(Try(row["provider"], row["outcome"], row["cost_usd"], kept))
            state.sources[row["provider"]] = Source(row["answer_id"], row["answered_at"])
            self._learn(lookup, reading)

    def take(
        self, names: Sequence[str], provider: str, lookup: Lookup, reading: Reading, cost: Decimal, source: Source
    ) -> list[dict[str, Any]]:
        """Apply an answer to the fields it was asked for; returns their attempts as rows."""
        rows = []
        for name, share in zip(names, shared(cost, len(names)), strict=True):
            state = self.fields[name]
            outcome, known = _judged(lookup, reading, name, provider, source.at, state.progress.rules.min_confidence)
            state.progress.tries.append(Try(provider, outcome, share, known))
            state.sources[provider] = source
            state.attempts += 1
            rows.append(self._row(name, state, lookup, known, reading, source))
        if reading.outcome is Outcome.SUPPRESSED:
            self.is_suppressed = True
        if reading.outcome is Outcome.OK:
            self._learn(lookup, reading)
        return rows

    def pass_over(self, names: Iterable[str], provider: str, reason: str) -> None:
        """Ask the next one for these fields."""
        for name in names:
            pass_over(self.fields[name].progress, provider, reason)

    def _row(
        self, name: str, state: FieldState, lookup: Lookup, known: Known | None, reading: Reading, source: Source
    ) -> dict[str, Any]:
        tried, subject = state.progress.tries[-1], self.job.subject
        return {
            "job_id": self.job.job_id,
            "subject_id": subject.subject_id,
            "lead_id": subject.lead_id,
            "field": name,
            "attempt": state.attempts,
            "provider": tried.provider,
            "lookup": lookup.name,
            "outcome": tried.outcome,
            "is_cached": source.is_cached,
            "is_filled": known is not None,
            "confidence": known and known.confidence,
            "cost_usd": tried.cost,
            "latency_ms": source.latency_ms,
            "reason": reading.reason or None,
            "answer_id": source.answer_id,
            "segment": subject.segment,
        }

    def _learn(self, lookup: Lookup, reading: Reading) -> None:
        """Add what an answer says about who this is, where it was not known: the next provider may be asked by it."""
        if reading.record is None:
            return
        found = lookup.canonical(reading.record)
        for canonical, name in IDENTIFYING.items():
            if canonical in found and name not in self.identity:
                self.identity[name] = SPELLINGS.get(name, str)(found[canonical])

    def results(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What came of each field, and the audit of those that changed."""
        decided = {name: self._decided(name, state) for name, state in self.fields.items()}
        audits = [self._audit(n, self.fields[n]) for n, row in decided.items() if row["state"] == "filled"]
        return list(decided.values()), audits

    def state(self) -> tuple[str, str | None]:
        """The job's state and its reason."""
        if any(s.progress.is_waiting for s in self.fields.values()):
            return "pending", "waiting for an answer that was promised"
        stopped = next((s.stopped for s in self.fields.values() if s.stopped), None)
        if stopped:
            return "failed", stopped
        empty = [s for s in self.fields.values() if s.is_needed and s.progress.best is None]
        passing = [t for s in empty for t in s.progress.tries if t.outcome in PASSING]
        if self.is_suppressed:
            return "completed", "a provider must not say anything about this person"
        if passing:
            return "failed", f"{passing[0].provider}: {passing[0].outcome}"
        return ("exhausted", "nobody had an answer") if empty else ("completed", None)

    def _decided(self, name: str, state: FieldState) -> dict[str, Any]:
        best, old = state.progress.best, self.job.subject.known.get(name)
        source = state.sources.get(best.provider) if best else None
        value = best.known if best else old
        return {
            "job_id": self.job.job_id,
            "field": name,
            "state": self._outcome(state, old),
            "provider": best.provider if best else None,
            "value": None if value is None else value.value,
            "confidence": value.confidence if value else None,
            "cost_usd": state.progress.cost,
            "latency_ms": source.latency_ms if source else None,
            "answer_id": source.answer_id if source else None,
            "reason": state.stopped or "; ".join(f"{p}: {why}" for p, why in state.progress.passed.items()) or None,
        }

    def _outcome(self, state: FieldState, old: Known | None) -> str:
        if state.progress.is_waiting:
            return "pending"
        if best := state.progress.best:
            return "filled" if is_better(best.known, old) else "kept"
        if not state.is_needed:
            return "kept"
        if self.is_suppressed:
            return "suppressed"
        return "stopped" if state.stopped else "empty"

    def _audit(self, name: str, state: FieldState) -> dict[str, Any]:
        best, old = state.progress.best, self.job.subject.known.get(name)
        return {
            "job_id": self.job.job_id,
            "subject_id": self.job.subject.subject_id,
            "field": name,
            "old_value": None if old is None else old.value,
            "new_value": best.known.value,
            "provider": best.provider,
            "confidence": best.known.confidence,
            "payload_hash": state.sources[best.provider].payload_hash or "",
        }


def shared(cost: Decimal, parts: int) -> list[Decimal]:
    """A cost as so many parts, in ten-thousandths of a dollar, that add up to it."""
    whole, rest = divmod(int(cost / UNIT), parts)
    return [UNIT * (whole + (place < rest)) for place in range(parts)]


def host(website: str) -> str:
    """Host of a website, without www."""
    name = urlsplit(website if "//" in website else f"//{website}").hostname or website
    return name.removeprefix("www.")


def profile(url: str) -> str:
    """Address of a profile, spelt alike whoever gives it: asked otherwise, the same question would be paid again."""
    return f"https://www.{host(url)}{urlsplit(url if '//' in url else f'//{url}').path.rstrip('/')}".lower()


SPELLINGS = {"domain": host, "linkedin": profile}


def _judged(
    lookup: Lookup, reading: Reading, name: str, provider: str, at: datetime, least: float
) -> tuple[str, Known | None]:
    """Outcome of an answer for one field, and the value where it is one that counts."""
    if reading.outcome is not Outcome.OK:
        return str(reading.outcome), None
    known = _known(lookup, reading, name, provider, at)
    if known is None:
        return "partial", None
    return ("ok", known) if known.confidence >= least else ("partial", None)


def _known(lookup: Lookup, reading: Reading, name: str, provider: str, at: datetime) -> Known | None:
    """The value that an answer has for a field; None when it has none."""
    if reading.record is None or not (values := lookup.values(reading.record).get(name)):
        return None
    said = lookup.confidence(reading.record, name)
    confidence = offer(provider, lookup.name).confidence if said is None else said
    is_verified = name == "email" and lookup.canonical(reading.record).get("email_verified") == "true"
    several = orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode()
    text = next(iter(values.values())) if len(values) == 1 else several
    return Known(text, confidence, at, is_verified, provider)
