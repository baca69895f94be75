"""A worker that is killed at any point: nothing that was answered is paid for again, no job and no money is lost."""

import asyncio
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest

from dagster_project.enrichment.ledger import Ledger
from tests.enrichment.conftest import ORG, Bench, subject
from tests.enrichment.shops import Shop

pytestmark = pytest.mark.integration
POINTS = ("leased", "remembered", "opened", "sent", "answered", "settled", "noted", "deciding", "decided")


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


def killer(point: str, time: int = 1) -> Callable[[str], None]:
    """A failpoint that kills where and when it is told."""
    met: Counter[str] = Counter()

    def at(name: str) -> None:
        met[name] += 1
        if name == point and met[name] == time:
            raise Killed

    return at


def killed(found: Bench, point: str, time: int) -> bool:
    """Whether a run was killed there; its lease has run out afterwards."""
    was_killed = False
    try:
        found.run(failpoint=killer(point, time))
    except* Killed:
        was_killed = True
    with found.warehouse.connect() as connection:
        connection.execute("update ops.enrichment_jobs set lease_until = now() where state = 'running'")
    return was_killed


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_run_goes_on_and_pays_for_nothing_again(bench: Callable[..., Bench], point: str):
    first = Shop("first", ("email", "title"), knows=lambda key: key < "c3", batch=2)
    second = Shop("second", ("email", "title", "phone"))
    found = bench(first, second)
    found.ask([subject(f"c{i}.com") for i in range(6)])
    assert killed(found, point, 1)
    report = found.run()
    assert report.state == "completed"
    states = found.rows("select state, count(*) as n from ops.enrichment_results group by state")
    assert states == [{"state": "filled", "n": 18}]
    (money,) = found.rows("select sum(reserved_usd) as open from ops.enrichment_spend")
    assert money["open"] == 0
    lost = found.rows("select coalesce(sum(reserved_usd), 0) as usd from ops.enrichment_calls where state = 'lost'")
    charged = sum((attempt["usd"] for attempt in found.rows("select cost_usd as usd from ops.enrichment_attempts")), 0)
    in_flight = point in ("opened", "sent", "answered")
    assert lost[0]["usd"] == 0 or in_flight
    if not in_flight:
        assert found.spent == found.bill == charged
        assert max((*first.paid.values(), *second.paid.values())) == 1
    else:
        assert found.spent == charged <= found.bill <= found.spent + lost[0]["usd"]


def test_leases_keep_two_workers_from_one_job(bench: Callable[..., Bench]):
    shop = Shop("shop", ("email",))
    found = bench(shop)
    found.ask([subject(f"c{i}.com") for i in range(40)])

    async def together() -> None:
        await asyncio.gather(*(found.work("r1", plan={"batch_size": 3}) for _ in range(4)))

    asyncio.run(together())
    assert set(shop.paid.values()) == {1}
    assert found.spent == found.bill == Decimal("4.00")


@pytest.mark.parametrize("later", [False, True])
def test_an_answer_that_comes_after_its_call_was_given_up_is_counted_once(bench: Callable[..., Bench], later: bool):
    shop = Shop("shop", ("email",), later=later)
    found = bench(shop)
    found.ask([subject("a.com")])
    lost: list[int] = []

    def given_up(name: str) -> None:
        if name == "answered" and not lost:
            with found.warehouse.connect() as connection:
                connection.execute("update ops.enrichment_jobs set lease_until = now()")
            lost.append(Ledger(found.warehouse.app, ORG).lose())

    assert found.run(failpoint=given_up, patience=10.0).state == "completed"
    assert lost == [1]
    assert found.spent == found.bill == Decimal("0.10")
    counted = found.rows("select distinct spent_usd, reserved_usd from ops.enrichment_spend")
    assert counted == [{"spent_usd": Decimal("0.10"), "reserved_usd": Decimal(0)}]


def test_a_lease_lasts_as_long_as_its_worker_waits_for_answers(bench: Callable[..., Bench]):
    shop = Shop("shop", ("email",), seconds=1.5)
    found = bench(shop)
    found.ask([subject("a.com")])

    async def second() -> None:
        await asyncio.sleep(1.0)
        await found.work("r1", lease_seconds=0.6)

    async def together() -> None:
        await asyncio.gather(found.work("r1", lease_seconds=0.6), second())

    asyncio.run(together())
    assert shop.asked == {"a.com": 1}
    assert found.spent == found.bill
