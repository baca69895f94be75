"""What a person wants to see when a walk is done, and the same as JSON for a program.

Pure rendering: `WalkSummary` is everything there is to say, `summary` gathers it, and nothing here reads a store. Lines
fit 100 columns. People appear by title and masked e-mail only, because terminals end up in logs.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

WIDTH = 100
BAR_WIDTH = 20
BEST_SHOWN = 10
REASONS_SHOWN = 6


@dataclass(frozen=True)
class SourceCount:
    """What became of one source's rows; received = accepted + quarantined + duplicate."""

    source: str
    received: int
    accepted: int
    quarantined: int
    duplicate: int


@dataclass(frozen=True)
class Refusal:
    """How often one reason (such as invalid_phone) refused a row (stage land) or a value (stage normalize)."""

    reason: str
    stage: str
    count: int


@dataclass(frozen=True)
class Matching:
    """Records of one kind and the entities they are of; the figures are None where no truth is known."""

    kind: str
    records: int
    entities: int
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    largest_cluster: int | None = None

    @property
    def merged(self) -> int:
        """Records beyond the first of each entity."""
        return self.records - self.entities


@dataclass(frozen=True)
class Held:
    """How many leads one reason holds back from delivery; a lead may have several."""

    reason: str
    leads: int


@dataclass(frozen=True)
class BestLead:
    """One of the highest scores. `reasons` are short phrases; the contact's e-mail is masked on the way out."""

    lead_id: str
    name: str
    city: str | None
    score: float
    grade: str
    reasons: Sequence[str] = ()
    contact_title: str | None = None
    contact_email: str | None = None


@dataclass(frozen=True)
class Delivered:
    """Writes of this walk's batch to one destination; `unchanged` leads were not sent again."""

    destination: str
    acknowledged: int = 0
    unchanged: int = 0
    pending: int = 0
    failed: int = 0
    dead: int = 0
    suppressed: int = 0


@dataclass(frozen=True)
class WalkSummary:
    """Everything there is to say about a finished walk."""

    org_id: str
    sources: Sequence[SourceCount]
    matching: Sequence[Matching]
    leads: int = 0
    people_alone: int = 0
    """Leads that are a person without a company."""
    contacts: int = 0
    failed: Sequence[str] = ()
    """Why providers failed, in sentences."""
    refusals: Sequence[Refusal] = ()
    """Every reason, any order; the most frequent are shown."""
    best: Sequence[BestLead] = ()
    """Highest score first; the first ten are shown."""
    held: Sequence[Held] = ()
    """Every reason, the most frequent first; the first are shown."""
    delivered: Sequence[Delivered] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    """Room or step to wall seconds, in the order of the walk."""
    places: dict[str, str] = field(default_factory=dict)
    """Where things are: label (Dagster UI, marts, export …) to command, path or address."""
    next_steps: dict[str, str] = field(default_factory=dict)
    """Command to try to its purpose."""

    @property
    def received(self) -> int:
        return sum(source.received for source in self.sources)

    @property
    def quarantined(self) -> int:
        return sum(source.quarantined for source in self.sources)


def render(console: Console, summary: WalkSummary) -> None:
    """Print the summary, at most 100 columns wide; parts without rows are left out."""
    width = min(console.width, WIDTH)
    parts = [
        ("Received", _sources(summary.sources) if summary.sources else None),
        ("Failed", Group(*map(Text, summary.failed)) if summary.failed else None),
        ("Refused", _refusals(summary.refusals) if summary.refusals else None),
        ("Duplicates", _matching(summary.matching) if summary.matching else None),
        ("Best leads", _best(summary.best[:BEST_SHOWN]) if summary.best else None),
        ("Held back", _held(summary.held) if summary.held else None),
        ("Delivered", _delivered(summary.delivered) if summary.delivered else None),
        ("Time", _seconds(summary.seconds) if summary.seconds else None),
        ("Where things are", _pairs(summary.places) if summary.places else None),
        ("What to try next", _pairs(summary.next_steps) if summary.next_steps else None),
    ]
    console.print(Text(headline(summary), style="bold"), width=width)
    for title, part in parts:
        if part is not None:
            console.print(Rule(title, align="left", style="dim"), width=width)
            console.print(Padding(part, (0, 0, 1, 2)), width=width)


def as_json(summary: WalkSummary) -> str:
    """The summary as a JSON object, e-mails masked, with the totals that `render` shows in its first line."""
    document = asdict(summary) | {"received": summary.received, "quarantined": summary.quarantined}
    for lead in document["best"]:
        lead["contact_email"] = mask(lead["contact_email"])
    for row, matching in zip(document["matching"], summary.matching, strict=True):
        row["merged"] = matching.merged
    return json.dumps(document, indent=2, ensure_ascii=False)


def headline(summary: WalkSummary) -> str:
    """The walk in one sentence: rows in, refused, leads and contacts out."""
    known = sum(source.duplicate for source in summary.sources)
    alone = f" ({summary.people_alone:,} a person without a company)" if summary.people_alone else ""
    return (
        f"Tenant {summary.org_id}: {summary.received:,} rows in, {summary.quarantined:,} quarantined, "
        f"{known:,} already known; {summary.leads:,} leads{alone} and {summary.contacts:,} contacts out"
    )


def mask(email: str | None) -> str | None:
    """An e-mail with all but its first letter and its domain hidden; None when there is none."""
    if not email or "@" not in email:
        return None
    local, domain = email.rsplit("@", 1)
    return f"{local[:1]}•••@{domain}"


def _sources(sources: Sequence[SourceCount]) -> RenderableType:
    table = _table("source", numbers=["received", "accepted", "quarantined", "duplicate"])
    for s in sources:
        table.add_row(Text(s.source), *_counts([s.received, s.accepted, s.quarantined, s.duplicate]))
    totals = [sum(getattr(s, name) for s in sources) for name in ("received", "accepted", "quarantined", "duplicate")]
    table.add_section()
    table.add_row(Text("all"), *_counts(totals))
    return table


def _refusals(refusals: Sequence[Refusal]) -> RenderableType:
    table = _table("reason", "what was refused", numbers=["count"])
    for refusal in sorted(refusals, key=lambda r: (-r.count, r.reason))[:REASONS_SHOWN]:
        what = "the whole row" if refusal.stage == "land" else "one value, the row went on"
        table.add_row(Text(refusal.reason), what, *_counts([refusal.count]))
    return table


def _matching(matching: Sequence[Matching]) -> RenderableType:
    table = _table("kind", numbers=["records", "entities", "merged", "precision", "recall", "F1", "largest"])
    for m in matching:
        figures = ["–" if f is None else f"{f:.3f}" for f in (m.precision, m.recall, m.f1)]
        largest = "–" if m.largest_cluster is None else f"{m.largest_cluster:,}"
        table.add_row(Text(m.kind), *_counts([m.records, m.entities, m.merged]), *figures, largest)
    return table


def _best(leads: Sequence[BestLead]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for lead in leads:
        about = [lead.city, lead.contact_title, mask(lead.contact_email)]
        lines = [
            Text.assemble((lead.name, "bold"), *(f" · {fact}" for fact in about if fact)),
            Text(" · ".join(lead.reasons), style="dim"),
        ]
        table.add_row(Text(f"{lead.score:.0f} {lead.grade}"), Group(*lines))
    return table


def _held(held: Sequence[Held]) -> RenderableType:
    table = _table("why leads are not delivered", numbers=["leads"])
    for reason in held[:REASONS_SHOWN]:
        table.add_row(Text(reason.reason), *_counts([reason.leads]))
    return table


def _delivered(delivered: Sequence[Delivered]) -> RenderableType:
    names = ["acknowledged", "unchanged", "pending", "failed", "dead", "suppressed"]
    table = _table("destination", numbers=names)
    for d in delivered:
        table.add_row(Text(d.destination), *_counts([getattr(d, name) for name in names]))
    return table


def _seconds(seconds: dict[str, float]) -> RenderableType:
    longest = max(seconds.values()) or 1.0
    table = _table("room", numbers=["seconds"])
    table.add_column("", no_wrap=True)
    for room, spent in seconds.items():
        table.add_row(Text(room), f"{spent:.1f}", Text("█" * round(BAR_WIDTH * spent / longest), style="dim"))
    table.add_section()
    table.add_row(Text("all"), f"{sum(seconds.values()):.1f}")
    return table


def _pairs(pairs: dict[str, str]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for left, right in pairs.items():
        table.add_row(Text(left), Text(right, style="dim", overflow="fold"))
    return table


def _table(*texts: str, numbers: Iterable[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for text in texts:
        table.add_column(text, overflow="fold", no_wrap=bool(numbers))
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    return table


def _counts(values: Iterable[int]) -> list[str]:
    return [f"{value:,}" for value in values]
