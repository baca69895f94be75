"""What all of Apollo's answers have in common: the meaning of their statuses, and that a record has an id."""

from collections.abc import Mapping
from typing import Any

from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.windows import Window

# A team's, for each endpoint of enrichment and of search.
WINDOWS = (Window(1_000, 60),)
SEARCH_WINDOWS = (Window(200, 60), Window(400, 3_600), Window(2_000, 86_400))
# Most people or companies in one call.
MOST = 10


def verdict(answer: Answer) -> Verdict:
    """By status; a 429 about the day lasts until tomorrow. 401 is plain text."""
    own = {429: Outcome.QUOTA_EXHAUSTED} if "per day" in str(answer.content.get("message", "")) else None
    return by_status(answer, own, str(answer.content.get("error_code") or ""))


def identified(record: Any) -> Mapping[str, Any] | None:
    """The record, None for one that is empty. Raises LookupError or TypeError for one that has no id."""
    if record and not record["id"]:
        raise LookupError("a record has no id")
    return record or None
