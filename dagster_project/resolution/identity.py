"""Stable lead ids: which lead each cluster is, given the leads that its records were.

Pure functions over frames; nothing here knows how clusters were found. The rules:

* A cluster of new records is a new lead, named after its oldest record (earliest `seen_at`, then smallest id).
* A cluster keeps the lead its records had. Of several leads the oldest lives (earliest `valid_from`, then smallest
  record id of that time); the others become aliases and all their records move, those absent today included. So no
  current row names an alias, and an alias never leads again.
* A lead whose records parted goes with the part that holds most of them; at a tie with the part that holds its
  founding record, then with the one that holds the smallest record id.
* Any other part is a new lead, named after its oldest record *and the time of the split*: the record's own name may
  be the lead it just left, or an alias.
* A record that is absent today keeps its row.

Rows are only appended, and only for records whose lead changed.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

# Leads are named by uuid5 in a namespace of their own, so that no lead id equals a record id.
LEAD_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "leadhouse:lead")


def lead_id(record_id: str, split_at: datetime | None = None) -> str:
    """Id of the lead founded by a record; `split_at` when it was founded by splitting off another lead."""
    name = record_id if split_at is None else f"{record_id}\x1f{split_at.isoformat()}"
    return str(uuid.uuid5(LEAD_NAMESPACE, name))


def _lead_ids(names: pl.Series) -> pl.Series:
    """uuid5 of each name. A first run names two leads for every three records, and one by one in Python they take a
    twentieth of the whole run."""
    if names.is_empty():
        return pl.Series(dtype=pl.String)
    with duckdb.connect() as con:  # rows come back in their order
        con.register("names", pl.DataFrame({"name": names}).to_arrow())
        hashed = con.sql(f"select sha1(from_hex('{LEAD_NAMESPACE.hex}') || encode(name)) as digest from names").pl()  # noqa: S608
    # put together here, which takes a quarter of the time that DuckDB takes
    digit = pl.col("digest").str.slice
    variant = digit(16, 1).replace_strict(dict(zip("0123456789abcdef", "89ab" * 4, strict=True)))
    return hashed.select(
        lead_id=pl.format(
            "{}-{}-5{}-{}{}-{}", digit(0, 8), digit(8, 4), digit(13, 3), variant, digit(17, 3), digit(20, 12)
        )
    )["lead_id"]


def as_of(lead_map: pl.LazyFrame, at: datetime) -> pl.LazyFrame:
    """The map as it was known at a time: the last row of each record not after it."""
    return current(lead_map.filter(pl.col("valid_from") <= at))


def current(lead_map: pl.LazyFrame) -> pl.LazyFrame:
    """The last row of each record of each tenant and kind."""
    keys = ["org_id", "kind", "record_id"]
    return lead_map.sort("valid_from").unique(keys, keep="last", maintain_order=False)


def periods(lead_map: pl.LazyFrame) -> pl.LazyFrame:
    """The map with `valid_to`, null for the current rows, and `previous_lead_id`: a record was in the lead from
    `valid_from` until just before `valid_to`."""
    over = {"partition_by": ["org_id", "kind", "record_id"], "order_by": "valid_from"}
    return lead_map.with_columns(
        pl.col("valid_from").shift(-1).over(**over).alias("valid_to"),
        pl.col("lead_id").shift(1).over(**over).alias("previous_lead_id"),
    )


def living(aliases: pl.DataFrame, lead_map: pl.DataFrame) -> pl.DataFrame:
    """Each alias with the id that leads now, however many merges later: columns org_id, kind, alias_id, lead_id.

    `lead_map` are the current rows. An id that leads is no alias, whatever `aliases` says: a merge that was killed
    between its aliases and its map did not happen.
    """
    keys = ["org_id", "kind", "alias_id"]
    leading = lead_map.select("org_id", "kind", pl.col("lead_id").alias("alias_id")).unique()
    # A merge that was killed and found again has two rows of the same; one that came out otherwise has a later row.
    found = aliases.sort("valid_from").unique(keys, keep="last").join(leading, on=keys, how="anti")
    found = found.select(*keys, "lead_id")
    step = found.rename({"alias_id": "lead_id", "lead_id": "next_id"})
    while True:  # ends, because a lead is merged into an older one only
        moved = found.join(step, on=["org_id", "kind", "lead_id"], how="left")
        if moved["next_id"].null_count() == moved.height:
            return found
        found = moved.select("org_id", "kind", "alias_id", pl.coalesce("next_id", "lead_id").alias("lead_id"))


@dataclass(frozen=True)
class Assignment:
    """`leads`: record_id, lead_id of every clustered record; `changed`: record_id, lead_id of every record, absent
    ones included, whose lead is not what it was; `aliases`: alias_id, lead_id of the leads that ended."""

    leads: pl.DataFrame
    changed: pl.DataFrame
    aliases: pl.DataFrame


def assign(clusters: pl.DataFrame, previous: pl.DataFrame, now: datetime) -> Assignment:
    """Name the clusters.

    `clusters` has record_id, cluster, seen_at; `previous` has record_id, lead_id, valid_from: the current rows of the
    map, or all its rows, which also tells the true age of a lead that its first records left. `now` must be later than
    every `valid_from` if anything changes; ValueError otherwise, because the change would not be the latest row.
    """
    before = previous.sort("valid_from").unique("record_id", keep="last").select("record_id", "lead_id", "valid_from")
    known = clusters.join(before, on="record_id", how="left")
    heirs = _heirs(known)
    survivors = _survivors(heirs, _ages(previous))
    names = pl.concat([survivors.select("cluster", "lead_id"), _new_leads(known, survivors, now)])
    leads = clusters.select("record_id", "cluster").join(names, on="cluster").select("record_id", "lead_id")
    aliases = (
        heirs.join(survivors.select("cluster", pl.col("lead_id").alias("survivor")), on="cluster")
        .filter(pl.col("lead_id") != pl.col("survivor"))
        .select(pl.col("lead_id").alias("alias_id"), pl.col("survivor").alias("lead_id"))
        .sort("alias_id")
    )
    changed = pl.concat([_moved(leads, before), _followers(leads, before, aliases)]).sort("record_id")
    latest = previous["valid_from"].max()
    if changed.height and latest is not None and now <= latest:
        raise ValueError(f"the map has rows of {latest}, so nothing can change as of {now}")
    return Assignment(leads, changed, aliases)


def _heirs(known: pl.DataFrame) -> pl.DataFrame:
    """Which cluster each lead with present records goes with: lead_id, cluster."""
    parts = (
        known.filter(pl.col("lead_id").is_not_null())
        .group_by("lead_id", "cluster")
        .agg(pl.len().alias("size"), pl.col("record_id").min().alias("smallest"))
    )
    largest = parts.filter(pl.col("size") == pl.col("size").max().over("lead_id"))
    tied = largest.filter(pl.len().over("lead_id") > 1).select("lead_id", "cluster")
    founding = _founding_parts(known.join(tied, on=["lead_id", "cluster"], how="semi"))
    return (
        largest.join(founding, on=["lead_id", "cluster"], how="left")
        .sort(pl.col("founding").fill_null(value=False), pl.col("smallest"), descending=[True, False])
        .unique("lead_id", keep="first", maintain_order=True)
        .select("lead_id", "cluster")
    )


def _founding_parts(tied: pl.DataFrame) -> pl.DataFrame:
    """The parts that hold their lead's founding record: lead_id, cluster, founding. Only tied parts are looked at, so
    this loop over rows is short."""
    rows = [
        (row["lead_id"], row["cluster"], True)
        for row in tied.iter_rows(named=True)
        if row["lead_id"] in (lead_id(row["record_id"]), lead_id(row["record_id"], row["valid_from"]))
    ]
    schema = {"lead_id": pl.String, "cluster": tied.schema["cluster"], "founding": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _ages(previous: pl.DataFrame) -> pl.DataFrame:
    """When each lead began and with which record: lead_id, began_at, began_with."""
    return (
        previous.sort("valid_from", "record_id")
        .unique("lead_id", keep="first", maintain_order=True)
        .select("lead_id", pl.col("valid_from").alias("began_at"), pl.col("record_id").alias("began_with"))
    )


def _survivors(heirs: pl.DataFrame, ages: pl.DataFrame) -> pl.DataFrame:
    """The lead that lives in each cluster some lead went with: cluster, lead_id."""
    return (
        heirs.join(ages, on="lead_id")
        .sort("began_at", "began_with")
        .unique("cluster", keep="first", maintain_order=True)
        .select("cluster", "lead_id")
    )


def _new_leads(known: pl.DataFrame, survivors: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Names of the clusters that no lead went with: cluster, lead_id."""
    founders = (
        known.join(survivors, on="cluster", how="anti")
        .sort(pl.col("valid_from"), pl.col("seen_at"), pl.col("record_id"), nulls_last=True)
        .unique("cluster", keep="first", maintain_order=True)
    )
    split = pl.col("record_id") + f"\x1f{now.isoformat()}"
    named = pl.when(pl.col("lead_id").is_null()).then("record_id").otherwise(split)
    names = founders.select(named.alias("name"))["name"]
    return founders.select("cluster", _lead_ids(names).alias("lead_id"))


def _moved(leads: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Present records whose lead is new or another one: record_id, lead_id."""
    was = before.select("record_id", pl.col("lead_id").alias("was"))
    return (
        leads.join(was, on="record_id", how="left")
        .filter(pl.col("lead_id").ne_missing(pl.col("was")))
        .select("record_id", "lead_id")
    )


def _followers(leads: pl.DataFrame, before: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Absent records of leads that ended, which move with their lead: record_id, lead_id."""
    absent = before.join(leads, on="record_id", how="anti").select("record_id", pl.col("lead_id").alias("alias_id"))
    return absent.join(aliases, on="alias_id").select("record_id", "lead_id")
