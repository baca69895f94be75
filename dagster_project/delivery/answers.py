"""Reads what a webhook endpoint answers: which class of outcome it is, record by record where the answer says so."""

import json
import math
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result
from dagster_project.delivery.redact import redact

# What a receiver may call the fate of one record.
STATUSES = {
    **dict.fromkeys(("delivered", "duplicate", "ok"), Outcome.DELIVERED),
    **dict.fromkeys(("retry", "transient"), Outcome.TRANSIENT),
    **dict.fromkeys(("rejected", "bad_request", "invalid"), Outcome.BAD_REQUEST),
    "suppressed": Outcome.SUPPRESSED,
}
# Verdicts on the content; other 4xx are verdicts on the address or on us.
ABOUT_THE_RECORDS = {400, 409, 413, 415, 422}
CLASSES = {
    **dict.fromkeys(ABOUT_THE_RECORDS, Outcome.BAD_REQUEST),
    **dict.fromkeys((401, 403, 407), Outcome.AUTH),
    **dict.fromkeys((408, 425), Outcome.TRANSIENT),
    429: Outcome.RATE_LIMITED,
}
LONGEST_WAIT = 86_400.0
UNSAID_WAIT = 5.0


def classify(rows: Sequence[OutboxRow], status: int, retry_after: str | None, body: bytes, now: float) -> list[Result]:
    """One result per row, from an answer to a post of these rows at Unix time `now`."""
    if 200 <= status < 300:
        return _per_record(rows, status, body)
    outcome = CLASSES.get(status, Outcome.TRANSIENT if status >= 500 else Outcome.GONE)
    wait = _seconds(retry_after, now) if outcome is Outcome.RATE_LIMITED else None
    return [Result(outcome, _reason(status, body), status, wait)] * len(rows)


def _per_record(rows: Sequence[OutboxRow], status: int, body: bytes) -> list[Result]:
    """Results of a 2xx: the body's, where it has them; a record it does not name was not taken."""
    said = _json(body).get("results")
    if not isinstance(said, list):
        return [Result(Outcome.DELIVERED, status_code=status)] * len(rows)
    answers = {str(a.get("idempotency_key")): a for a in said if isinstance(a, dict)}
    return [_one(answers.get(row.idempotency_key), status) for row in rows]


def _one(answer: dict | None, status: int) -> Result:
    if answer is None:
        return Result(Outcome.TRANSIENT, "the answer does not name this record", status)
    word = str(answer.get("status"))
    outcome = STATUSES.get(word)
    if outcome is None:
        return Result(Outcome.TRANSIENT, f"the answer has an unknown status {redact(word)!r}", status)
    reason = redact(str(answer["reason"])) if answer.get("reason") else None
    crm_id = str(answer["crm_id"]) if answer.get("crm_id") else None
    return Result(outcome, reason, status, crm_id=crm_id)


def _reason(status: int, body: bytes) -> str:
    """`HTTP 422`, with what the endpoint says of it, redacted."""
    content = _json(body)
    said = next((content[k] for k in ("message", "error", "detail") if isinstance(content.get(k), str)), "")
    return redact(f"HTTP {status} {said}".strip())


def _json(body: bytes) -> dict:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _seconds(header: str | None, now: float) -> float:
    """Seconds to wait: the header's, as a number or a date, within a day; a few when it says nothing usable."""
    try:
        seconds = float(header or UNSAID_WAIT)
    except ValueError:
        seconds = _seconds_until(header, now)
    return UNSAID_WAIT if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


def _seconds_until(date: str, now: float) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except ValueError:
        return UNSAID_WAIT
