"""Which of two values of a field is better: what enrichment may replace, and what it leaves alone.

The rule, in order: a verified value is only replaced by a verified one; then the surer one is better; then the more
recent one. Nothing is lost either way: the answer's record stays, and the golden record's losers are in
`fct_lost_values`.
"""

from datetime import UTC, datetime

from dagster_project.enrichment.subject import Known

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def is_better(new: Known, old: Known | None) -> bool:
    """Whether a value should take the place of what is there."""
    if old is None:
        return True
    return _rank(new) > _rank(old)


def needs_asking(old: Known | None, min_confidence: float) -> bool:
    """Whether a field is worth a question: nothing is there, or nothing that is sure enough."""
    return old is None or (not old.is_verified and old.confidence < min_confidence)


def _rank(known: Known) -> tuple[bool, float, datetime]:
    return known.is_verified, round(known.confidence, 4), known.fetched_at or LONG_AGO
