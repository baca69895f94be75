"""The waterfall measured against the sandbox: seeded faults and kills, and the throughput of a large request.

    python -m tests.bench.bench_enrichment [faults] [throughput] [--runs 1000] [--leads 100000]

`faults`: each run asks about six to ten leads and contacts, every field of the shipped waterfall, of a sandbox in this
process whose answers fail as the seed says. Workers, one or several, are killed at failpoints and followed by others
until every job has ended; promised answers come by poll and, twice, by webhook; a third of the runs has tight caps.
Then the sandbox's bill is held against the ledger, call by call, and against the caps and the jobs. Pauses between
attempts are 25 times shorter than outside. Nothing but a call that the sandbox lets hang ever waits for its answer, so
that the machine's speed gives up no other. Any violation makes the exit code 1.

`throughput`: so many leads with a contact each, five fields, of a sandbox in a process of its own over HTTP, without
limits; then the same request again, which memory answers. The sandbox shares the machine's cores.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.bench.bench_sources import CONSOLE, table, temporary
from tests.bench.bench_walk import machine

if TYPE_CHECKING:
    from tests.bench.enrichment_audit import Judgement
    from tests.bench.enrichment_faults import FaultRuns
    from tests.bench.enrichment_rate import Asked

PARTS = ("faults", "throughput")
BACKOFF_SECONDS = 0.02
LOOK_AGAIN = timedelta(seconds=0.02)


def faults(options: argparse.Namespace) -> bool:
    """Seeded runs; whether none of them did what must never be."""
    from dagster_project.enrichment import rounds
    from dagster_project.transport import client
    from tests.bench.enrichment_faults import FaultRuns
    from tests.bench.enrichment_world import warehouse

    client.BACKOFF_SECONDS, rounds.AFTER_POLL, rounds.ELSEWHERE = BACKOFF_SECONDS, LOOK_AGAIN, LOOK_AGAIN
    began, seeds = time.monotonic(), range(options.seed, options.seed + options.runs)
    with temporary("waterfall") as folder:
        house = warehouse(folder)
        try:
            sandboxes = [FaultRuns(folder, house, options.records) for _ in range(options.beside)]
            with ThreadPoolExecutor(options.beside) as pool:
                parts = list(pool.map(in_turn, sandboxes, (seeds[n :: options.beside] for n in range(options.beside))))
        finally:
            house.embedded.remove()
    found = [judgement for part in parts for judgement in part]
    show_faults(found, time.monotonic() - began)
    for title, counters in (("faults", [s.faults for s in sandboxes]), ("kills at", [s.points for s in sandboxes])):
        counts = sum(counters, Counter()).most_common()
        CONSOLE.print(f"{title}: {', '.join(f'{name} {count:,}' for name, count in counts)}")
    return not any(judgement.is_wrong for judgement in found)


def in_turn(runs: "FaultRuns", seeds: Sequence[int]) -> "list[Judgement]":
    """One run after the other in a sandbox; what is wrong is shown at once."""
    found = []
    for seed in seeds:
        found.append(runs.run(seed))
        if found[-1].is_wrong:
            CONSOLE.print(found[-1])
    return found


def show_faults(found: "Sequence[Judgement]", seconds: float) -> None:
    view = table(f"{len(found):,} fault runs in {seconds:,.0f} s", "", "total")
    states, requests = Counter(), Counter(j.request for j in found)
    for judgement in found:
        states.update(judgement.states)
    figures = {
        "processes": sum(j.processes for j in found),
        "killed": sum(j.kills for j in found),
        "calls": sum(j.calls for j in found),
        "answers": sum(j.answers for j in found),
        "calls in doubt": sum(j.in_doubt for j in found),
        "answers paid again after that": sum(j.again for j in found),
        "promises left to a later run": sum(j.waiting for j in found),
        "billed, USD": sum(j.bill for j in found),
        "for answers that came, USD": sum(j.bill - j.lost for j in found),
        "by the ledger, USD": sum(j.certain for j in found),
        "for calls in doubt, USD": sum(j.lost for j in found),
        "by the ledger at most, USD": sum(j.doubtful for j in found),
        **{f"jobs {state}": count for state, count in sorted(states.items())},
        **{f"requests {state}": count for state, count in sorted(requests.items())},
        "paid twice": sum(j.paid_twice for j in found),
        "caps exceeded": sum(len(j.over_caps) for j in found),
        "mismatches": sum(len(j.mismatches) for j in found),
    }
    for label, number in figures.items():
        view.add_row(label, f"{number:,}")
    CONSOLE.print(view)


def throughput(options: argparse.Namespace) -> bool:
    """A large request, and the same again; whether the second made no call and found every answer in memory."""
    from dagster_project.sandbox.api.server import Sandbox
    from tests.bench.enrichment_rate import SEED, Place, records_for, store, work
    from tests.bench.enrichment_world import warehouse
    from tests.bench.sandbox_runs import Memory

    requests, found = ("first", "again"), {}
    with temporary("waterfall") as folder:
        house = warehouse(folder)
        try:
            leads = store(folder, options.leads, requests)
            shop = Sandbox(records_for(options.leads), SEED, process=True, limits={"*": "off"})
            with Memory() as memory, shop:
                place = Place(folder, house, shop)
                for name in requests:
                    asked = found[name] = work(place, name, CONSOLE.print)
                    peaks = ", ".join(f"{mib:,.0f}" for mib in memory.peaks(asked.began, asked.ended, 5))
                    CONSOLE.print(f"{name}: {asked.report.state}; resident MiB in fifths {peaks}")
        finally:
            house.embedded.remove()
    show_throughput(leads, found)
    return found["again"].report.calls == 0 and found["again"].hits == 1


def show_throughput(leads: int, found: "Mapping[str, Asked]") -> None:
    view = table(f"{leads:,} leads with a contact each, five fields", "", *found)
    figures = {
        "seconds": [f"{a.seconds:,.1f}" for a in found.values()],
        "leads a second": [f"{leads / a.seconds:,.1f}" for a in found.values()],
        "calls": [f"{a.report.calls:,}" for a in found.values()],
        "calls a lead": [f"{a.report.calls / leads:,.2f}" for a in found.values()],
        "calls a second": [f"{a.report.calls / a.seconds:,.0f}" for a in found.values()],
        "answers": [f"{a.report.asked:,}" for a in found.values()],
        "of them asked for several at a time": [f"{a.batched:.0%}" for a in found.values()],
        "from memory": [f"{a.report.cached:,}" for a in found.values()],
        "hit ratio": [f"{a.hits:.1%}" for a in found.values()],
        "filled": [f"{a.report.filled:,}" for a in found.values()],
        "USD": [f"{a.report.cost:,}" for a in found.values()],
        **{f"CPU s, {who}": [f"{a.cpu[who]:,.1f}" for a in found.values()] for who in ("run", "database", "sandbox")},
    }
    for label, texts in figures.items():
        view.add_row(label, *texts)
    CONSOLE.print(view)


def main() -> None:
    """Measure the chosen parts; ends with 1 when one found a violation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; none is all")
    parser.add_argument("--runs", type=int, default=200, help="fault runs")
    parser.add_argument("--beside", type=int, default=4, help="fault runs side by side, each in a sandbox of its own")
    parser.add_argument("--records", type=int, default=2_000, help="records of the fault runs' world")
    parser.add_argument("--leads", type=int, default=2_000, help="leads of the large request")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    CONSOLE.print(f"{machine()}; load {os.getloadavg()[0]:.1f}")
    kept = [globals()[part](options) for part in options.parts or PARTS]
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
