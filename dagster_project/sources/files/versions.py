"""Change detection: which received rows are new versions, and which were known already.

A row is compared with the version of its record that came before it: the row before it in this partition, else the
last version before the partition. Comparing with *any* earlier version would hide a return to an old value.
"""

import polars as pl

# From so many rows on, records are decided in parts.
PART_ROWS = 50_000
KNOWN_SCHEMA = {"record_id": pl.String(), "payload_hash": pl.String()}


def decide_versions(seen: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """For each row of `seen` (record_id, payload_hash, received_at; in order of arrival), in the same order:

    - `is_accepted`: it is a new version and becomes a row of raw records;
    - `fetched_at`: the latest time its content became the record's version again. In A → B → A the third row adds no
      second A, because a partition holds each content once; it makes the first A the latest version.

    `known` has record_id and payload_hash of the last version before the partition.
    """
    before = seen.join(known.rename({"payload_hash": "known"}), on="record_id", how="left", maintain_order="left")
    previous = pl.col("payload_hash").shift(1).over("record_id").fill_null(pl.col("known"))
    changes = before.with_columns(is_change=previous.ne_missing(pl.col("payload_hash"))).with_row_index("row")
    turns = changes.filter("is_change").select("row", "record_id", "payload_hash", "received_at")
    firsts = turns.group_by("record_id", "payload_hash", maintain_order=True).agg(
        pl.col("row").first(), pl.col("received_at").max().alias("fetched_at")
    )
    decided = changes.select("row").join(
        firsts.select("row", "fetched_at"), on="row", how="left", maintain_order="left"
    )
    return decided.select(pl.col("fetched_at").is_not_null().alias("is_accepted"), "fetched_at")


def decided_in_parts(seen: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """`decide_versions`, a sixteenth of the records at a time: each is decided by its own rows alone, and joining all
    at once would take several times the memory of the rows."""
    if seen.height < PART_ROWS:
        return decide_versions(seen, known)
    rows, parts = pl.int_range(seen.height, eager=True), []
    for digit in "0123456789abcdef":
        mine = seen["record_id"].str.starts_with(digit)
        decided = decide_versions(seen.filter(mine), known.filter(pl.col("record_id").str.starts_with(digit)))
        parts.append(decided.with_columns(rows.filter(mine).alias("row")))
    return pl.concat(parts).sort("row").drop("row")


def sightings(seen: pl.DataFrame) -> pl.DataFrame:
    """record_id, payload_hash and last_seen_at of each record's last row."""
    return seen.group_by("record_id", maintain_order=True).agg(
        pl.col("payload_hash").last(), pl.col("received_at").max().alias("last_seen_at")
    )


def known_versions(known: dict[str, str] | pl.DataFrame) -> pl.DataFrame:
    """The last versions before a partition as a frame of record_id and payload_hash."""
    if isinstance(known, pl.DataFrame):
        return known.select(KNOWN_SCHEMA.keys())
    return pl.DataFrame({"record_id": list(known), "payload_hash": list(known.values())}, schema=KNOWN_SCHEMA)
