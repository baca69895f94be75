"""`leadhouse event …`: events handed in by hand or by a script, through the same door as every other.

Exit codes: 0 all posted, 1 some refused (the others are posted), 2 wrong usage or nothing that can be read.
"""

import json
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dagster_project import settings
from dagster_project.cli.asked import AsJson

event_app = typer.Typer(no_args_is_help=True, help="Events: what leads did, or what is said of them.")

INBOX = "events"
IDENTITIES = ("email", "domain", "company_key", "lead_id", "crm_id")


@event_app.callback()
def events() -> None:
    """Keeps `post` a command of its own name while it is the only one."""


@event_app.command()
def post(
    source: Annotated[str | None, typer.Argument(metavar="[FILE]", help="JSON or JSON lines; - for stdin.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="Type, such as demo_request.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail of whoever did it.")] = None,
    domain: Annotated[str | None, typer.Option(help="Domain of their company.")] = None,
    company_key: Annotated[str | None, typer.Option(help="PROVIDER:KEY of their company's record.")] = None,
    lead: Annotated[str | None, typer.Option(help="Lead id.")] = None,
    crm_id: Annotated[str | None, typer.Option(help="CRM id of lead or contact.")] = None,
    at: Annotated[str | None, typer.Option(help="When it happened, ISO 8601; now when absent.")] = None,
    event_id: Annotated[str | None, typer.Option("--id", help="Id; the same id counts once.")] = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", help="NAME=VALUE, such as url=/pricing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Post one event from options, or many from a file or stdin, into data/inbox/events/.

    Example: leadhouse event post --type page_view --email ann@acme.example --property url=/pricing

    A sensor takes them within seconds. An event that says when it happened and has no id is known by its content, so
    posting it again counts once; one that says nothing of who it is of is refused.
    """
    if (source is None) == (event_type is None):
        raise typer.BadParameter("say --type, or give a file (- for stdin), and not both")
    if source is not None:
        given = _read(source)
    else:
        named = {"event_type": event_type, "email": email, "domain": domain, "company_key": company_key}
        named |= {"lead_id": lead, "crm_id": crm_id, "occurred_at": at, "event_id": event_id}
        given = [{k: v for k, v in named.items() if v is not None} | _properties(properties or [])]
    now = datetime.now(UTC)
    good, refused = sorted_out(given, now)
    path = write(good, settings.load().data_dir / "inbox" / INBOX, now) if good else None
    _tell(good, refused, path, as_json)
    if refused:
        raise typer.Exit(1 if good else 2)


def sorted_out(given: list[Any], now: datetime) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """The events that can be posted, completed, and why others cannot, by their place from 1."""
    good, refused = [], {}
    for place, event in enumerate(given, 1):
        if reason := _fault(event):
            refused[place] = reason
            continue
        timed = {"occurred_at": now.isoformat()} | event
        content = json.dumps(timed, sort_keys=True)
        good.append({"event_id": str(uuid.uuid5(uuid.NAMESPACE_URL, content))} | timed)
    return good, refused


def write(events: list[dict[str, Any]], folder: Path, now: datetime) -> Path:
    """The events as one file in the inbox; written aside and renamed, so that no reader sees half of it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}.jsonl"
    aside = path.with_name(f".{path.name}")
    aside.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), encoding="utf-8")
    return aside.rename(path)


def _fault(event: object) -> str | None:
    """Why an event cannot be posted; None when it can. Names keys, never values: those may be personal."""
    if not isinstance(event, Mapping):
        return "it is no JSON object"
    if not event.get("event_type"):
        return "it has no event_type"
    if not any(event.get(name) for name in IDENTITIES):
        return f"it names nobody: give one of {', '.join(IDENTITIES)}"
    if (at := event.get("occurred_at")) is not None:
        try:
            datetime.fromisoformat(str(at))
        except ValueError:
            return "occurred_at is no ISO 8601 time"
    return None


def _properties(given: list[str]) -> dict[str, str]:
    found = dict(pair.partition("=")[::2] for pair in given if "=" in pair)
    if len(found) != len(given):
        raise typer.BadParameter("--property takes NAME=VALUE, each name once")
    return found


def _read(source: str) -> list[Any]:
    """The objects of a file or of stdin: one, a list, or one a line. Exits with 2 when it is no JSON."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"cannot read {source}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    try:
        found = json.loads(text)
    except ValueError:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise typer.BadParameter(f"{source} is neither JSON nor JSON lines") from None
    return found if isinstance(found, list) else [found]


def _tell(good: list[dict[str, Any]], refused: dict[int, str], path: Path | None, as_json: bool) -> None:
    if as_json:
        ids = [event["event_id"] for event in good]
        typer.echo(json.dumps({"posted": ids, "refused": refused, "file": path and str(path)}, indent=2))
        return
    for place, reason in refused.items():
        typer.echo(f"Event {place} is refused: {reason}.", err=True)
    if path:
        typer.echo(f"{len(good)} posted: {path}")
