"""What a materialisation shows: row counts, small tables and small plots. No asset logic here."""

import base64
import time
from collections.abc import Iterable

import dagster as dg
import polars as pl

TABLE_ROWS = 12


class Stopwatch:
    """Wall seconds, from its making on."""

    def __init__(self) -> None:
        self.started = self.lap_started = time.perf_counter()

    def seconds(self) -> float:
        """Since the start."""
        return round(time.perf_counter() - self.started, 2)

    def lap(self) -> float:
        """Since the last lap, or the start."""
        began, self.lap_started = self.lap_started, time.perf_counter()
        return round(self.lap_started - began, 2)


def table(frame: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """The first rows of a frame as a Markdown table; counts get thousands separators."""
    if not frame.width:
        return dg.MetadataValue.md("none")
    head = frame.head(TABLE_ROWS)
    lines = [f"| {' | '.join(map(_cell, head.columns))} |", "|" + "---|" * head.width]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in head.iter_rows()]
    if frame.height > TABLE_ROWS:
        lines.append(f"\n… {frame.height - TABLE_ROWS:,} more rows")
    return dg.MetadataValue.md("\n".join(lines))


def bars(labels: Iterable[str], counts: Iterable[float], title: str) -> dg.MarkdownMetadataValue:
    """A horizontal bar chart, in the order given, as an image inside Markdown; null, NaN and infinity have no bar."""
    import altair as alt

    frame = pl.DataFrame(
        {"label": list(labels), "count": list(counts)}, schema={"label": pl.String, "count": pl.Float64}
    ).with_columns(pl.when(pl.col("count").is_finite()).then("count").alias("count"))
    base = alt.Chart(frame, title=title).encode(
        x=alt.X("count", title=None), y=alt.Y("label", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    )
    chart = base.mark_bar() + base.mark_text(align="left", dx=3).encode(text=alt.Text("count", format=",.6~g"))
    return chart_image(chart.properties(width=420, height=max(1, frame.height) * 18).to_json(), title, scale=1.5)


def chart_image(spec: str, title: str, scale: float = 1) -> dg.MarkdownMetadataValue:
    """A Vega-Lite chart, given as JSON, as an image inside Markdown."""
    import vl_convert

    png = vl_convert.vegalite_to_png(spec, scale=scale)
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}"
    text = "" if value is None else " ".join(str(value).splitlines())
    return text.replace("\\", "\\\\").replace("|", "\\|")
