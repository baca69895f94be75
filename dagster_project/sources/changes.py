"""What changed between two versions of a record, field by field, and which records went or came back.

Pure: frames of canonical text fields in, SOURCE_CHANGES rows out. Which versions are compared, and where their payloads
lie, is known to the caller.
"""

import json
from collections.abc import Iterator

import polars as pl

from dagster_project.contracts import FIELDS, SOURCE_CHANGES
from dagster_project.sources.area import EARTH_KM

CHANGE_TYPES = {
    "review_count": "reviews",
    "rating": "reviews",
    "last_reviewed_at": "reviews",
    "job_posts": "job_posts",
    "press_mentions": "press",
    "executives": "executives",
    "funding_rounds": "funding",
}
# One row per item that came or went.
ITEMISED = {"tech_signals": ("tech_removed", "tech_added"), "executives": ("executives", "executives")}
# Lists, in any order, with what parts their items where they are not JSON.
SEPARATORS = {"alt_names": "|", "jurisdiction": "|", "tags": "|,;", "tech_signals": "|,;", "executives": "|"}
# An address that was not known before is learned, and one that is no longer given is lost: neither is a move.
PLACE = ("address", "address_line1", "city", "postal")
# Less than this is taken for a correction of the map, not for a move.
MOVED_METRES = 50.0
RECORD = "record"


def changes(before: pl.DataFrame, after: pl.DataFrame, kind: str) -> pl.DataFrame:
    """SOURCE_CHANGES rows of the versions `after`, each compared with the same row of `before`.

    Both have the identity columns and the fields of the kind as extraction gives them; `status` is compared as its
    canonical words. A version whose fields are all the same gives no row. Raises ValueError when the rows do not pair.
    """
    if before["record_id"].to_list() != after["record_id"].to_list():
        raise ValueError("each version needs the one before it in the same row")
    identity = after.select(
        *("org_id", "record_id", "provider", "provider_key", "source", "partition_date", "payload_hash"),
        before["payload_hash"].alias("previous_hash"),
        pl.col("fetched_at").alias("changed_at"),
    )
    pairs = pl.concat([identity, _sides(before, kind, "old"), _sides(after, kind, "new")], how="horizontal")
    pairs = pairs.with_columns(metres=_metres() if "lat" in FIELDS[kind] else None)
    return pl.concat([SOURCE_CHANGES.empty(), *_changed(pairs, kind)])


def presence(before: pl.DataFrame, now: pl.DataFrame, earlier: pl.DataFrame, *, is_complete: bool) -> pl.DataFrame:
    """record_id, payload_hash (the last known) and change_type of records that went or came back; each frame has
    record_id and payload_hash of sightings.

    `before` was seen the time before and `earlier` at any time before that. Only where all questions were answered
    completely both times (`is_complete`) does it tell anything that a record was not seen.
    """
    ids = ["record_id", "payload_hash"]
    if not is_complete:
        return before.select(*ids, pl.lit("removed").alias("change_type")).clear()
    gone = before.join(now, on="record_id", how="anti").select(*ids, pl.lit("removed").alias("change_type"))
    new = now.join(before, on="record_id", how="anti")
    last = earlier.unique("record_id", keep="last", maintain_order=True)
    back = last.join(new, on="record_id", how="semi").select(*ids, pl.lit("returned").alias("change_type"))
    return pl.concat([gone, back])


def _sides(frame: pl.DataFrame, kind: str, side: str) -> pl.DataFrame:
    return frame.select(pl.col(field).alias(f"{side}.{field}") for field in FIELDS[kind])


def _changed(pairs: pl.DataFrame, kind: str) -> Iterator[pl.DataFrame]:
    """One frame per field that changed in any row."""
    for field in FIELDS[kind]:
        differing = pairs.filter(pl.col(f"old.{field}").ne_missing(pl.col(f"new.{field}")))
        if field in SEPARATORS:
            differing = _with_items(differing, field)
        if field in ("lat", "lon"):
            differing = differing.filter(pl.col("metres").is_null() | (pl.col("metres") > MOVED_METRES))
        if not differing.is_empty():
            yield _itemised(differing, field) if field in ITEMISED else _rows(differing, field)


def _rows(differing: pl.DataFrame, field: str) -> pl.DataFrame:
    old, new = pl.col(f"old.{field}"), pl.col(f"new.{field}")
    return _conformed(
        differing.with_columns(old_value=old, new_value=new, change_type=_type(field), field=pl.lit(field))
    )


def _itemised(differing: pl.DataFrame, field: str) -> pl.DataFrame:
    """A row for each item that is in one of the two versions alone."""
    sides = zip(ITEMISED[field], ("old", "new"), ("new", "old"), strict=True)
    parts = []
    for change_type, here, there in sides:
        items = pl.col(f"{here}.items").list.set_difference(f"{there}.items").list.sort()
        found = differing.with_columns(item=items).explode("item").filter(pl.col("item").is_not_null())
        values = {f"{here}_value": pl.col("item"), f"{there}_value": pl.lit(None, dtype=pl.String)}
        name = pl.format(f"{field}[{{}}]", "item")
        parts.append(_conformed(found.with_columns(**values, change_type=pl.lit(change_type), field=name)))
    return pl.concat(parts)


def _conformed(frame: pl.DataFrame) -> pl.DataFrame:
    return SOURCE_CHANGES.conform(frame.select(SOURCE_CHANGES.names))


def _type(field: str) -> pl.Expr:
    """Change type of a field's rows."""
    old, new = pl.col(f"old.{field}"), pl.col(f"new.{field}")
    if field == "status":
        is_reopened = (old == "closed") & (new == "open")
        ended = pl.when(new == "closed").then(pl.lit("closed"))
        return ended.when(is_reopened).then(pl.lit("reopened")).otherwise(pl.lit("updated"))
    if field in PLACE:
        return pl.when(old.is_not_null() & new.is_not_null()).then(pl.lit("moved")).otherwise(pl.lit("updated"))
    if field in ("lat", "lon"):
        return pl.when(pl.col("metres").is_not_null()).then(pl.lit("moved")).otherwise(pl.lit("updated"))
    return pl.lit(CHANGE_TYPES.get(field, "updated"))


def _with_items(differing: pl.DataFrame, field: str) -> pl.DataFrame:
    """Rows whose lists differ as sets, with the sets as `old.items` and `new.items`."""
    split = [
        pl.col(f"{side}.{field}")
        .map_elements(lambda text: _items(text, field), return_dtype=pl.List(pl.String), skip_nulls=True)
        .fill_null([])
        .alias(f"{side}.items")
        for side in ("old", "new")
    ]
    return differing.with_columns(split).filter(pl.col("old.items").list.sort() != pl.col("new.items").list.sort())


def _items(text: str, field: str) -> list[str]:
    """The list's items, each once; technologies in lower case."""
    try:
        given = json.loads(text) if text.lstrip().startswith("[") else None
    except ValueError:
        given = None
    if not isinstance(given, list):
        for separator in SEPARATORS[field]:
            text = text.replace(separator, "\x1f")
        given = text.split("\x1f")
    items = [str(item).strip() for item in given if isinstance(item, str | int | float)]
    return list(dict.fromkeys(item.lower() if field == "tech_signals" else item for item in items if item))


def _metres() -> pl.Expr:
    """Great-circle distance between the two positions; null unless both are known."""
    at = {
        (side, axis): pl.col(f"{side}.{axis}").cast(pl.Float64, strict=False).radians()
        for side in ("old", "new")
        for axis in ("lat", "lon")
    }
    h = ((at["new", "lat"] - at["old", "lat"]) / 2).sin() ** 2 + at["old", "lat"].cos() * at["new", "lat"].cos() * (
        (at["new", "lon"] - at["old", "lon"]) / 2
    ).sin() ** 2
    return 2_000 * EARTH_KM * h.sqrt().clip(upper_bound=1).arcsin()
