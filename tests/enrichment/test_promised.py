"""Promised answers: waited for, taken once from whoever brings them, kept over the end of a run."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from dagster_project.enrichment.promises import Promises
from tests.enrichment.conftest import ORG, Bench, subject
from tests.enrichment.shops import Shop

pytestmark = pytest.mark.integration
Make = Callable[..., Bench]
# Longer than a busy machine may take.
LONG = 300.0


def test_a_promised_answer_is_waited_for_and_paid_once(bench: Make):
    shop = Shop("shop", ("email",), later=True)
    found = bench(shop, max_attempts=1)
    found.ask([subject("a.com")])
    report = found.run(patience=LONG)
    assert report.state == "completed"
    assert found.results() == {"email": ("filled", "shop")}
    assert (shop.calls, found.spent) == (1, Decimal("0.10"))
    assert found.rows("select sum(reserved_usd) as usd from ops.enrichment_spend") == [{"usd": Decimal(0)}]


def test_patience_begins_anew_with_every_answer(bench: Make):
    first = Shop("first", ("email",), later=True, pause=1.6, confidence=0.1)
    second = Shop("second", ("email",), later=True, pause=1.6)
    found = bench(first, second)
    found.ask([subject("a.com")])
    assert found.run(patience=3.0).state == "completed"
    assert found.results() == {"email": ("filled", "second")}
    assert found.spent == found.bill == Decimal("0.20")


def test_promises_are_asked_for_while_other_calls_are_out(bench: Make):
    slow = Shop("slow", ("email",), knows=lambda key: key != "a.com", seconds=2.0)
    prompt = Shop("prompt", ("title",), later=True, pause=0.1)
    found = bench(slow, prompt)
    found.ask([subject("a.com")])
    seen: list[int] = []
    found.run(failpoint=lambda name: seen.append(prompt.polls) if name == "answered" else None)
    assert seen[-1] == 1  # the promise had been kept when the slow one answered


def test_a_promise_outlives_the_run_that_got_it(bench: Make):
    shop = Shop("shop", ("email",), later=True, pause=60.0)
    found = bench(shop)
    found.ask([subject("a.com")])
    assert found.run(patience=0.0).state == "pending"
    assert found.results() == {"email": ("pending", None)}
    found.due()
    assert found.run(patience=LONG).state == "completed"
    assert shop.calls == 1


def test_poll_and_webhook_and_its_second_delivery_are_one_answer(bench: Make):
    shop = Shop("shop", ("email",), later=True, pause=60.0)
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run(patience=0.0)
    lookup = shop.provider().endpoints[0]
    promises = Promises(found.warehouse.app, ORG)
    body = {"id": "shop-0", "found": {"state": "ok", "record": shop.record("a.com")}}
    taken = [
        promises.take("shop", request_id, reading, Decimal("0.10"), timedelta(days=7), timedelta(days=7))
        for _ in range(2)
        for request_id, reading in lookup.read_delivery(body)
    ]
    assert taken == [True, False]
    found.due()
    assert found.run(patience=LONG).state == "completed"
    assert (shop.polls, found.spent) == (0, Decimal("0.10"))


def test_what_is_learned_meanwhile_does_not_ask_for_a_promised_answer_again(bench: Make):
    slow = Shop("slow", ("company",), later=True, pause=60.0, or_by="name")
    found = bench(slow, Shop("names", ("domain",), needs="name"))
    lead = subject("acme", "business", name="acme")
    found.ask([type(lead)("business", lead.subject_id, lead.lead_id, {"name": "acme"})])
    found.run(patience=0.0)
    found.due()
    assert found.run(patience=LONG).state == "completed"
    assert (slow.asked, sum(slow.paid.values())) == ({"acme": 1}, 1)
    assert found.results()["company"] == ("filled", "slow")


def test_a_promise_of_a_provider_that_rests_is_waited_for_and_nobody_else_is_asked(bench: Make):
    slow, other = Shop("slow", ("email",), later=True, pause=60.0), Shop("other", ("email",))
    found = bench(slow, other)
    found.ask([subject("a.com")])
    found.run(patience=0.0)
    found.due()
    found.run(patience=LONG, plan={"switched_off": frozenset({"slow"})})
    assert found.results() == {"email": ("filled", "slow")}
    assert (slow.calls, other.calls) == (1, 0)
