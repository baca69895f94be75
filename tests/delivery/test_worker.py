"""A worker between a real outbox and a sink that answers what the test says."""

import logging
import threading
from collections.abc import Callable, Sequence

import pytest

from dagster_project.delivery.outbox import Outbox, OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result
from dagster_project.delivery.report import DeliveryReport
from dagster_project.delivery.run import run_sink
from dagster_project.delivery.sync import Sync
from dagster_project.delivery.worker import HOPELESS, PATIENCE, deliver
from tests.delivery.conftest import ORG, Mart, World, counts

pytestmark = pytest.mark.integration

DELIVERED = Result(Outcome.DELIVERED)
CUT = Result(Outcome.TRANSIENT, "ReadTimeout from host")


class ScriptedSink:
    """Answers call by call with what it was given, then delivers everything. Keeps each call's rows."""

    def __init__(self, *answers: Result | Callable[[OutboxRow], Result]) -> None:
        self.answers = iter(answers)
        self.calls: list[list[OutboxRow]] = []

    def send(self, rows: Sequence[OutboxRow]) -> list[Result]:
        self.calls.append(list(rows))
        answer = next(self.answers, DELIVERED)
        return [answer if isinstance(answer, Result) else answer(row) for row in rows]

    def is_lost(self) -> bool:
        return False

    def remove(self, natural_keys: Sequence[str]) -> bool:
        return False

    def close(self) -> None: ...


@pytest.fixture
def run(mart: Mart, hook_sync: Sync, world: World) -> Callable[..., DeliveryReport]:
    """Runs the ten-row webhook sync with a sink, under the test's clock."""

    def run_it(sink: ScriptedSink, batch_id: str = "batch", **surroundings) -> DeliveryReport:
        return run_sink(mart.connect, ORG, hook_sync, batch_id, sink, world.surroundings(**surroundings))

    return run_it


def test_everything_due_is_sent_once_and_a_second_run_sends_nothing(mart: Mart, run):
    mart.put(25)
    sink = ScriptedSink()
    first, second = run(sink), run(sink, "next batch")
    assert [len(call) for call in sink.calls] == [10, 10, 5]
    assert len({row.natural_key for call in sink.calls for row in call}) == 25
    assert (first.new, first.acknowledged, first.stopped) == (25, 25, None)
    assert (second.new, second.unchanged, second.acknowledged, second.calls) == (0, 25, 0, 0)


def test_a_cut_call_is_repeated_with_the_same_keys_within_the_run(mart: Mart, run, world: World):
    mart.put(5)
    sink = ScriptedSink(CUT)
    report = run(sink)
    assert [row.idempotency_key for row in sink.calls[0]] == [row.idempotency_key for row in sink.calls[1]]
    assert (report.failed, report.acknowledged, report.counts["acknowledged"]) == (5, 5, 5)
    assert world.paused == [3.75]


def test_what_fails_for_long_is_left_to_a_later_run_and_dies_after_its_last_attempt(
    mart: Mart, hook_sync: Sync, world: World
):
    mart.put(2)
    patient = Sync(**hook_sync.model_dump() | {"max_attempts": 5})
    down = ScriptedSink(*[CUT] * 100)

    def run_again() -> DeliveryReport:
        world.pass_time(10_000)
        return run_sink(mart.connect, ORG, patient, "batch", down, world.surroundings())

    reports = [run_again() for _ in range(4)]
    # The third and fourth retries wait 30 s and 60 s, longer than a run is willing to.
    assert [report.calls for report in reports] == [3, 1, 1, 0]
    assert [(report.counts["failed"], report.counts["dead"]) for report in reports] == [(2, 0), (2, 0), (0, 2), (0, 2)]
    assert sum(world.paused[:2]) <= PATIENCE


def test_one_bad_record_does_not_hold_up_the_others(mart: Mart, run):
    bad, *_ = mart.put(10)
    sink = ScriptedSink(
        lambda row: Result(Outcome.BAD_REQUEST, "HTTP 422", 422) if row.natural_key == bad else DELIVERED
    )
    report = run(sink)
    assert (report.acknowledged, report.dead, report.counts["dead"]) == (9, 1, 1)
    assert run(sink, "next").calls == 0


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.AUTH, 401), (Outcome.GONE, 410)])
def test_a_broken_set_up_stops_the_run_at_once_and_costs_no_attempt(mart: Mart, run, outcome: Outcome, code: int):
    mart.put(30)
    sink = ScriptedSink(Result(outcome, f"HTTP {code}", code))
    report = run(sink)
    assert report.stopped == f"{outcome}: HTTP {code}"
    assert (report.calls, report.counts["failed"], report.counts["pending"]) == (1, 10, 20)
    assert all(row.attempts == 0 for row in sink.calls[0])
    healed = ScriptedSink()
    assert run(healed).acknowledged == 30
    assert all(row.attempts == 0 for call in healed.calls for row in call)


def test_a_rate_limit_pauses_the_run_and_costs_no_attempt(mart: Mart, run, world: World):
    mart.put(20)
    sink = ScriptedSink(Result(Outcome.RATE_LIMITED, "HTTP 429", 429, retry_after=6))
    report = run(sink)
    assert world.paused == [6]
    assert (report.acknowledged, report.stopped, report.counts["acknowledged"]) == (20, None, 20)
    assert all(row.attempts == 0 for call in sink.calls for row in call)


def test_a_rate_limit_beyond_the_runs_patience_ends_it(mart: Mart, run, world: World):
    mart.put(20)
    report = run(ScriptedSink(Result(Outcome.RATE_LIMITED, "HTTP 429", 429, retry_after=600)))
    assert (report.stopped, world.paused) == ("rate limited for 600 s", [])
    world.pass_time(600)
    assert run(ScriptedSink()).acknowledged == 20


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.BAD_REQUEST])
def test_a_destination_that_takes_nothing_is_left_alone_after_a_few_batches(mart: Mart, run, outcome: Outcome):
    mart.put(60)
    report = run(ScriptedSink(*[Result(outcome, "HTTP 500")] * 100))
    assert report.calls == HOPELESS
    assert report.stopped == f"{HOPELESS} batches in a row failed, the last one as {outcome}: HTTP 500"
    assert report.counts["pending"] == 30


def test_a_suppressed_row_is_not_sent_again(mart: Mart, run):
    mart.put(3)
    assert run(ScriptedSink(Result(Outcome.SUPPRESSED, "in compliance state"))).counts["suppressed"] == 3
    assert run(ScriptedSink(), "next").calls == 0


def test_a_sink_that_breaks_leaves_its_rows_to_the_next_run(mart: Mart, run):
    mart.put(12)

    def break_down(row: OutboxRow) -> Result:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run(ScriptedSink(DELIVERED, break_down))
    assert run(ScriptedSink()).counts["acknowledged"] == 12


def test_an_exception_between_send_and_record_sends_the_same_keys_again(mart: Mart, run):
    mart.put(5)
    sink = ScriptedSink()

    def die(step: str) -> None:
        if step == "sent" and len(sink.calls) == 1:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        run(sink, on_step=die)
    assert run(sink, on_step=die).counts["acknowledged"] == 5
    first, second = ([row.idempotency_key for row in call] for call in sink.calls)
    assert first == second


def test_two_workers_at_once_send_each_row_once(mart: Mart, hook_sync: Sync, run):
    mart.put(200)
    run(ScriptedSink(Result(Outcome.AUTH, "HTTP 401", 401)))  # fills the outbox and stops
    sinks = [ScriptedSink(), ScriptedSink()]
    both_sending = threading.Barrier(2, timeout=30)

    def wait_for_the_other(step: str) -> None:
        if step == "leased" and not both_sending.broken:
            try:
                both_sending.wait()
            except threading.BrokenBarrierError:
                return

    def work(sink: ScriptedSink) -> None:
        deliver(mart.connect, ORG, hook_sync, sink, World().surroundings(on_step=wait_for_the_other))
        both_sending.abort()

    threads = [threading.Thread(target=work, args=[sink]) for sink in sinks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = [row.idempotency_key for sink in sinks for call in sink.calls for row in call]
    assert len(sent) == len(set(sent)) == 200
    assert all(sink.calls for sink in sinks)
    assert counts(mart.connect, ORG, hook_sync.name).acknowledged == 200


def test_a_late_worker_reports_its_rows_as_stale(mart: Mart, hook_sync: Sync, world: World, run):
    mart.put(5)

    def oversleep(step: str) -> None:
        if step == "sent":
            world.pass_time(3_600)
            outbox = Outbox(mart.connect, ORG, hook_sync.name)
            deliver(mart.connect, ORG, hook_sync, ScriptedSink(), world.surroundings())
            assert outbox.counts().acknowledged == 5

    report = run(ScriptedSink(), on_step=oversleep)
    assert (report.acknowledged, report.stale, report.counts["acknowledged"]) == (0, 5, 5)


def test_a_report_is_numbers_and_the_ledger(mart: Mart, run):
    mart.put(15)
    report = run(ScriptedSink())
    shown = report.as_dict()
    assert (shown["org_id"], shown["sync"], shown["batch_id"], shown["calls"]) == (ORG, "webhook", "batch", 2)
    assert 0 <= shown["p50_ms"] <= shown["p95_ms"] <= shown["max_ms"]
    states = ("acknowledged", "pending", "leased", "failed", "dead", "suppressed")
    assert shown["counts"] == {"enqueued": 15, **dict.fromkeys(states, 0), "acknowledged": 15}


def test_nothing_personal_reaches_logs_or_reports(mart: Mart, run, caplog: pytest.LogCaptureFixture):
    mart.put(5)
    with caplog.at_level(logging.DEBUG):
        report = run(ScriptedSink(CUT))
    shown = caplog.text + str(report.as_dict())
    assert ".example" not in shown
    assert "5550100" not in shown
