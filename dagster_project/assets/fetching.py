"""One campaign's partition of one provider, from plan to raw records: what the provider assets do, without Dagster.

A plan that is over budget is refused before anything is spent. A past day is never asked for, because a live search
says what is true now: it is landed again from the journal of that day, or refused.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property

import orjson

from dagster_project.assets.ingest import last_versions_before
from dagster_project.assets.reading import VERTICAL
from dagster_project.contracts import PROVIDER_CALLS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS
from dagster_project.resources.alerts import raise_alert
from dagster_project.resources.lake import Lake
from dagster_project.resources.steady import SteadyApp
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.adapter import Adapter
from dagster_project.sources.area import Area
from dagster_project.sources.budget import CampaignBudget, Caps
from dagster_project.sources.campaign import PLACES_ONLY, Campaign, load_campaign, source_name
from dagster_project.sources.pages.journal import Journal, journal_folder
from dagster_project.sources.pages.landing import Counts, PageLanding, Partition, provider_calls
from dagster_project.sources.pages.progress import State
from dagster_project.sources.pages.run import Fetched, Provider, fetch_partition, place_city, summary
from dagster_project.sources.pages.since import Asked, asked_on
from dagster_project.sources.planned import Part, Plan
from dagster_project.sources.planning import city_ask, plan_on
from dagster_project.sources.providers import adapter as adapter_named
from dagster_project.sources.vertical import Vertical, load_vertical
from dagster_project.transport.clock import WallClock
from dagster_project.transport.credentials import provider_configs
from dagster_project.transport.shared import SharedBreaker, SharedLimiter

START = """
insert into ops.campaign_runs
  (org_id, campaign_run_id, campaign, campaign_version, day, provider, run_id, plan, state)
values (%(org_id)s, %(id)s, %(campaign)s, %(version)s, %(day)s, %(provider)s, %(run_id)s, %(plan)s, 'running')
on conflict (org_id, campaign, day, provider, run_id) do update set state = 'running', plan = excluded.plan
"""
FINISH = """
update ops.campaign_runs set state = %(state)s, reason = %(reason)s, figures = %(figures)s, finished_at = now()
where org_id = %(org_id)s and campaign = %(campaign)s and day = %(day)s and provider = %(provider)s
  and run_id = %(run_id)s
"""


class Refused(ValueError):
    """The partition is not fetched, for a reason that a person can act on; nothing was spent."""


@dataclass(frozen=True)
class Outcome:
    """What came of a partition."""

    fetched: Fetched
    counts: Counts
    part: Part | None


class CampaignPartition:
    """One (campaign, provider, day) of a tenant."""

    def __init__(
        self, lake: Lake, warehouse: Warehouse, conf: Settings, campaign: str, provider: str, day: date, run_id: str
    ) -> None:
        self.lake, self.warehouse, self.conf, self.day, self.run_id = lake, warehouse, conf, day, run_id
        self.org_id, self.name, self.adapter = conf.org_id, campaign, adapter_named(provider)
        self.source = source_name(campaign, provider)
        self.parts = (self.org_id, self.source, day.isoformat())
        self.folder = journal_folder(lake.root, *self.parts)
        self.connect = SteadyApp(warehouse)

    @cached_property
    def campaign(self) -> Campaign:
        """What the file says now."""
        return load_campaign(self.name, self.conf.yaml_dirs("campaigns"))

    @cached_property
    def vertical(self) -> Vertical:
        return load_vertical(self.campaign.vertical, self.conf.yaml_dirs("verticals"))

    def run(self, progress: Callable[[State], None] = lambda state: None) -> Outcome:
        """Fetch and land, or land again what is stored of a past day. Raises `Refused`, or `YamlMistake` for a file
        that cannot be used."""
        if self.day != datetime.now(UTC).date():
            return self.replayed()
        if self.adapter.name not in self.campaign.providers:
            raise Refused(f"{self.adapter.name} is not among the sources of {self.name}")
        try:
            return self.asked(progress)
        finally:
            self.connect.close()

    def asked(self, progress: Callable[[State], None]) -> Outcome:
        """Plan, fetch and land today's partition; the plan is stored with the run, whatever becomes of it."""
        plan, area = self.planned()
        try:
            part = self.checked(plan)
            if plan.is_geocoded:
                self.place()
                plan, area = self.planned()
                part = self.checked(plan)
            asked = self.questions(part, area)
            fetched = self.fetch(asked, area, progress)
            counts = self.land(asked)
        except Exception as error:
            reason = str(error) if isinstance(error, ValueError | RuntimeError) else type(error).__name__
            self.note(FINISH, state="failed", reason=reason, figures=None)
            raise
        self.finish(fetched, counts)
        return Outcome(fetched, counts, part)

    def replayed(self) -> Outcome:
        """What is stored of a past day, landed again."""
        if not any(self.folder.glob("*.journal")):
            raise Refused(
                f"{self.source} was not fetched on {self.day}, and cannot be now: a live search says what is true "
                "today and is never filed under a past day"
            )
        state = State.of(self.adapter, (entry.content for entry in Journal(self.folder).entries()))
        return Outcome(summary(state, "complete", "landed again from what is stored", 0, 0.0), self.land(None), None)

    def planned(self) -> tuple[Plan, Area | None]:
        """The day's plan, stored, and the area it is for, None while a city is not placed."""
        plan, area = plan_on(self.day, self.campaign, self.vertical, self.lake.root, self.org_id)
        self.note(START, id=uuid.uuid4(), version=plan.version, plan=orjson.dumps(plan.as_dict()).decode())
        return plan, area

    def place(self) -> None:
        """Have the campaign's city placed on the map by one call; the answer and the call are kept in the lake."""
        geo, provider = self.campaign.geo, self.provider(adapter_named(PLACES_ONLY))
        if not provider.config.is_configured:
            raise Refused(f"{geo.place} must be placed on the map: give lat and lon, or a key for {PLACES_ONLY}")
        source = source_name(self.name, PLACES_ONLY)
        parts = (self.org_id, source, self.day.isoformat())
        folder = journal_folder(self.lake.root, *parts)
        try:
            point = place_city(provider, city_ask(geo), folder, self.budget(PLACES_ONLY))
        except ValueError as reason:
            raise Refused(str(reason)) from None
        finally:
            where = Partition(self.org_id, self.name, source, self.day, self.run_id)
            self.lake.write(PROVIDER_CALLS, provider_calls(Journal(folder), PLACES_ONLY, where), *parts)
        if point is None:
            raise Refused(f"{PLACES_ONLY} knows no {geo.place}: give lat and lon in the campaign")

    def checked(self, plan: Plan) -> Part:
        """This provider's part of a plan that may be carried out."""
        if plan.is_refused:
            raise Refused(f"the plan is refused: {plan.reason}")
        part = next(part for part in plan.parts if part.provider == self.adapter.name)
        if part.skipped:
            raise Refused(f"{self.adapter.name} is skipped: {part.skipped}")
        return part

    def questions(self, part: Part, area: Area | None) -> Asked:
        """What to ask today: all that is planned, or what changed since it was answered last."""
        days = self.lake.partitions(RECORD_SIGHTINGS, self.org_id, self.source)
        known = {date.fromisoformat(parts[-1]): self.lake.manifest(RECORD_SIGHTINGS, *parts) or {} for parts in days}
        return asked_on(self.day, [query.ask for query in part.queries], self.adapter, area, known)

    def fetch(self, asked: Asked, area: Area | None, progress: Callable[[State], None]) -> Fetched:
        return fetch_partition(
            self.provider(self.adapter),
            asked.asks,
            self.folder,
            self.budget(self.adapter.name),
            area=area,
            max_records=self.campaign.limit(self.adapter.name).max_records,
            progress=progress,
        )

    def provider(self, adapter: Adapter) -> Provider:
        breaker = SharedBreaker(self.connect, self.org_id, adapter.name, WallClock().now)
        config = provider_configs([adapter])[adapter.name]
        return Provider(adapter, config, SharedLimiter(self.connect, self.org_id), breaker)

    def budget(self, provider: str) -> CampaignBudget:
        whole = self.campaign.budget
        own = self.campaign.limit(provider) if provider in self.campaign.providers else None
        caps = Caps(
            usd=whole.max_cost_usd,
            records=whole.max_records,
            provider_usd=own and own.max_cost_usd,
            provider_records=own and own.max_records,
        )
        return CampaignBudget(self.connect, self.org_id, self.name, self.day, provider, caps)

    def land(self, asked: Asked | None) -> Counts:
        """The journal's pages as the day's partitions, replaced whole. What was `asked`, and of which vertical, is kept
        with them; a past day that is landed again keeps what it has."""
        kept = self.lake.manifest(RAW_RECORDS, *self.parts) or {}
        # A partition landed again keeps its first run's id, so that the same answers give the same bytes.
        kept = {"run_id": self.run_id} | kept | ({VERTICAL: self.vertical.canonical} if asked else {})
        partition = Partition(self.org_id, self.name, self.source, self.day, kept["run_id"])
        known = last_versions_before(self.lake, self.org_id, self.source, self.day)
        landing = PageLanding(Journal(self.folder), self.adapter, partition, known)
        self.lake.write(RAW_RECORDS, landing.raw(), *self.parts, manifest=kept)
        said = asked.manifest(landing.state) if asked else self.lake.manifest(RECORD_SIGHTINGS, *self.parts)
        self.lake.write(RECORD_SIGHTINGS, landing.sightings(), *self.parts, manifest=said)
        self.lake.write(QUARANTINED_RECORDS, landing.quarantined(), "land", *self.parts)
        self.lake.write(PROVIDER_CALLS, landing.calls(), *self.parts)
        return landing.counts

    def finish(self, fetched: Fetched, counts: Counts) -> None:
        """Note how the run ended, with an alert when a person should look."""
        self.note(FINISH, state=fetched.ending, reason=fetched.reason or None, figures=figures(fetched, counts))
        if fetched.ending != "complete":
            kind = "campaign_stopped" if fetched.ending == "stopped" else "campaign_failed"
            severity = "warning" if fetched.ending == "stopped" else "critical"
            message = f"{self.adapter.title} for {self.name}: {fetched.reason}. What was fetched is kept."
            raise_alert(self.warehouse, self.org_id, severity, kind, self.source, message)

    def note(self, statement: str, **values: object) -> None:
        where = {"campaign": self.name, "day": self.day, "provider": self.adapter.name, "run_id": self.run_id}
        with self.connect(self.org_id) as connection:
            connection.execute(statement, {"org_id": self.org_id, **where, **values})


def figures(fetched: Fetched, counts: Counts) -> str:
    """The run's figures as JSON, money as text."""
    said = {**vars(fetched), **vars(counts)}
    return orjson.dumps(said, default=lambda value: str(value) if isinstance(value, Decimal) else dict(value)).decode()
