"""Short ways to write overrides in tests: each letter is a record."""

from datetime import UTC, datetime, timedelta

from dagster_project.resolution.overrides import Override, Verdict

FIRST = datetime(2026, 2, 1, tzinfo=UTC)


def must(left: str, right: str, minute: int = 0) -> Override:
    return _override(Verdict.MUST_LINK, left, right, minute)


def cannot(left: str, right: str, minute: int = 0) -> Override:
    return _override(Verdict.CANNOT_LINK, left, right, minute)


def _override(verdict: Verdict, left: str, right: str, minute: int) -> Override:
    name, when = f"{verdict}-{left}-{right}", FIRST + timedelta(minutes=minute)
    return Override(name, "business", verdict, tuple(left), tuple(right), when, "ann", "seen")
