"""A worker that is killed at any point: nothing that was answered is paid for again, no job and no money is lost."""

import asyncio
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.enrichment.conftest import Bench, subject
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
