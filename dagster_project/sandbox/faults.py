"""Rows that a careful receiver must refuse or recognise: repeated, nameless, ragged and torn ones.

None of them is in the world's truth: they show that the quarantine and the duplicate count work.
"""

import polars as pl

FAULT_EVERY = 300  # one fault of each kind per so many rows
NAMES = {"demo_directory": ("listing_id", "business_name"), "demo_crm": ("account_id", "account_name")}
REPEATED = {"demo_places", "demo_directory", "demo_crm", "demo_people", "demo_events"}
BROKEN_LINES = {
    "demo_places": '{{"id": "pl-torn-{0:04d}", "displayName": {{"text": "Torn Off Ba',
    "demo_events": '{{"id": "ev-torn-{0:04d}", "ts": "2026-11-2',
    "demo_directory": "L-ragged-{0:04d},Overfull Roofing,12 Main St,Chicago,IL,60622,,,,4.0,7,Roofer,one,cell,too,many",
    "demo_crm": "ACC-ragged-{0:04d},Short Row Dental,40 Oak Ave",
    "demo_people": "per-ragged-{0:04d},Overfull,Row,,,,,,,,,,unknown,extra,cells",
}


def with_faults(rows: dict[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], dict[str, list[str]]]:
    """The frames with repeated and nameless rows at their ends, and per file the raw lines no frame can hold."""
    broken = {name: [pattern.format(i) for i in range(_faults(rows[name]))] for name, pattern in BROKEN_LINES.items()}
    return {name: _with_bad_rows(name, frame) for name, frame in rows.items()}, broken


def _with_bad_rows(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    parts = [frame]
    if name in REPEATED:
        parts.append(frame.gather_every(FAULT_EVERY)[: _faults(frame)])
    if name in NAMES:
        key, called = NAMES[name]
        nameless = frame.gather_every(FAULT_EVERY, offset=7)[: _faults(frame)]
        parts.append(nameless.with_columns(pl.col(key) + "-nameless", pl.lit(None, dtype=pl.String).alias(called)))
    return pl.concat(parts)


def _faults(frame: pl.DataFrame) -> int:
    return -(-frame.height // FAULT_EVERY)
