"""A logger that shows a run as a person follows it: one line per step, with its seconds, and the errors."""

import logging
import time

import dagster as dg
from rich.console import Console

ROOMS = {
    "land_files": "landing received files",
    "normalize_records": "normalising records",
    "resolve_entities": "resolving leads and contacts",
    "enrichment_answers": "asking about leads and contacts",
    "load_warehouse": "loading PostgreSQL",
    "lead_marts": "building and testing the marts (dbt)",
    "response__signal_alerts": "raising alerts",
    "response__automation_runs": "running automations",
    "delivery__lead_batch": "finishing the batch",
}


class ProgressHandler(logging.Handler):
    """Prints the end of each step, or its error, to the console; checks are shown when they fail."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG)
        self.console = console
        self.started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is None:
            return
        step = event.step_key
        if event.event_type_value == "STEP_START":
            self.started[step] = time.monotonic()
        elif event.event_type_value == "STEP_SUCCESS" and is_room(step):
            self.console.print(f"  [green]✓[/green] {room(step):<42}{time.monotonic() - self.started[step]:6.1f} s")
        elif event.event_type_value == "STEP_FAILURE":
            self.console.print(f"  [red]✗ {room(step)}[/red]")
            self.console.print(f"    {why(event)}", markup=False)


def why(event: dg.DagsterEvent) -> str:
    """Why a step failed: in its own words when it said so itself, else as the error that it died of."""
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    return ((failure.error.cause or failure.error).message if failure.error else "no reason given").strip()


def is_room(step: str) -> bool:
    """Whether a step is work of its own; the others are checks."""
    return step in ROOMS or step.startswith(("delivery__", "sources__"))


def room(step: str) -> str:
    """What a step does, in words; a sink is named by its sync, a source by its provider."""
    if step.startswith("sources__"):
        return f"asking {step.removeprefix('sources__')}"
    return ROOMS.get(step, f"delivering to {step.removeprefix('delivery__')}")


@dg.logger(description="One line per step, for people who wait at a terminal.")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("leadhouse.progress", logging.DEBUG)
    logger.addHandler(ProgressHandler(Console(stderr=True)))
    return logger
