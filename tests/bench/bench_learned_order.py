"""What the learned order saves against the fixed one, in a seeded world where the truth is known.

    python -m tests.bench.bench_learned_order [--subjects 20000] [--seed 1]

A third of the subjects is asked in the fixed order, and replayed. A third is asked in the learned order, exploring, and
replayed together with the first. The last third tells the truth about both orders. `estimate` is what the replay says
before anything but the fixed order was tried, `explored` what it says afterwards, `true` what holds for the last third.
"""

import argparse
import platform
import time

import polars as pl

from dagster_project.enrichment.learned_order import Learned, providers_for
from dagster_project.enrichment.replay import Replay, replay
from dagster_project.enrichment.waterfall import FieldWaterfall
from tests.enrichment.order_world import OFFERS, Policy, World, fixed, settings


def policy(learned: Learned) -> Policy:
    """The order that a waterfall with `order: learned` asks in."""
    waterfalls = {name: FieldWaterfall(name, "world", "learned", settings(name)) for name in OFFERS}
    return lambda field, segment, subject: providers_for(
        waterfalls[field], tuple(OFFERS[field]), segment, subject, learned
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    world, third = World(options.subjects, options.seed), options.subjects // 3
    print(f"{options.subjects:,} subjects, seed {options.seed}, Python {platform.python_version()}\n")
    history = world.attempts(fixed, range(third))
    before, seconds = timed(history)
    explored = pl.concat([history, world.attempts(policy(before.learned), range(third, 2 * third))])
    after, more_seconds = timed(explored)
    compare(world, range(2 * third, options.subjects), before, after)
    print(f"\nreplay of {history.height:,} attempts: {seconds:.1f} s; of {explored.height:,}: {more_seconds:.1f} s\n")
    print("\n".join(found.verdict for found in before.fields))


def timed(history: pl.DataFrame) -> tuple[Replay, float]:
    began = time.perf_counter()
    return replay(history, settings, {}), time.perf_counter() - began


def compare(world: World, subjects: range, before: Replay, after: Replay) -> None:
    """Print fixed against learned on subjects that nothing was learned from, and both estimates of the saving."""
    titles = ("fixed $", "learned $", "fixed filled", "learned filled", "true", "estimate", "90% interval", "explored")
    print(f"{'field':8s}" + "".join(f"{title:>16s}" for title in titles))
    explored = {found.field: found.saved_share for found in after.fields}
    totals = [0.0, 0.0]
    for found in before.fields:
        old = world.outcome(fixed, found.field, subjects)
        new = world.outcome(policy(after.learned), found.field, subjects)
        totals = [totals[0] + old.usd, totals[1] + new.usd]
        saved, cost = found.comparison.saved, found.comparison.fixed.usd
        shown = (
            *(f"{old.usd:,.2f}", f"{new.usd:,.2f}", f"{old.filled:,}", f"{new.filled:,}"),
            *(f"{1 - new.usd / old.usd:.1%}", f"{found.saved_share:.1%}"),
            *(f"{saved.low / cost:.1%} to {saved.high / cost:.1%}", f"{explored[found.field]:.1%}"),
        )
        print(f"{found.field:8s}" + "".join(f"{text:>16s}" for text in shown))
    print(f"{'all':8s}{totals[0]:16,.2f}{totals[1]:16,.2f}{'':32s}{1 - totals[1] / totals[0]:16.1%}")


if __name__ == "__main__":
    main()
