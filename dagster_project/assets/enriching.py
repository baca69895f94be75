"""Enrichment put together: waterfalls and switches as they are now, the providers that have a key, the stores. Without
Dagster.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import uvloop

from dagster_project.contracts import ENRICHMENT_ATTEMPTS
from dagster_project.enrichment.asking import Asker
from dagster_project.enrichment.attempt_history import listed_prices, vertical_of
from dagster_project.enrichment.decisions import Decisions
from dagster_project.enrichment.estimate import Estimate, estimate
from dagster_project.enrichment.learned_order import Learned, providers_for
from dagster_project.enrichment.lookup import Provider
from dagster_project.enrichment.money import Caps
from dagster_project.enrichment.offers import offers
from dagster_project.enrichment.providers import providers
from dagster_project.enrichment.replay import replay
from dagster_project.enrichment.requests import Priority, Request, Requests
from dagster_project.enrichment.rounds import Plan, Report
from dagster_project.enrichment.run import CHUNKS, PATIENCE_SECONDS, Run
from dagster_project.enrichment.selection import subjects
from dagster_project.enrichment.steps import Waterfall
from dagster_project.enrichment.subject import Subject
from dagster_project.enrichment.switches import Switches
from dagster_project.enrichment.waterfall import Chosen, fills_of, waterfall_for, waterfalls
from dagster_project.resources.lake import Lake
from dagster_project.resources.steady import SteadyApp
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.campaign import load_campaign
from dagster_project.transport.breaker import Breaker
from dagster_project.transport.clock import WallClock
from dagster_project.transport.credentials import ProviderConfig, provider_configs
from dagster_project.transport.shared import SharedBreaker, SharedLimiter
from dagster_project.user_yaml import YamlMistake, nearest


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: fields of chosen leads or contacts, of a campaign's, or of the best of all."""

    fields: tuple[str, ...]
    leads: Sequence[str] | None = None
    campaign: str | None = None
    most: int | None = None
    priority: Priority = "normal"
    max_usd: Decimal | None = None


class Enrichment:
    """The enrichment of one tenant. Raises `YamlMistake` for a waterfall that cannot be used."""

    def __init__(self, lake: Lake, warehouse: Warehouse, conf: Settings) -> None:
        self.lake, self.conf, self.org_id = lake, conf, conf.org_id
        # calls wait for the limiter: it has a connection of its own, so that they do not wait for a commit too
        self.connect, self.limits = SteadyApp(warehouse, CHUNKS), SteadyApp(warehouse)
        self.requests = Requests(self.connect, self.org_id)
        self.all = providers()
        good, mistakes = waterfalls(conf.yaml_dirs("waterfalls"), fills_of(self.all))
        if mistakes:
            raise YamlMistake(*(sentence for mistake in mistakes.values() for sentence in mistake.sentences))
        self.waterfalls = good
        self.off = Switches(self.connect, self.org_id).disabled()

    def close(self) -> None:
        """Close its connections."""
        self.connect.close()
        self.limits.close()

    @cached_property
    def configs(self) -> dict[str, ProviderConfig]:
        """How each provider is configured now."""
        return provider_configs(self.all.values())

    @property
    def usable(self) -> dict[str, Provider]:
        """Providers with a key that nobody has turned off."""
        return {n: p for n, p in self.all.items() if self.configs[n].is_configured and n not in self.off}

    def chosen(self, vertical: str | None) -> Chosen:
        """What holds for the leads of a vertical."""
        return waterfall_for(vertical, self.waterfalls)

    def rules(self, subject: Subject) -> Mapping[str, Waterfall]:
        """The settings of each field of a subject."""
        return {name: found.settings for name, found in self.chosen(subject.vertical).fields.items()}

    def selected(self, wanted: Wanted) -> list[Subject]:
        """The leads and contacts that a wish is about."""
        return subjects(
            self.connect, self.org_id, wanted.fields, leads=wanted.leads, campaign=wanted.campaign, most=wanted.most
        )

    def estimated(self, found: Sequence[Subject], wanted: Wanted) -> Estimate:
        """What asking about them may cost."""
        left_out = self.left_out(wanted.campaign)
        asked = {name: provider for name, provider in self.usable.items() if name not in left_out}
        return estimate(found, wanted.fields, self.rules, asked)

    def ask(self, wanted: Wanted, found: Sequence[Subject], by: str, request_id: str | None = None) -> str:
        """Store a wish as a request; returns its id."""
        request_id = request_id or uuid.uuid4().hex
        most = self.estimated(found, wanted).most_usd
        self.requests.create(
            request_id,
            found,
            wanted.fields,
            by=by,
            estimate=most,
            priority=wanted.priority,
            campaign=wanted.campaign,
            max_usd=wanted.max_usd,
        )
        return request_id

    def run(
        self,
        request: Request,
        progress: Callable[[Report], None] = lambda report: None,
        patience: float = PATIENCE_SECONDS,
    ) -> Report:
        """Work on a request until it is done, stopped, or only waits for promised answers."""

        async def work() -> Report:
            async with self.asker() as asker:
                run = Run(
                    self.connect,
                    self.org_id,
                    asker,
                    self.plan(request),
                    request,
                    patience=patience,
                    progress=progress,
                )
                return await run.run()

        # an eighth of a run's CPU less than with asyncio's own loop
        return uvloop.run(work())

    def asker(self) -> Asker:
        """The providers that have a key."""
        return Asker(
            self.all,
            self.configs,
            SharedLimiter(self.limits, self.org_id),
            self.breaker,
            webhook_url=self.conf.enrichment_webhook_url,
        )

    def breaker(self, provider: str) -> Breaker:
        """A provider's breaker, shared by all processes."""
        return SharedBreaker(self.limits, self.org_id, provider, WallClock().now)

    def left_out(self, campaign: str | None) -> frozenset[str]:
        """Providers that are turned off, and those that a campaign does not name where it names any."""
        if campaign is None:
            return self.off
        named = load_campaign(campaign, self.conf.yaml_dirs("campaigns")).enriching_providers
        for name in named or ():
            if name not in self.all:
                raise YamlMistake(f'{campaign}: no enrichment provider "{name}"{nearest(name, self.all)}')
        return self.off if named is None else self.off | (self.all.keys() - set(named))

    def plan(self, request: Request) -> Plan:
        """What a run of a request follows."""
        return Plan(
            self.rules,
            lambda subject: self.caps(subject, request),
            self.order,
            self.left_out(request.campaign),
            self.chosen(None).batch_size,
        )

    def caps(self, subject: Subject, request: Request) -> Caps:
        """The caps that hold for a subject: those of its vertical's waterfall, the request's own where it is lower."""
        budget = self.chosen(subject.vertical).budget
        own = [usd for usd in (request.max_usd, budget.max_cost_per_job_usd) if usd is not None]
        return Caps(
            lead=budget.max_cost_per_lead_usd,
            request=min(own, default=None),
            day=budget.max_cost_per_day_usd,
            campaign=budget.max_cost_per_campaign_usd,
            providers=budget.max_cost_per_provider_day_usd,
        )

    def order(self, subject: Subject, name: str, rules: Waterfall) -> Sequence[str]:
        """Whom to ask for a field, in order: as the file says, or as was learned where it asks for that."""
        found = self.chosen(subject.vertical).fields[name]
        if found.order == "fixed":
            return rules.providers
        return providers_for(found, list(self.usable), subject.segment, subject.subject_id, self.learned)

    @cached_property
    def learned(self) -> Learned:
        """What the tenant's attempts show, for waterfalls with a learned order."""
        history = self.lake.scan(ENRICHMENT_ATTEMPTS, self.org_id).collect()

        def settings_of(name: str, segment: str):
            found = self.chosen(vertical_of(segment)).fields.get(name)
            return found and found.settings

        return replay(history, settings_of, listed_prices(self.all, offers())).learned

    def forget_expired(self) -> int:
        """Drop remembered answers that have expired; returns how many."""
        return Decisions(self.connect, self.org_id).forget()
