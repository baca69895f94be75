"""What all of Apollo's calls have in common: their limits, and the meaning of the answers' statuses."""

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
