"""What a page means for its question: whether more pages follow, whether it is cut up, what else it asks. Pure."""

from typing import Any

from dagster_project.sources.adapter import Ask, Endpoint, Page
from dagster_project.sources.area import Area
from dagster_project.sources.pages.progress import Track
from dagster_project.sources.split import split
from dagster_project.transport.messages import Answer

# What a reader raises when an answer is not shaped as documented.
SHAPE_ERRORS = (LookupError, TypeError, ValueError, AttributeError)
# Ends of a question, besides those of `progress.ANSWERED` and the classes of outcomes.
UNREADABLE, STUCK = "unreadable", "stuck"


def read(endpoint: Endpoint, track: Track, answer: Answer) -> tuple[Page, list[str | None]]:
    """The page that an answer is, and the key of each of its records. Raises one of `SHAPE_ERRORS`."""
    page = endpoint.page(track.ask, track.cursor, answer)
    return page, [endpoint.provider_key(record) for record in page.records]


def page_entry(track: Track, endpoint: Endpoint, page: Page, cap: int | None, area: Area | None) -> dict[str, Any]:
    """The part of a page's journal entry that says what it means."""
    found = len(page.records) + len(page.follow)
    parts = quarters(track, page, track.results + found, cap, area)
    return {
        "type": "page",
        "ask": track.ask.id,
        "endpoint": endpoint.name,
        "page": track.page,
        "next": page.next,
        "ended": "split" if parts else ending(track, page, track.results + found, cap),
        "records": len(page.records),
        "results": found,
        "total": page.total,
        "asks": [ask.text for ask in (*parts, *page.follow)],
    }


def quarters(track: Track, page: Page, results: int, cap: int | None, area: Area | None) -> list[Ask]:
    """The same question about the parts of its cell, when the provider holds results back; none when it cannot be cut.

    A total tells on the first page, and saves the pages that the parts would bring again; without one, an answer that
    reaches the cap may have been cut off.
    """
    if area is None or cap is None:
        return []
    is_over = page.total > cap if page.total is not None else results >= cap
    return split(track.ask, area) if is_over else []


def ending(track: Track, page: Page, results: int, cap: int | None) -> str | None:
    """How the question ended with this page; None when another follows."""
    if cap is not None and results >= cap and (page.next is not None or page.total is None or page.total > cap):
        return "capped"
    if page.next is None:
        return "complete"
    return STUCK if page.next == track.cursor else None
