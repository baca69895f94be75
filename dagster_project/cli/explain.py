"""`leadhouse explain A B`: why two records or leads are one, or are not. Exit codes: see `asked`."""

import json
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from dagster_project import settings
from dagster_project.cli.asked import AsJson, Org, Side, find, identify, overrides, told
from dagster_project.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from dagster_project.resolution.explain import Explanation
    from dagster_project.resolution.references import Reference


def explain(a: Side, b: Side, org: Org = None, as_json: AsJson = False) -> None:
    """Show why two records or leads are one, or are not: weights, rules, threshold, decisions, the chain between them.

    Example: leadhouse explain yelp:bobs-tacos openbrewerydb:b54b16e1

    A lead that was merged into another is explained as it was before.
    """
    conf = settings.load(org_id=org)
    left, right = _asked(a, b, conf)
    with told():
        found = _explanation(left, right, conf)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
        return
    if found.evidence:
        Console().print(_both(_shown(found, conf)))
    typer.echo("\n".join(found.lines()))


def _asked(a: str, b: str, conf: Settings) -> tuple["Reference", "Reference"]:
    """Both sides, no record on both."""
    from dagster_project.contracts import LEAD_MAP
    from dagster_project.resolution.references import as_it_was, sides
    from dagster_project.resources.lake import Lake

    lead_map = Lake(conf.data_dir / "lake").scan(LEAD_MAP, conf.org_id)
    found = []
    for text in (a, b):
        reference, wanted = find(text, conf), identify(text, conf.org_id)
        found.append(reference if reference.id == wanted else as_it_was(wanted, reference, lead_map))
    try:
        return sides(*found)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _explanation(left: "Reference", right: "Reference", conf: Settings) -> "Explanation":
    """The explanation by today's records, and by what the last walk learned beside the model."""
    from dagster_project.contracts import MERGE_GRAPH
    from dagster_project.resolution import explain as explaining
    from dagster_project.resolution.evidence import opened
    from dagster_project.resolution.kinds import kind_named
    from dagster_project.resolution.scoring import Scoring
    from dagster_project.resources.lake import Lake

    lake = Lake(conf.data_dir / "lake")
    stats = lake.manifest(MERGE_GRAPH, conf.org_id, left.kind)["stats"]
    files = lake.files(kind_named(left.kind).table, conf.org_id)
    # what an older walk did not note is learned again, which compares all records as a walk does
    scoring = Scoring(stats["prior"], stats["apart"]) if "prior" in stats else None
    with opened(files, left.kind, conf.org_id, scoring=scoring) as world:
        return explaining.explain(
            world,
            left,
            right,
            threshold=stats["threshold_bits"],
            graph=lake.scan(MERGE_GRAPH, conf.org_id, left.kind),
            overrides=overrides(conf).active(left.kind),
        )


def _shown(found: "Explanation", conf: Settings) -> "pl.DataFrame":
    """The two records that are most alike, in the columns a person compares."""
    from dagster_project.resolution.kinds import kind_named
    from dagster_project.resolution.shown import latest
    from dagster_project.resources.lake import Lake

    staged = Lake(conf.data_dir / "lake").scan(kind_named(found.kind).table, conf.org_id)
    both = [found.evidence.left_record, found.evidence.right_record]
    return latest(staged, found.kind, both).sort("record_id")


def _both(records: "pl.DataFrame") -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=False)
    for name in records.columns:
        one, other = records[name].to_list()
        if one or other:
            table.add_row(name, one or "", other or "", "" if one == other or not (one and other) else "≠")
    return table
