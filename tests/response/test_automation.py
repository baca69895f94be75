"""Automations: what a file may say, whom it answers, and that nobody is answered twice."""

import datetime as dt
from collections.abc import Callable

import pytest

from dagster_project import user_yaml
from dagster_project.assets.automating import run_one
from dagster_project.response.automation import Automation, automations, unknown_words
from dagster_project.settings import PROJECT_ROOT
from dagster_project.user_yaml import YamlMistake
from tests.response.conftest import ORG, Walked

TODAY = dt.datetime.now(dt.UTC)
SLACK = [{"channel": "slack", "text": "{name}: {lead_score}, {because}"}]


def automation(trigger: dict, **values: object) -> Automation:
    content = {"description": "Test.", "trigger": trigger, "actions": SLACK} | values
    return user_yaml.parse(Automation, content, "test", "test.yaml")


def crossing(walked: Walked, lead_id: str, **values: object) -> None:
    what = {"kind": "intent_tier", "threshold": "HOT", "direction": "up", "scored_on": TODAY.date()}
    walked.put("marts.fct_threshold_crossings", lead_id=lead_id, **(what | values))


def signal(walked: Walked, lead_id: str, signal_type: str, days_ago: float = 0, event_id: str = "1") -> None:
    at = TODAY - dt.timedelta(days=days_ago)
    row = {"event_id": event_id, "signal_type": signal_type, "occurred_at": at, "received_at": at}
    walked.put("intermediate.int_signals", lead_id=lead_id, **row)


HOT = {"when": "threshold", "kind": "intent_tier", "name": "HOT"}


@pytest.fixture
def answered(walked: Walked) -> Callable[[Automation], dict[str, int]]:
    return lambda found: dict(run_one(walked.warehouse, ORG, found, {"slack"}))


@pytest.mark.integration
def test_a_crossing_is_answered_once_with_what_is_known_of_the_lead(walked: Walked, answered):
    crossing(walked, walked.lead("Acme", score=91))
    assert [answered(automation(HOT)) for _ in range(2)] == [{"done": 1}, {}]
    ((destination, text),) = walked.rows("select destination, payload ->> 'text' from ops.delivery_outbox")
    assert destination == "notices.slack"
    assert text == f"Acme: 91, intent_tier HOT crossed upwards on {TODAY.date()}"


@pytest.mark.integration
def test_a_signal_is_answered_once_in_so_many_days(walked: Walked, answered):
    acme = walked.lead("Acme")
    found = automation({"when": "signal", "types": ["demo_request"]}, once_in_days=365)
    signal(walked, acme, "demo_request")
    assert answered(found) == {"done": 1}
    signal(walked, acme, "demo_request", event_id="2")
    assert answered(found) == {}


@pytest.mark.integration
def test_a_stage_is_answered_when_it_is_reached(walked: Walked, answered):
    change = {"kind": "engagement_stage", "threshold": "warm", "previous_stage": "cold", "engagement_stage": "warm"}
    crossing(walked, walked.lead("Acme"), **change)
    assert answered(automation({"when": "stage_change", "to": ["hot"]})) == {}
    assert answered(automation({"when": "stage_change", "to": ["warm"]})) == {"done": 1}


@pytest.mark.integration
def test_quiet_is_answered_once_until_the_lead_is_heard_of_again(walked: Walked, answered):
    walked.lead("Acme", last_event_at=TODAY - dt.timedelta(days=14, hours=1))
    walked.lead("Bolt", last_event_at=TODAY - dt.timedelta(days=2))
    found = automation({"when": "inactivity", "days": 14})
    assert [answered(found) for _ in range(2)] == [{"done": 1}, {}]


@pytest.mark.integration
def test_conditions_are_all_to_be_met(walked: Walked, answered):
    crossing(walked, walked.lead("Acme", score=40))
    assert answered(automation(HOT, conditions={"min_score": 50})) == {}
    assert answered(automation(HOT, conditions={"max_score": 50, "grades": ["B"]})) == {"done": 1}


@pytest.mark.integration
def test_a_lead_that_is_held_back_is_logged_and_nothing_is_said(walked: Walked, answered):
    crossing(walked, walked.lead("Acme", held=True))
    assert answered(automation(HOT)) == {"held": 1}
    assert walked.rows("select count(*) from ops.delivery_outbox") == [(0,)]


@pytest.mark.integration
def test_a_person_who_is_a_lead_is_not_named(walked: Walked, answered):
    lead = walked.lead("Zoe Doe", kind="person")
    crossing(walked, lead)
    answered(automation(HOT))
    ((text,),) = walked.rows("select payload ->> 'text' from ops.delivery_outbox")
    assert text.startswith(f"lead {lead}")


@pytest.mark.integration
def test_a_channel_that_nobody_configured_is_left_out_and_the_log_says_so(walked: Walked):
    crossing(walked, walked.lead("Acme"))
    assert dict(run_one(walked.warehouse, ORG, automation(HOT), set())) == {"nothing": 1}


@pytest.mark.integration
def test_the_history_is_not_answered(walked: Walked, answered):
    crossing(walked, walked.lead("Acme"), scored_on=TODAY.date() - dt.timedelta(days=4))
    signal(walked, walked.lead("Bolt"), "demo_request", days_ago=4)
    assert answered(automation(HOT)) == {}
    assert answered(automation({"when": "signal", "types": ["demo_request"]})) == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"trigger": {"when": "signals", "types": ["x"]}}, "trigger"),
        ({"trigger": {"when": "stage_change", "to": ["hott"]}}, 'no engagement stage "hott" (did you mean "hot"?)'),
        ({"actions": [{"channel": "slack", "text": "{nam}"}]}, 'no "{nam}" is known of a lead (did you mean "name"?)'),
        ({"actions": []}, "actions"),
        ({"condition": {}}, 'unknown key "condition" (did you mean "conditions"?)'),
    ],
)
def test_a_mistake_in_a_file_is_told_in_a_sentence(content: dict, told: str):
    with pytest.raises(YamlMistake) as mistake:
        automation(content.pop("trigger", HOT), **content)
    assert told in str(mistake.value)


def test_a_signal_type_that_nobody_knows_is_a_warning():
    warned = unknown_words(automation({"when": "signal", "types": ["demo_requests"]}), ["demo_request"], [])
    assert warned == ['trigger.types: no signal type "demo_requests" (did you mean "demo_request"?); it never fires']


def test_the_shipped_automations_can_be_used():
    good, mistakes = automations([PROJECT_ROOT / "data" / "automations"])
    assert (sorted(good), mistakes) == (["gone_quiet", "hot_lead"], {})
