"""The waterfall of a request: every scenario that a waterfall is for, against providers that keep their own bill."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dagster_project.enrichment.job_state import profile
from dagster_project.enrichment.money import Caps
from dagster_project.enrichment.subject import Known
from dagster_project.transport.breaker import FAILURES, REST_SECONDS
from tests.enrichment.conftest import Bench, Rules, subject
from tests.enrichment.shops import Shop

pytestmark = pytest.mark.integration
Make = Callable[..., Bench]


def test_the_first_provider_that_has_a_value_is_the_last_that_is_asked(bench: Make):
    first, second = Shop("first", ("email",)), Shop("second", ("email",))
    found = bench(first, second)
    found.ask([subject("acme.com")])
    report = found.run()
    assert (report.state, report.calls, second.calls) == ("completed", 1, 0)
    assert found.results() == {"email": ("filled", "first")}
    assert found.spent == found.bill == Decimal("0.10")


def test_a_provider_without_a_match_is_followed_by_the_next(bench: Make):
    found = bench(Shop("first", ("email",), knows=lambda key: False), Shop("second", ("email",)))
    found.ask([subject("acme.com")])
    found.run()
    assert found.results() == {"email": ("filled", "second")}
    attempts = found.rows("select attempt, provider, outcome from ops.enrichment_attempts order by attempt")
    assert [tuple(row.values()) for row in attempts] == [(1, "first", "no_match"), (2, "second", "ok")]


def test_an_unsure_value_is_not_enough(bench: Make):
    found = bench(Shop("first", ("email",), confidence=0.3), Shop("second", ("email",)))
    found.ask([subject("acme.com")])
    found.run()
    assert found.results() == {"email": ("filled", "second")}


def test_several_fields_of_one_provider_are_one_call(bench: Make):
    shop = Shop("shop", ("email", "phone", "title"))
    found = bench(shop)
    found.ask([subject("acme.com")])
    found.run()
    assert shop.calls == 1
    costs = found.rows("select sum(cost_usd) as usd, count(*) as n from ops.enrichment_attempts")[0]
    assert costs == {"usd": Decimal("0.1000"), "n": 3}


def test_attempts_are_counted_for_each_field_on_its_own(bench: Make):
    shops = [Shop(name, ("email", "phone"), knows=lambda key: False) for name in ("a", "b", "c", "d")]
    found = bench(*shops, max_attempts=2)
    found.rules["phone"] = Rules(["c", "d"], max_attempts=2)
    found.ask([subject("acme.com")])
    found.run()
    rows = found.rows("select field, provider from ops.enrichment_attempts order by field, attempt")
    assert [tuple(row.values()) for row in rows] == [
        ("email", "a"), ("email", "b"), ("phone", "c"), ("phone", "d"),
    ]  # fmt: skip


def test_a_batch_of_subjects_is_one_call_and_a_match_each(bench: Make):
    shop = Shop("shop", ("email",), knows=lambda key: key != "c3.com", batch=25)
    found = bench(shop)
    found.ask([subject(f"c{i}.com") for i in range(30)])
    found.run()
    assert shop.calls == 2
    assert found.spent == found.bill == Decimal("2.90")


def test_a_remembered_answer_makes_no_call(bench: Make):
    shop = Shop("shop", ("email",))
    found = bench(shop)
    found.ask([subject("acme.com")])
    found.run()
    found.ask([subject("acme.com")], "r2")
    report = found.run("r2")
    assert (shop.calls, report.cached, report.calls) == (1, 1, 0)
    assert found.results("r2") == {"email": ("filled", "shop")}


def test_that_there_is_nothing_is_remembered_for_a_time_of_its_own(bench: Make):
    shop = Shop("shop", ("email",), knows=lambda key: False)
    found = bench(shop, negative_cache_days=1)
    found.ask([subject("acme.com")])
    found.run()
    found.ask([subject("acme.com")], "r2")
    found.run("r2")
    assert shop.calls == 1
    with found.warehouse.connect() as connection:
        connection.execute("update ops.enrichment_cache set fetched_at = fetched_at - interval '25 hours'")
    found.ask([subject("acme.com")], "r3")
    found.run("r3")
    assert shop.calls == 2


def test_two_subjects_with_one_question_pay_for_one_answer(bench: Make):
    shop = Shop("shop", ("company",))
    found = bench(shop)
    twin = subject("acme.com", "business")
    other = subject("other.com", "business")
    found.ask([twin, type(other)("business", other.subject_id, other.lead_id, twin.identity)])
    found.run()
    assert (shop.calls, found.spent) == (1, Decimal("0.10"))


def test_what_an_answer_says_of_the_subject_helps_to_ask_the_next(bench: Make):
    names, sizes = Shop("names", ("domain",), needs="name"), Shop("sizes", ("company",))
    found = bench(names, sizes)
    lead = subject("acme", "business", name="acme")
    found.ask([type(lead)("business", lead.subject_id, lead.lead_id, {"name": "acme"})])
    found.run()
    assert sizes.asked == {"acme.example": 1}


def test_a_provider_that_is_turned_off_or_cannot_ask_costs_nothing(bench: Make):
    off, blind, shop = Shop("off", ("email",)), Shop("blind", ("email",), needs="linkedin"), Shop("shop", ("email",))
    found = bench(off, blind, shop)
    found.ask([subject("acme.com")])
    found.run(plan={"switched_off": frozenset({"off"})})
    assert (off.calls, blind.calls) == (0, 0)
    assert found.results() == {"email": ("filled", "shop")}


def test_a_field_that_is_sure_enough_is_not_asked_for(bench: Make):
    shop = Shop("shop", ("email", "title"))
    found = bench(shop)
    found.ask([subject("acme.com", known={"email": Known("a@acme.com", 0.9)})])
    found.run()
    assert found.results() == {"email": ("kept", None), "title": ("filled", "shop")}


def test_a_better_value_is_kept_and_the_worse_one_is_not_lost(bench: Make):
    shop = Shop("shop", ("email",), confidence=0.6)
    found = bench(shop, min_confidence=0.55)
    found.rules["email"] = Rules(["shop"], min_confidence=0.55)
    old = Known("a@acme.com", 0.5, datetime(2026, 1, 1, tzinfo=UTC))
    found.ask([subject("acme.com", known={"email": old})])
    found.run()
    (audit,) = found.rows("select old_value, new_value, provider from ops.enrichment_audit")
    assert audit == {"old_value": "a@acme.com", "new_value": "person@acme.com", "provider": "shop"}


def test_five_failures_open_the_breaker_and_one_probe_closes_it(bench: Make):
    bad, good = Shop("bad", ("email",), status=500), Shop("good", ("email",))
    found = bench(bad, good)
    found.ask([subject(f"c{i}.com") for i in range(20)])
    report = found.run()
    assert report.outcomes["ok"] == 20
    (health,) = found.rows("select state, failures from ops.provider_health where provider = 'bad'")
    # eight calls are open at once: those that were out when the fifth failed fail too
    assert (health["state"], FAILURES <= health["failures"] <= 8) == ("open", True)
    calls, bad.status = bad.calls, None
    with found.warehouse.connect() as connection:
        ago = f"update ops.provider_health set since = since - interval '{REST_SECONDS} seconds'"
        connection.execute(ago)
    found.ask([subject("new.com")], "r2")
    found.run("r2")
    assert bad.calls == calls + 1
    assert found.rows("select state from ops.provider_health where provider = 'bad'") == [{"state": "closed"}]


def test_an_allowance_that_is_gone_is_left_alone_by_every_process(bench: Make):
    empty, good = Shop("empty", ("email",), status=402), Shop("good", ("email",))
    found = bench(empty, good)
    found.ask([subject("a.com")])
    found.run()
    found.ask([subject("b.com")], "r2")
    found.run("r2")
    assert (empty.calls, good.calls) == (1, 2)


def test_who_must_not_be_named_is_asked_of_nobody_else(bench: Make):
    shy, other = Shop("shy", ("email",), forbidden=frozenset({"a.com"})), Shop("other", ("email", "phone"))
    found = bench(shy, other)
    found.rules["phone"] = Rules(["shy", "other"])
    found.ask([subject("a.com")])
    found.run()
    assert found.results()["email"][0] == "suppressed"
    found.ask([subject("a.com")], "r2")
    found.run("r2")
    assert shy.calls == 1


@pytest.mark.parametrize("scope", ["request", "day", "lead", "provider"])
def test_a_cap_is_never_passed_and_says_so(bench: Make, scope: str):
    shop = Shop("shop", ("email",), price=Decimal("0.10"))
    found = bench(shop)
    caps = {"providers": {"shop": Decimal("0.35")}} if scope == "provider" else {scope: Decimal("0.35")}
    if scope == "lead":
        caps = {"lead": Decimal("0.05")}
    found.caps = Caps(**caps)
    found.ask([subject(f"c{i}.com") for i in range(10)])
    report = found.run()
    assert found.spent == found.bill <= Decimal("0.35")
    assert shop.calls == (0 if scope == "lead" else 3)
    said = found.rows("select distinct reason from ops.enrichment_results where state <> 'filled'")
    assert any("budget" in row["reason"] for row in said)
    assert report.state == ("stopped" if scope in ("request", "day") else "completed")


def test_sixteen_workers_together_do_not_overspend(bench: Make):
    shop = Shop("shop", ("email",), price=Decimal("0.10"))
    found = bench(shop)
    found.caps = Caps(request=Decimal("5.00"))
    found.ask([subject(f"c{i}.com") for i in range(200)])

    async def together() -> None:
        await asyncio.gather(*(found.work("r1", plan={"batch_size": 5}) for _ in range(16)))

    asyncio.run(together())
    assert found.spent == found.bill == Decimal("5.00")
    assert all(count == 1 for count in shop.paid.values())
    (money,) = found.rows("select spent_usd, reserved_usd from ops.enrichment_spend where scope = 'request'")
    assert money == {"spent_usd": Decimal("5.0000"), "reserved_usd": Decimal(0)}


def test_a_run_that_finds_nothing_to_do_makes_no_call(bench: Make):
    shop = Shop("shop", ("email",))
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run()
    assert found.run().calls == 0
    assert shop.calls == 1


@pytest.mark.parametrize(
    "url", ["linkedin.com/in/ann", "http://www.linkedin.com/in/Ann/", "https://linkedin.com/in/ann"]
)
def test_a_profile_is_asked_for_in_one_spelling(url: str):
    assert profile(url) == "https://www.linkedin.com/in/ann"
