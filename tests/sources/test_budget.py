"""The budget: no number of workers passes a cap, what is not spent comes back, and campaigns do not meet."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dagster_project.resources.warehouse import Warehouse
from dagster_project.sources.budget import Budget, BudgetSpent, CampaignBudget, Caps, LocalBudget, RecordsReached

pytestmark = pytest.mark.integration

DAY = date(2026, 11, 23)
CENT = Decimal("0.01")
SPEND = "select provider, spent_usd, reserved_usd, records from ops.campaign_spend order by campaign, day, provider"


@pytest.fixture
def budget(clean_warehouse: Warehouse) -> Callable[..., CampaignBudget]:
    """Makes the budget of a provider, as each process has its own."""

    def make(caps: Caps, provider: str = "yelp", campaign: str = "bars", day: date = DAY, org: str = "a"):
        found = CampaignBudget(clean_warehouse.app, org, campaign, day, provider, caps)
        found.resume(Decimal(0), 0)
        return found

    return make


def spend(warehouse: Warehouse) -> list[tuple]:
    with warehouse.connect() as connection:
        return connection.execute(SPEND).fetchall()


def together(workers: int, work: Callable[[int], int]) -> list[int]:
    gate = threading.Barrier(workers)

    def begin(number: int) -> int:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(begin, range(workers)))


def reserve_all(budget: Budget, usd: Decimal, most: int = 1_000) -> int:
    """How many reservations are granted."""
    for count in range(most):
        try:
            budget.reserve(usd)
        except BudgetSpent:
            return count
    return most


def test_sixteen_reservers_at_once_never_pass_the_cap(budget, clean_warehouse: Warehouse):
    caps = Caps(usd=Decimal("1.00"))
    shared = [budget(caps, provider=f"p{n % 4}") for n in range(16)]
    granted = together(16, lambda n: reserve_all(shared[n], Decimal("0.03")))
    assert sum(granted) == 33
    assert sum(reserved for _, _, reserved, _ in spend(clean_warehouse)) == Decimal("0.99")


def test_sixteen_workers_that_settle_at_once_spend_to_the_cent(budget, clean_warehouse: Warehouse):
    shared = budget(Caps(usd=Decimal("2.00"), records=10_000))

    def work(number: int) -> int:
        for turn in range(20):
            try:
                shared.reserve(5 * CENT)
            except BudgetSpent:
                return turn
            # half of the calls bring less than was reserved for
            shared.settle(5 * CENT, (5 if turn % 2 else 1) * CENT, 3)
        return 20

    calls = sum(together(16, work))
    ((_, spent, reserved, records),) = spend(clean_warehouse)
    assert (reserved, records) == (0, 3 * calls)
    assert Decimal("1.95") < spent <= Decimal("2.00")


def test_what_was_reserved_and_not_spent_can_be_reserved_again(budget):
    found = budget(Caps(usd=Decimal("0.10")))
    found.reserve(Decimal("0.10"))
    with pytest.raises(BudgetSpent, match=r"the budget of \$0.10 is used up: \$0.10 spent or reserved"):
        found.reserve(CENT)
    found.settle(Decimal("0.10"), Decimal("0.04"), 2)
    assert reserve_all(found, CENT) == 6


def test_a_refused_reservation_reserves_nothing(budget, clean_warehouse: Warehouse):
    found = budget(Caps(usd=Decimal("0.05")))
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            found.reserve(Decimal("0.06"))
    assert spend(clean_warehouse) == [("yelp", 0, 0, 0)]


def test_resuming_drops_open_reservations_and_states_what_was_kept(budget, clean_warehouse: Warehouse):
    dead = budget(Caps(usd=Decimal("1.00")))
    dead.reserve(Decimal("0.90"))
    dead.settle(Decimal("0.30"), Decimal("0.20"), 7)
    again = CampaignBudget(dead.connect, "a", "bars", DAY, "yelp", dead.caps)
    again.resume(Decimal("0.35"), 9)
    assert spend(clean_warehouse) == [("yelp", Decimal("0.35"), 0, 9)]
    assert reserve_all(again, Decimal("0.05")) == 13


def test_resuming_one_provider_leaves_the_reservations_of_the_others(budget, clean_warehouse: Warehouse):
    caps = Caps(usd=Decimal("1.00"))
    budget(caps, "apollo").reserve(Decimal("0.60"))
    assert reserve_all(budget(caps, "yelp"), Decimal("0.10")) == 4
    assert [reserved for _, _, reserved, _ in spend(clean_warehouse)] == [Decimal("0.60"), Decimal("0.40")]


def test_a_providers_own_cap_holds_within_the_campaigns(budget):
    caps = Caps(usd=Decimal("1.00"), provider_usd=Decimal("0.30"))
    yelp, apollo = budget(caps, "yelp"), budget(replace(caps, provider_usd=None), "apollo")
    assert reserve_all(yelp, Decimal("0.10")) == 3
    with pytest.raises(BudgetSpent, match=r"the budget of \$0.30 for yelp is used up: \$0.30 spent"):
        yelp.reserve(CENT)
    assert reserve_all(apollo, Decimal("0.10")) == 7


def test_records_are_capped_for_the_campaign_and_for_a_provider(budget):
    caps = Caps(records=10, provider_records=6)
    yelp, apollo = budget(caps, "yelp"), budget(caps, "apollo")
    yelp.settle(Decimal(0), Decimal(0), 5)
    yelp.reserve(Decimal(0))
    yelp.settle(Decimal(0), Decimal(0), 1)
    with pytest.raises(RecordsReached, match="the 6 records of yelp are reached"):
        yelp.reserve(Decimal(0))
    apollo.settle(Decimal(0), Decimal(0), 4)
    with pytest.raises(RecordsReached, match="the campaign's 10 records are reached"):
        apollo.reserve(Decimal(0))


def test_campaigns_days_and_tenants_do_not_share_a_budget(budget, clean_warehouse: Warehouse):
    caps = Caps(usd=CENT)
    for other in ({}, {"campaign": "cafes"}, {"day": DAY + timedelta(days=1)}, {"org": "b"}):
        assert reserve_all(budget(caps, **other), CENT) == 1
    assert len(spend(clean_warehouse)) == 4


def test_a_free_provider_without_caps_needs_no_database():
    def connect(org_id: str):
        raise AssertionError("asked the database")

    found = CampaignBudget(connect, "a", "bars", DAY, "yelp", Caps())
    found.reserve(Decimal(0))
    found.settle(Decimal(0), Decimal(0), 50)


@pytest.mark.parametrize("usd", ["0.0001", "0.0032"])
def test_small_prices_add_up(budget, usd: str):
    found = budget(Caps(usd=Decimal("0.01")))
    assert reserve_all(found, Decimal(usd)) == int(Decimal("0.01") / Decimal(usd))


def test_the_budget_of_one_process_refuses_as_the_shared_one_does(budget):
    caps = Caps(usd=Decimal("0.10"), records=30)
    for found in (budget(caps), LocalBudget(caps, "yelp")):
        found.resume(Decimal("0.02"), 3)
        found.reserve(Decimal("0.05"))
        assert reserve_all(found, Decimal("0.04")) == 0
        found.settle(Decimal("0.05"), Decimal("0.01"), 20)
        found.reserve(Decimal("0.07"))
        with pytest.raises(BudgetSpent, match="used up"):
            found.reserve(CENT)
        found.settle(Decimal("0.07"), Decimal(0), 7)
        with pytest.raises(RecordsReached, match="the campaign's 30 records are reached"):
            found.reserve(Decimal(0))
