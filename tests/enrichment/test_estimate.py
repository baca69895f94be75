"""What a request may cost at most, by the price list, before anybody is asked."""

from decimal import Decimal

import pytest

from dagster_project.enrichment.estimate import Estimate, estimate
from dagster_project.enrichment.subject import Known, Subject
from tests.enrichment.conftest import Rules, subject
from tests.enrichment.shops import Shop, offered

SHOPS = [Shop("cheap", ("email", "phone")), Shop("dear", ("email", "phone", "company"), price=Decimal("0.30"))]
# Whom each field is asked of, in order.
RULES = {"email": Rules(["cheap", "dear"]), "phone": Rules(["cheap"]), "company": Rules(["dear"])}
ANN, ACME = subject("ann.example"), subject("acme.example", "business")


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    offered(monkeypatch, SHOPS)


def estimated(*subjects: Subject, fields: tuple[str, ...] = ("email",), shops: list[Shop] = SHOPS, **rules) -> Estimate:
    found = {name: Rules(r.providers, **rules) for name, r in RULES.items()}
    return estimate(subjects, fields, lambda subject: found, {shop.name: shop.provider() for shop in shops})


def test_every_provider_of_the_waterfall_may_have_to_be_asked():
    assert estimated(ANN) == Estimate(1, 2, Decimal("0.40"), {"cheap": Decimal("0.10"), "dear": Decimal("0.30")})


def test_several_fields_of_one_provider_are_one_question():
    assert estimated(ANN, fields=("email", "phone")).questions == 2


def test_no_more_providers_are_counted_than_may_be_attempted():
    assert estimated(ANN, max_attempts=1).by_provider == {"cheap": Decimal("0.10")}


def test_a_provider_that_cannot_be_asked_costs_nothing_and_makes_room_for_the_next():
    assert estimated(ANN, shops=SHOPS[1:], max_attempts=1).by_provider == {"dear": Decimal("0.30")}


def test_what_is_known_well_enough_is_not_asked_for():
    known = Subject("person", ANN.subject_id, ANN.lead_id, ANN.identity, {"email": Known("a@acme.example", 0.9)})
    assert estimated(known) == Estimate(0, 0, Decimal(0), {})
    assert estimated(known, min_confidence=0.95).questions == 2


def test_a_lead_is_asked_about_for_its_own_fields_only():
    found = estimated(ANN, ACME, fields=("email", "company"))
    assert (found.subjects, found.questions, found.most_usd) == (2, 3, Decimal("0.70"))
    assert estimated(ACME, fields=("email",)).questions == 0


def test_a_field_without_a_waterfall_is_asked_of_nobody():
    assert estimated(ANN, fields=("title",)).questions == 0
