"""Normalise: what providers said, as text, to canonical columns with provenance.

Pure: frames in, frames out; no Dagster, no database, no network, no clock. One module per field (phones, emails,
domains, names, addresses …), one per kind of record (business, people, activity), word lists in `tables/`.
"""

from dagster_project.normalize.engine import KINDS, Normalized, normalize

__all__ = ["KINDS", "Normalized", "normalize"]
