"""Automations put together: each that is on, run and its notices queued in one transaction. Without Dagster."""

from collections import Counter
from collections.abc import Mapping

from dagster_project.delivery.channels import channels, outbox_key
from dagster_project.delivery.notices import Notice, queue
from dagster_project.resources.alerts import raise_alert
from dagster_project.resources.warehouse import Warehouse
from dagster_project.response.automation import Automation, automations
from dagster_project.response.automation_run import Answer, run
from dagster_project.settings import Settings


def run_automations(warehouse: Warehouse, conf: Settings) -> dict[str, Counter[str]]:
    """Run the tenant's automations on what the last walk committed; returns, by automation, the states of its answers.

    A file that cannot be used is told in an alert and stops no other.
    """
    good, mistakes = automations(conf.yaml_dirs("automations"))
    for name, mistake in mistakes.items():
        raise_alert(warehouse, conf.org_id, "warning", "automation_mistake", name, str(mistake))
    kinds = {channel.kind for channel in channels(conf)}
    return {name: run_one(warehouse, conf.org_id, found, kinds) for name, found in good.items() if found.is_on}


def run_one(warehouse: Warehouse, org_id: str, automation: Automation, kinds: set[str]) -> Counter[str]:
    """Run one automation; its log and its notices are committed together, or neither is."""
    with warehouse.connect() as connection:
        answers = run(connection, org_id, automation, kinds)
        queue(connection, org_id, [notice for answer in answers for notice in _notices(answer)])
    return Counter(answer.state for answer in answers)


def _notices(answer: Answer) -> list[Notice]:
    """One per action; two actions on one channel are two notices."""
    return [
        Notice(outbox_key(action.channel), f"{answer.key}:{place}", f"{answer.automation}: {text}", text)
        for place, (action, text) in enumerate(answer.texts)
    ]


def totals(ran: Mapping[str, Counter[str]]) -> Counter[str]:
    """States of all answers together."""
    return sum(ran.values(), Counter())
