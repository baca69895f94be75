"""`leadhouse review …`: the pairs whose answer tells most, as a file to fill in, and the answers taken back.

Answers become overrides. Exit codes: see `asked`; 1 also when an answer contradicts another decision.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import settings
from dagster_project.cli.asked import AsJson, Org, Who, overrides, person, told
from dagster_project.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from dagster_project.resolution.override_store import Overrides
    from dagster_project.resolution.overrides import Verdict

review_app = typer.Typer(no_args_is_help=True, help="Uncertain pairs: questions for a person, and their answers.")

PAIR = ["kind", "record_id_l", "record_id_r"]
ANSWER = "is_same"


@dataclass(frozen=True)
class Answered:
    """One answer of a file: what it decides about which two records."""

    line: int
    kind: str
    left: str
    right: str
    verdict: "Verdict"


@dataclass
class Imported:
    """What came of a file's answers."""

    new: int = 0
    known: int = 0
    contradictions: list[str] = field(default_factory=list)


@review_app.command("export")
def export_questions(
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("review.csv"),
    n: Annotated[int, typer.Option("--n", min=1, help="At most so many pairs.")] = 50,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Write the pairs whose answer would tell most, both records side by side, with a column to answer yes or no.

    Example: leadhouse review export --out review.csv --n 50
    """
    conf = settings.load(org_id=org)
    with told():
        asked = questions(conf, n)
    asked.write_csv(out, include_bom=True, line_terminator="\r\n")  # the mark by which Excel knows UTF-8
    if as_json:
        typer.echo(json.dumps({"file": str(out), "pairs": asked.height}))
    else:
        typer.echo(
            f"{out}: {asked.height} pairs. Answer yes or no in column {ANSWER}, then: leadhouse review import {out}"
        )


@review_app.command("import")
def import_answers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file of `review export`, filled in.")],
    who: Who = None,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Take the answers of FILE as decisions that hold from the next walk on. The same file twice decides nothing new.

    Example: leadhouse review import review.csv --who ann

    Nothing is taken when an answer cannot be understood (exit code 2). An answer that is now the other way round takes
    the place of the earlier; one that contradicts other decisions is left out and told (exit code 1).
    """
    from dagster_project.resolution.override_store import Contradiction

    conf, done = settings.load(org_id=org), Imported()
    answers = read_answers(file)
    with told():
        store = overrides(conf)
        for answer in answers:
            try:
                is_new = take(store, answer, person(who), f"answer in {file.name}")
            except Contradiction as error:
                done.contradictions.append(f"line {answer.line}: {error}")
            else:
                done.new, done.known = done.new + is_new, done.known + (not is_new)
    if as_json:
        typer.echo(json.dumps(vars(done), ensure_ascii=False))
    else:
        typer.echo(f"{done.new} decisions made, {done.known} known already. They hold from the next walk on.")
        typer.echo("".join(f"Left out, {sentence}\n" for sentence in done.contradictions), nl=False, err=True)
    if done.contradictions:
        raise typer.Exit(1)


def questions(conf: Settings, most: int) -> "pl.DataFrame":
    """The pairs to ask about, the best first, none that somebody has decided; cells that no spreadsheet runs."""
    import polars as pl

    from dagster_project.contracts import REVIEW_PAIRS
    from dagster_project.delivery.csv_file import guard
    from dagster_project.resolution.kinds import KINDS
    from dagster_project.resources.lake import Lake

    lake, store, parts = Lake(conf.data_dir / "lake"), overrides(conf), []
    for kind in KINDS:
        asked = lake.scan(REVIEW_PAIRS, conf.org_id, kind).sort("rank").collect()
        open_ones = _undecided(asked, store.active(kind))
        parts.append(_side_by_side(lake, conf.org_id, kind, asked.filter(open_ones).head(most)))
    # of two kinds each in turn, then the columns that either has
    joined = pl.concat(parts, how="diagonal").sort("rank", "kind").head(most).drop("rank")
    return joined.select(pl.all().cast(pl.String)).select(guard(pl.col(name)).alias(name) for name in joined.columns)


def read_answers(file: Path) -> list[Answered]:
    """The answered lines of a file, whichever delimiter the spreadsheet saved it with. Exits with 2 for a file or an
    answer that cannot be understood."""
    from dagster_project.resolution.review import answer

    with file.open(encoding="utf-8-sig", newline="") as text:
        first = text.readline()
        text.seek(0)
        rows = csv.DictReader(text, delimiter=max(",;\t", key=first.count))
        if missing := [name for name in (*PAIR, ANSWER) if name not in (rows.fieldnames or [])]:
            raise typer.BadParameter(
                f"{file} has no column {', '.join(missing)}; is it from `leadhouse review export`?"
            )
        found = []
        for line, row in enumerate(rows, start=2):
            try:
                verdict = answer(row[ANSWER])
            except ValueError as error:
                raise typer.BadParameter(f"{file}, row {line}: {error}") from None
            if verdict:
                found.append(Answered(line, *(row[name] for name in PAIR), verdict))
    return found


def take(store: "Overrides", answer: Answered, by: str, why: str) -> bool:
    """Record an answer; returns whether it is new. Raises Contradiction."""
    from dagster_project.resolution.override_store import Side

    sides = Side(answer.left, [answer.left]), Side(answer.right, [answer.right])
    return store.decide(answer.kind, answer.verdict, sides, by, why, overrule=True)[1]


def _undecided(asked: "pl.DataFrame", active: Sequence) -> "pl.Series":
    import polars as pl

    from dagster_project.resolution.overrides import verdicts

    pairs = asked.select("record_id_l", "record_id_r").iter_rows()
    return pl.Series([found is None for found in verdicts(active, pairs)], dtype=pl.Boolean)


def _side_by_side(lake: object, org_id: str, kind: str, asked: "pl.DataFrame") -> "pl.DataFrame":
    """Pairs with an empty answer and both records' columns, each beside its counterpart."""
    import polars as pl

    from dagster_project.resolution.kinds import kind_named
    from dagster_project.resolution.shown import COLUMNS, latest

    records = latest(lake.scan(kind_named(kind).table, org_id), kind, [*asked["record_id_l"], *asked["record_id_r"]])
    for side in ("l", "r"):
        named = records.rename({name: f"{name}_{side}" for name in records.columns})
        asked = asked.join(named, on=f"record_id_{side}", how="left")
    probability = pl.col("match_probability").round(4)
    beside = [f"{name}_{side}" for name in COLUMNS[kind] for side in ("l", "r")]
    answer = pl.lit("").alias(ANSWER)
    return asked.sort("rank").select("rank", answer, "reason", probability, *beside, *PAIR)
