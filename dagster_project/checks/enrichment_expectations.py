"""What may be expected of the enriched landing table, as a Great Expectations suite with its data docs.

The table is every answer beside what normalisation made of its record. Nothing here knows Dagster or where the lake is;
nothing is sent anywhere, and no value of a record is written into the docs, because they outlive the records.
"""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from dagster_project.transport.outcomes import Outcome

if TYPE_CHECKING:
    from great_expectations import Checkpoint
    from great_expectations.data_context import EphemeralDataContext
    from great_expectations.expectations import Expectation

SUITE = "enriched landing"
SITE = "reports"
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"
E164 = r"^\+[1-9]\d{6,14}$"
# A waterfall may wait 30 s for a call, and a call is tried four times.
LONGEST_CALL_MS = 120_000
# An answer may be remembered for a year; what landed earlier cannot be asked for any more.
OLDEST_DAYS = 365


@dataclass(frozen=True)
class Examination:
    """What came of a suite: one row per expectation (`expectation`, `examined`, `unexpected`), and the first page of
    the data docs."""

    passed: bool
    results: pl.DataFrame
    docs: Path


def landing(
    answers: pl.LazyFrame, attempts: pl.LazyFrame, staged: pl.LazyFrame, subjects: pl.LazyFrame, as_of: pl.Expr
) -> pl.DataFrame:
    """One row per answer: outcome, what it cost and took, its age in days as of a time, and its record's channels.

    `staged` has org_id, record_id, payload_hash, email, phone, mobile; `subjects` org_id and subject_id of all that
    exist or existed.
    """
    asked = ["org_id", "request_id", "subject_id", "provider", "lookup"]
    latency = attempts.group_by(asked).agg(pl.max("latency_ms"))
    known = subjects.unique().with_columns(is_subject_known=True)
    version = ["org_id", "record_id", "payload_hash"]
    return (
        answers.join(latency, on=asked, how="left")
        .join(known, on=["org_id", "subject_id"], how="left")
        .join(staged.unique(version), on=version, how="left")
        .select(
            *("answer_id", "kind", "provider", "outcome", "confidence", "latency_ms", "email", "phone", "mobile"),
            pl.col("cost_usd").cast(pl.Float64),
            pl.col("is_subject_known").fill_null(False),
            offer=pl.concat_str("provider", pl.lit("."), "lookup"),
            is_ok=pl.col("outcome") == Outcome.OK,
            has_record=pl.col("record_id").is_not_null(),
            age_days=(as_of - pl.col("answered_at")).dt.total_seconds() / 86_400,
        )
        .collect()
    )


def expectations(offers: Collection[str]) -> list["Expectation"]:
    """The suite's expectations; `offers` are the lookups that have a price, as `provider.lookup`."""
    from great_expectations import expectations as gxe

    between = gxe.ExpectColumnValuesToBeBetween
    return [
        gxe.ExpectColumnValuesToBeUnique(column="answer_id"),
        gxe.ExpectColumnValuesToBeInSet(column="outcome", value_set=[outcome.value for outcome in Outcome]),
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=["business", "person"]),
        gxe.ExpectColumnValuesToBeInSet(column="offer", value_set=sorted(offers)),
        gxe.ExpectColumnValuesToBeInSet(column="is_subject_known", value_set=[True]),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="is_ok", column_B="has_record"),
        between(column="confidence", min_value=0, max_value=1),
        between(column="cost_usd", min_value=0),
        between(column="latency_ms", min_value=0, max_value=LONGEST_CALL_MS),
        between(column="age_days", min_value=0, max_value=OLDEST_DAYS),
        gxe.ExpectColumnValuesToMatchRegex(column="email", regex=EMAIL),
        gxe.ExpectColumnValuesToMatchRegex(column="phone", regex=E164),
        gxe.ExpectColumnValuesToMatchRegex(column="mobile", regex=E164),
    ]


def examine(frame: pl.DataFrame, offers: Collection[str], folder: Path) -> Examination:
    """Hold a landing table against the suite, and write the data docs into a folder in place of what it had."""
    import great_expectations as gx

    shutil.rmtree(folder, ignore_errors=True)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}
    checkpoint = _checkpoint(context, expectations(offers), folder)
    found = checkpoint.run(batch_parameters={"dataframe": frame.to_pandas()})
    (validation,) = found.run_results.values()
    rows = [_told(result) for result in validation.results]
    results = pl.DataFrame(rows, {"expectation": pl.String, "examined": pl.Int64, "unexpected": pl.Int64}, orient="row")
    return Examination(bool(found.success), results, folder / "index.html")


def _checkpoint(context: "EphemeralDataContext", suite: list["Expectation"], folder: Path) -> "Checkpoint":
    """The suite on a frame that is given when it runs, with the docs as its only action."""
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction

    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    context.add_data_docs_site(
        SITE,
        {
            "class_name": "SiteBuilder",
            "store_backend": store,
            "site_index_builder": index,
            "show_how_to_buttons": False,
        },
    )
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset("enrichment_answers")
    definition = gx.ValidationDefinition(
        name=SUITE,
        data=asset.add_batch_definition_whole_dataframe("answers"),
        suite=context.suites.add(gx.ExpectationSuite(name=SUITE, expectations=suite)),
    )
    return context.checkpoints.add(
        gx.Checkpoint(
            name=SUITE,
            validation_definitions=[context.validation_definitions.add(definition)],
            actions=[UpdateDataDocsAction(name="data docs", site_names=[SITE])],
            # Examples of what is unexpected would be people's addresses.
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
        )
    )


def _told(result: Any) -> tuple[str, int, int]:
    settings = result.expectation_config.kwargs
    column = settings.get("column") or f"{settings['column_A']}, {settings['column_B']}"
    kind = result.expectation_config.type.removeprefix("expect_column_").replace("_", " ")
    return f"{column}: {kind}", result.result.get("element_count", 0), result.result.get("unexpected_count", 0)
