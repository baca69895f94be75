"""Money in doubt: what may have been charged counts as charged, what was answered or promised is not paid for again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from dagster_project.enrichment.ledger import Ledger, Question, new_id
from dagster_project.enrichment.lookup import Reading, cache_key
from dagster_project.enrichment.money import Caps
from dagster_project.enrichment.opening import open_calls
from dagster_project.enrichment.promises import Promises
from dagster_project.enrichment.steps import Step
from dagster_project.transport.outcomes import Outcome
from tests.enrichment.conftest import ORG, Bench, subject
from tests.enrichment.shops import Shop
from tests.enrichment.test_kills import killed

pytestmark = pytest.mark.integration
Make = Callable[..., Bench]
KEEP = timedelta(days=7)
# Longer than a busy machine may take.
LONG = 300.0


def money(found: Bench) -> tuple[Decimal, Decimal]:
    """Spent and still reserved of the request."""
    (row,) = found.rows("select spent_usd, reserved_usd from ops.enrichment_spend where scope = 'request'")
    return row["spent_usd"], row["reserved_usd"]


def test_a_call_that_times_out_counts_as_charged_and_is_not_repeated(bench: Make):
    slow, other = Shop("slow", ("email",), breaks=frozenset({"a.com"})), Shop("other", ("email",))
    found = bench(slow, other)
    found.ask([subject("a.com")])
    assert found.run().state == "completed"
    assert found.results() == {"email": ("filled", "other")}
    assert (slow.calls, slow.bill, other.bill) == (1, Decimal("0.10"), Decimal("0.10"))
    assert money(found) == (Decimal("0.20"), Decimal(0))
    lost = found.rows("select provider, outcome, cost_usd from ops.enrichment_calls where state = 'lost'")
    assert lost == [{"provider": "slow", "outcome": "transient", "cost_usd": Decimal("0.10")}]


def test_calls_in_doubt_do_not_pass_a_cap(bench: Make):
    keys = [f"c{i}.com" for i in range(6)]
    shop = Shop("shop", ("email",), breaks=frozenset(keys))
    found = bench(shop)
    found.caps = Caps(request=Decimal("0.30"))
    found.ask([subject(key) for key in keys])
    assert found.run().state == "stopped"
    assert shop.bill == money(found)[0] == Decimal("0.30")


def test_a_server_error_costs_nothing_and_is_tried_again(bench: Make):
    shop = Shop("shop", ("email",), status=503)
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run()
    assert shop.calls == 2
    assert money(found) == (Decimal(0), Decimal(0))


def test_what_is_asked_for_again_is_paid_once_whoever_asks(bench: Make):
    shop = Shop("shop", ("email",), later=True, is_polled=False)
    found = bench(shop)
    found.ask([subject(f"c{i}.com") for i in range(6)])

    async def together() -> None:
        await asyncio.gather(*(found.work("r1", plan={"batch_size": 2}, patience=LONG) for _ in range(3)))

    asyncio.run(together())
    assert set(shop.paid.values()) == {1}
    assert found.bill == found.spent == money(found)[0] == Decimal("0.60")


def test_a_call_that_is_killed_while_it_asks_again_is_lost_and_counted(bench: Make):
    shop = Shop("shop", ("email",), later=True, is_polled=False, pause=60.0)
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run(patience=0.0)
    assert money(found) == (Decimal(0), Decimal(0))
    found.due()
    assert killed(found, "answered", 1)
    assert found.run(patience=LONG).state == "completed"
    assert shop.bill == money(found)[0] == Decimal("0.20")


def test_a_promise_that_is_not_kept_counts_as_charged(bench: Make):
    shop = Shop("shop", ("email",), later=True, pause=60.0)
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run(patience=0.0)
    gone = Reading(Outcome.BAD_REQUEST, reason="HTTP 410")
    assert Promises(found.warehouse.app, ORG).take("shop", "shop-0", gone, Decimal(0), KEEP, KEEP)
    assert money(found) == (Decimal("0.10"), Decimal(0))


@pytest.mark.parametrize("status", [401, 402, 429, 503])
def test_a_promise_stands_while_its_provider_cannot_be_asked(bench: Make, status: int):
    shop = Shop("shop", ("email",), later=True, pause=60.0)
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run(patience=0.0)
    provider = shop.provider()

    async def polled() -> Reading:
        async with found.asker() as asker:
            asker.transport.shops["shop.example"] = _Refusing(status)
            return await asker.poll("shop", provider.endpoints[0], "shop-0")

    assert asyncio.run(polled()).outcome is Outcome.PENDING


class _Refusing:
    """A shop that answers everything with one status."""

    seconds = 0.0

    def __init__(self, status: int) -> None:
        self.status = status

    def handle(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(self.status, json={})


def test_two_questions_that_are_promised_under_one_id_are_both_answered(bench: Make):
    shop = Shop("shop", ("email",), later=True, pause=60.0)
    found = bench(shop)
    found.ask([subject("a.com"), subject("b.com")])
    shop.promised = _Always(shop.promised)
    found.run(patience=0.0)
    assert money(found) == (Decimal(0), Decimal("0.20"))
    found.due()
    assert found.run(patience=LONG).state == "completed"
    assert shop.calls == 2
    assert money(found) == (Decimal("0.20"), Decimal(0))


class _Always(dict):
    """Promises that are all made under the same id."""

    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize("later", [False, True], ids=["answer", "promise"])
def test_what_came_before_a_kill_is_used_although_its_provider_rests_since(bench: Make, later: bool):
    first, other = Shop("first", ("email",), later=later, pause=60.0), Shop("other", ("email",))
    found = bench(first, other)
    found.ask([subject("a.com")])
    assert killed(found, "settled", 1)
    found.due()
    rests = {"switched_off": frozenset({"first"})}
    assert found.run(patience=LONG, plan=rests).state == "completed"
    assert found.results() == {"email": ("filled", "first")}
    assert (first.calls, other.calls) == (1, 0)
    assert found.bill == money(found)[0] == Decimal("0.10")


def test_what_was_promised_since_the_memory_was_read_is_not_asked_again(bench: Make):
    shop = Shop("shop", ("email",), later=True, pause=60.0)
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run(patience=0.0)
    assert opened(found, shop, {}) == (0, 1)


def test_what_was_answered_since_the_memory_was_read_is_not_asked_again(bench: Make):
    shop = Shop("shop", ("email",))
    found = bench(shop)
    found.ask([subject("a.com")])
    found.run()
    assert opened(found, shop, {}) == (0, 1)
    (answer,) = found.rows("select answer_id::text, cache_key from ops.enrichment_answers")
    assert opened(found, shop, {answer["cache_key"]: answer["answer_id"]}) == (1, 0), "what was seen did not suffice"


def opened(found: Bench, shop: Shop, seen: dict[str, str]) -> tuple[int, int]:
    """Calls opened for a.com by one whose memory held what was `seen`; questions that need none."""
    lookup, inputs = shop.provider().endpoints[0], {"domain": "a.com"}
    key = cache_key("shop", "find", inputs)
    question = Question(new_id(), subject("a.com"), key, inputs, Decimal("0.10"), (), KEEP, KEEP)
    asked = {key: (question, Step(shop.provider(), lookup, inputs))}
    done = open_calls(Ledger(found.warehouse.app, ORG), "r1", new_id(), seen, asked)
    return len(done.calls), len(done.elsewhere)


def stopped_with_a_promise(bench: Make) -> tuple[Shop, Bench]:
    """A request that was promised an answer before its budget was used up."""
    shop = Shop("shop", ("email",), later=True, pause=60.0)
    found = bench(shop)
    found.caps = Caps(request=Decimal("0.10"))
    found.ask([subject("a.com"), subject("b.com")])
    assert found.run(plan={"batch_size": 1}, patience=0.0).state == "stopped"
    assert money(found) == (Decimal(0), Decimal("0.10"))
    found.due()
    return shop, found


def test_the_promise_of_a_stopped_request_is_taken_up_by_the_tenants_next_run(bench: Make):
    shop, found = stopped_with_a_promise(bench)
    known = next(iter(shop.promised.values()))
    found.ask([subject(known)], "r2")
    assert found.run("r2", patience=LONG).state == "completed"
    assert found.results("r2") == {"email": ("filled", "shop")}
    assert (shop.calls, shop.bill, found.spent) == (1, Decimal("0.10"), Decimal("0.10"))
    assert money(found)[1] == 0


def test_the_promise_of_a_stopped_request_is_used_when_it_is_resumed(bench: Make):
    shop, found = stopped_with_a_promise(bench)
    found.caps = Caps(request=Decimal("0.20"))
    assert found.run(patience=LONG).state in ("completed", "pending")
    found.due()
    assert found.run(patience=LONG).state == "completed"
    assert (shop.calls, shop.bill, found.spent) == (2, Decimal("0.20"), Decimal("0.20"))


def test_a_request_that_is_stopped_waits_for_what_it_was_promised(bench: Make):
    shop = Shop("shop", ("email",), later=True, pause=0.2)
    found = bench(shop)
    found.caps = Caps(request=Decimal("0.10"))
    found.ask([subject("a.com"), subject("b.com")])
    assert found.run(plan={"batch_size": 1}, patience=LONG).state == "stopped"
    assert money(found) == (Decimal("0.10"), Decimal(0))
    assert shop.bill == found.spent == Decimal("0.10")
