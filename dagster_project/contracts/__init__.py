"""The vocabulary of the house: one declaration per table that crosses a room boundary.

`TABLES` lists them all; `core` says what a contract can do. A table that only one room sees is not declared here.
"""

from dagster_project.contracts.activity import ACTIVITIES, DEALS, EVENTS, LEAD_OUTCOMES, SUPPRESSIONS
from dagster_project.contracts.core import Column, ContractError, Pii, Table, Type
from dagster_project.contracts.enrichment import ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS, PROVIDER_HEALTH
from dagster_project.contracts.fields import FIELDS
from dagster_project.contracts.leads import (
    ALERTS,
    LEAD_ALIASES,
    LEAD_FACTS_HISTORY,
    LEAD_MAP,
    MERGE_GRAPH,
    REVIEW_PAIRS,
)
from dagster_project.contracts.records import (
    FILE_RECEIPTS,
    QUARANTINED_RECORDS,
    RAW_RECORDS,
    RECORD_SIGHTINGS,
    STAGED_CONTACTS,
    STAGED_RECORDS,
)
from dagster_project.contracts.sources import CAMPAIGNS, PROVIDER_CALLS, SOURCE_CHANGES, VERTICALS

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        FILE_RECEIPTS,
        QUARANTINED_RECORDS,
        RAW_RECORDS,
        RECORD_SIGHTINGS,
        PROVIDER_CALLS,
        SOURCE_CHANGES,
        CAMPAIGNS,
        VERTICALS,
        STAGED_RECORDS,
        STAGED_CONTACTS,
        EVENTS,
        DEALS,
        ACTIVITIES,
        LEAD_OUTCOMES,
        SUPPRESSIONS,
        LEAD_MAP,
        LEAD_ALIASES,
        MERGE_GRAPH,
        REVIEW_PAIRS,
        LEAD_FACTS_HISTORY,
        ENRICHMENT_ANSWERS,
        ENRICHMENT_ATTEMPTS,
        PROVIDER_HEALTH,
        ALERTS,
    )
}

__all__ = [
    "ACTIVITIES",
    "ALERTS",
    "CAMPAIGNS",
    "DEALS",
    "ENRICHMENT_ANSWERS",
    "ENRICHMENT_ATTEMPTS",
    "EVENTS",
    "FIELDS",
    "FILE_RECEIPTS",
    "LEAD_ALIASES",
    "LEAD_FACTS_HISTORY",
    "LEAD_MAP",
    "LEAD_OUTCOMES",
    "MERGE_GRAPH",
    "PROVIDER_CALLS",
    "PROVIDER_HEALTH",
    "QUARANTINED_RECORDS",
    "RAW_RECORDS",
    "RECORD_SIGHTINGS",
    "REVIEW_PAIRS",
    "SOURCE_CHANGES",
    "STAGED_CONTACTS",
    "STAGED_RECORDS",
    "SUPPRESSIONS",
    "TABLES",
    "VERTICALS",
    "Column",
    "ContractError",
    "Pii",
    "Table",
    "Type",
]
