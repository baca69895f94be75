"""What a person wants to see of a campaign's plan before it runs. Pure rendering: everything is in the `Plan`."""

from decimal import Decimal
from typing import Any

import orjson
from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dagster_project.sources.area import Box
from dagster_project.sources.planned import Part, Plan, Query

WIDTH = 100
QUESTION_SHOWN = 45
NUMBERS = ("questions", "pages", "calls", "records", "cost")


def render_plan(plan: Plan, console: Console) -> None:
    """Print the plan, at most 100 columns wide; its last line says whether it is accepted."""
    width = min(console.width, WIDTH)
    console.print(Text(headline(plan), style="bold"), width=width)
    for part in (_providers(plan), _notes(plan)):
        console.print(Padding(part, (1, 0, 0, 2)), width=width)
    for warning in plan.warnings:
        console.print(Text(f"! {warning}", style="yellow"), width=width)
    console.print(verdict(plan), width=width)


def render_questions(plan: Plan, console: Console) -> None:
    """Print every planned question: to whom, what, around which point, and what it should bring and cost."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("provider", no_wrap=True)
    table.add_column("question", overflow="fold")
    table.add_column("around", no_wrap=True)
    for name in ("pages", "records", "cost"):
        table.add_column(name, justify="right", no_wrap=True)
    for part in plan.parts:
        for query in part.queries:
            figures = (f"{query.pages:,}", f"{query.records:,.0f}", usd(query.cost))
            table.add_row(part.provider, Text(_asked(query)), _around(query.cell), *figures)
    console.print(table, width=min(console.width, WIDTH))


def headline(plan: Plan) -> str:
    """Campaign, vertical and place in one line."""
    size = f" ({plan.area_km2:,.0f} km²)" if plan.area_km2 else ""
    where = f" in {plan.place}{size}" if plan.place else size
    return f"Plan of {plan.campaign} (version {plan.version}): {plan.vertical}{where}"


def verdict(plan: Plan) -> Text:
    """The plan's last line: what it comes to, or why it is refused."""
    if plan.is_refused:
        return Text(f"Refused: {plan.reason}", style="bold red")
    share = f" of ${plan.max_cost_usd:,.2f}"
    return Text(f"Accepted: {plan.records:,} records expected for {usd(plan.cost)}{share}", style="bold green")


def usd(amount: Decimal) -> str:
    """Dollars and cents; more digits below a cent."""
    return f"${amount:,.4f}" if 0 < amount < Decimal("0.01") else f"${amount:,.2f}"


def _providers(plan: Plan) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("provider", overflow="fold")
    for name in NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("basis", overflow="fold")
    for part in plan.parts:
        table.add_row(Text(part.provider), *_figures(part), Text(_basis(part), style="dim"))
    if plan.is_geocoded:
        table.add_row("geocoding", "1", "1", "1", "–", usd(plan.geocoding_usd), Text("to place the city", style="dim"))
    table.add_section()
    table.add_row("all", "", "", f"{plan.calls:,}", f"{plan.records:,}", usd(plan.cost), _limits(plan))
    return table


def _asked(query: Query) -> str:
    """Endpoint and parameters on a line, the short ones first, cut off where it gets long."""
    said = sorted((f"{name}={_said(value)}" for name, value in query.ask.params.items()), key=len)
    text = " ".join([query.endpoint, *said])
    return text if len(text) <= QUESTION_SHOWN else f"{text[: QUESTION_SHOWN - 1]}…"


def _said(value: Any) -> str:
    """A parameter of a question: its words, or JSON where it is more than that."""
    words = value if isinstance(value, list) else [value]
    if all(isinstance(word, str | int | float) for word in words):
        return ",".join(str(word) for word in words)
    return orjson.dumps(value).decode()


def _around(cell: Box | None) -> str:
    if cell is None:
        return "–"
    return f"{cell.centre.lat:.2f}, {cell.centre.lon:.2f} ± {cell.radius_km:,.1f} km"


def _figures(part: Part) -> list[str]:
    if part.skipped:
        return ["–"] * len(NUMBERS)
    return [f"{len(part.queries):,}", f"{part.pages:,}", f"{part.calls:,}", f"{part.records:,}", usd(part.cost)]


def _basis(part: Part) -> str:
    if part.skipped:
        return "skipped"
    density = f" {part.density_per_km2:.3g} per km²" if part.density_per_km2 else ""
    return f"{part.basis}{density}"


def _limits(plan: Plan) -> Text:
    records = f", {plan.max_records:,} records" if plan.max_records else ""
    return Text(f"budget ${plan.max_cost_usd:,.2f}{records}", style="dim")


def _notes(plan: Plan) -> RenderableType:
    """What holds for single providers: what its terms forbid, what it may cost."""
    table = Table.grid(padding=(0, 2))
    for part in plan.parts:
        own = part.max_cost_usd is not None and part.max_cost_usd < plan.max_cost_usd
        notes = [
            f"terms: {part.terms}" if part.terms else "",
            f"budget ${part.max_cost_usd:,.2f}" if own else "",
            f"at most {part.max_records:,} records"
            if part.max_records and part.max_records != plan.max_records
            else "",
        ]
        if told := "; ".join(note for note in notes if note):
            table.add_row(Text(part.provider), Text(told, style="dim", overflow="fold"))
    return table
