"""What was called and what it cost: a line per call, a bill per provider, and which pages were answered twice."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

# Lines that are kept; the bill goes on.
MOST_LINES = 200_000


@dataclass
class Account:
    """One provider's part of the bill. `repeated` counts answers to a page that was fully answered before that day."""

    calls: int = 0
    answered: int = 0
    records: int = 0
    charged: Decimal = Decimal(0)
    repeated: int = 0
    charged_again: Decimal = Decimal(0)
    statuses: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "charged": str(self.charged), "charged_again": str(self.charged_again)}


@dataclass(frozen=True)
class Line:
    """One call. `fault` is what was done to it, `charged` what it cost: nothing when it was not handed over whole,
    unless the fault is just that; `request_id` is what the caller named it by, in the header X-Request-Id."""

    provider: str
    endpoint: str
    question: str
    page: str
    status: int
    records: int
    charged: Decimal
    fault: str | None
    day: int
    request_id: str = ""


class Ledger:
    """All calls since the start or the last reset."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque(maxlen=MOST_LINES)
        self.accounts: defaultdict[str, Account] = defaultdict(Account)
        self.handed: set[tuple[str, str, str, int]] = set()

    def write(self, line: Line, is_answer: bool) -> None:
        """Note a call; an answer is one that the provider counts as given."""
        account, page = self.accounts[line.provider], (line.provider, line.question, line.page, line.day)
        account.calls += 1
        account.statuses[line.fault or str(line.status)] += 1
        if is_answer:
            account.answered += 1
            account.records += line.records
            account.charged += line.charged
            if page in self.handed:
                account.repeated += 1
                account.charged_again += line.charged
            self.handed.add(page)
        self.lines.append(line)

    def bill(self) -> dict[str, dict[str, Any]]:
        """Provider to its account; money as text."""
        return {provider: account.as_dict() for provider, account in sorted(self.accounts.items())}

    def calls(self, provider: str | None = None, limit: int = 1_000) -> list[dict[str, Any]]:
        """The latest calls, oldest first."""
        found = [line for line in self.lines if provider in (None, line.provider)][-limit:]
        return [{**vars(line), "charged": str(line.charged)} for line in found]
