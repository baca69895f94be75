"""Why two records are one lead, or are not, in plain words.

An `Explanation` gathers what was decided, by whom or by which evidence: the waterfall of weights, the rules that
compare the two, the chain of kept edges between them, decisions of people. Where the evidence comes from is said in
`evidence`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dagster_project.resolution.evidence import Block, Evidence, World
from dagster_project.resolution.overrides import Override, Verdict, verdicts
from dagster_project.resolution.references import Reference

BAR = 24


@dataclass(frozen=True)
class Link:
    """An edge of the chain that holds two records together; without a weight when a person said so."""

    left_record: str
    right_record: str
    match_weight: float | None
    rule: str


@dataclass(frozen=True)
class Explanation:
    """Everything about two sides, each a record or a lead.

    `evidence` and `blocks` are about the two records, one of each side, that are most alike; None when one side has no
    record today. `path` is the strongest chain of kept edges between them; `decisions` are all that name both sides,
    `decided` is what people's decisions come to. `threshold` is the match weight (bits) from which on pairs are edges,
    `threshold_probability` what it comes to.
    """

    kind: str
    left: Reference
    right: Reference
    threshold: float
    threshold_probability: float
    evidence: Evidence | None
    blocks: Sequence[Block]
    path: Sequence[Link]
    decisions: Sequence[Override]
    decided: Verdict | None

    @property
    def same_lead(self) -> bool:
        """Whether both sides are one lead by the current map."""
        return self.left.lead_id == self.right.lead_id

    @property
    def compared(self) -> bool:
        """Whether some blocking rule brings the two together."""
        return any(block.compares for block in self.blocks)

    @property
    def verdict(self) -> str:
        """One sentence."""
        return f"One lead, {self._why_one()}." if self.same_lead else f"Two leads, {self._why_two()}."

    def _why_one(self) -> str:
        if self.decided == Verdict.CANNOT_LINK:
            return "until the next walk, which parts them because a person decided so"
        if self.decided == Verdict.MUST_LINK:
            return "because a person decided so"
        if self.evidence is None:
            return "because they were when both were last there; a record that is absent keeps its lead"
        if not self.path:
            return f"as the last walk found; today's evidence makes it {_percent(self.evidence.probability)}"
        sure = f"{_percent(self.evidence.probability)} sure by their own evidence"
        if len(self.path) == 1:
            return f"{sure}; the threshold is {_percent(self.threshold_probability)}"
        others = len(self.path) - 1
        return f"held together through {others} other record{'s' if others > 1 else ''}; {sure}"

    def _why_two(self) -> str:
        if self.decided == Verdict.MUST_LINK:
            return "until the next walk, which joins them because a person decided so"
        if self.decided == Verdict.CANNOT_LINK:
            return "because a person decided so"
        if self.evidence is None:
            return "and one side has no record today to compare"
        sure = f"{_percent(self.evidence.probability)} sure that they are one"
        if self.evidence.match_weight < self.threshold:
            aside = "" if self.compared else ", and no rule compares them"
            return f"{sure}, under the threshold of {_percent(self.threshold_probability)}{aside}"
        if not self.compared:
            return f"although {sure}, because no rule compares them"
        return f"although {sure}: taken together, the records around them speak against it"

    def lines(self) -> Iterator[str]:
        """The explanation for a person, line by line."""
        yield self.verdict
        yield from (f"Decided: {decision}." for decision in self.decisions)
        if self.evidence is None:
            return
        yield ""
        yield from waterfall(self.evidence, self.threshold_probability)
        yield ""
        yield from (_told(block) for block in self.blocks)
        if not self.blocks:
            yield "No blocking rule: they share no values that records are compared by."
        if len(self.path) > 1:
            yield "The strongest chain between them:"
            yield from (f"  {_edge(link)}" for link in self.path)

    def as_dict(self) -> dict[str, Any]:
        """The explanation for a program."""
        found = self.evidence
        return {
            "kind": self.kind,
            "same_lead": self.same_lead,
            "verdict": self.verdict,
            "left": vars(self.left),
            "right": vars(self.right),
            "threshold": self.threshold,
            "threshold_probability": self.threshold_probability,
            "match_weight": found and found.match_weight,
            "match_probability": found and found.probability,
            "records": found and [found.left_record, found.right_record],
            "waterfall": found and [{"comparison": "prior", "weight": found.prior}, *map(vars, found.steps)],
            "blocking_rules": [vars(block) | {"compares": block.compares} for block in self.blocks],
            "path": [vars(link) for link in self.path],
            "decisions": [vars(d) | {"decided_at": d.decided_at.isoformat()} for d in self.decisions],
        }


def explain(
    world: World,
    left: Reference,
    right: Reference,
    *,
    threshold: float,
    graph: pl.LazyFrame,
    overrides: Sequence[Override],
) -> Explanation:
    """Explain two sides of one kind. `threshold` is in bits; `graph` are the tenant's kept edges (merge_graph)."""
    pairs = [(a, b) for a in left.records for b in right.records]
    best = max(world.evidence(pairs), key=lambda found: found.match_weight, default=None)
    a, b = (best.left_record, best.right_record) if best else pairs[0]
    sides = {*left.records}, {*right.records}
    decisions = [o for o in overrides if all(side & {*o.left_records, *o.right_records} for side in sides)]
    decided = next((found for found in verdicts(overrides, pairs) if found), None)
    blocks = world.blocks(a, b) if best else []
    path = strongest_path(_edges(graph, a, b), overrides, a, b) if left.lead_id == right.lead_id else []
    limit = threshold, world.probability(threshold)
    return Explanation(world.kind.name, left, right, *limit, best, blocks, path, decisions, decided)


def strongest_path(edges: pl.DataFrame, overrides: Sequence[Override], a: str, b: str) -> list[Link]:
    """The chain from a to b whose weakest edge is strongest; empty when there is none.

    `edges` has record_id_l, record_id_r, match_weight, rule. A must-link is stronger than any evidence.
    """
    links = [Link(*row) for row in edges.select("record_id_l", "record_id_r", "match_weight", "rule").iter_rows()]
    for said in overrides:
        if said.verdict == Verdict.MUST_LINK:
            first, *others = (*said.left_records, *said.right_records)
            links += [Link(first, other, None, str(said.verdict)) for other in others]
    links.sort(key=lambda link: (link.match_weight is not None, -(link.match_weight or 0)))
    chains: dict[str, list[Link]] = {a: []}
    while b not in chains:
        # The strongest edge out of what is reached: a maximum spanning tree grown from a, whose paths are the widest.
        out = next((link for link in links if (link.left_record in chains) != (link.right_record in chains)), None)
        if out is None:
            return []
        here, there = out.left_record, out.right_record
        if there in chains:
            here, there = there, here
        chains[there] = [*chains[here], out]
    return chains[b]


def waterfall(evidence: Evidence, threshold: float | None = None) -> list[str]:
    """Lines that say where the odds start, what each comparison adds, strongest first, and where they end.

    The numbers are bits (log2 odds): one more doubles the odds.
    """
    steps = sorted(evidence.steps, key=lambda step: -abs(step.weight))
    end = f"{_percent(evidence.probability)} sure"
    if threshold is not None:
        end += f"; the threshold is {_percent(threshold)}"
    return [
        f"{'start':14s} {evidence.prior:+6.1f}  two records taken at random",
        *(f"{s.comparison:14s} {s.weight:+6.1f}  {_bar(s.weight)} {s.level}: {_meaning(s.weight)}" for s in steps),
        f"{'sum':14s} {evidence.match_weight:+6.1f}  {end}",
    ]


def _edges(graph: pl.LazyFrame, a: str, b: str) -> pl.DataFrame:
    """The kept edges of the clusters of two records, grown edge by edge from them."""
    edges = graph.select("record_id_l", "record_id_r", "match_weight", "rule")
    reached, size, found = {a, b}, 0, edges.clear().collect()
    while len(reached) > size:
        size, known = len(reached), list(reached)
        found = edges.filter(pl.col("record_id_l").is_in(known) | pl.col("record_id_r").is_in(known)).collect()
        reached |= {*found["record_id_l"], *found["record_id_r"]}
    return found.sort("match_weight", "record_id_l", "record_id_r", descending=[True, False, False])


def _told(block: Block) -> str:
    said = f"Rule {block.rule}: {block.records} records share these values"
    return f"{said}, so they are compared." if block.compares else f"{said}; it compares at most {block.most}."


def _edge(link: Link) -> str:
    if link.match_weight is None:
        return f"{link.left_record} – {link.right_record}  a person's decision"
    return f"{link.left_record} – {link.right_record}  {link.match_weight:+.1f} bits, found by {link.rule}"


def _bar(weight: float) -> str:
    return ("+" if weight > 0 else "-") * min(BAR, max(1, round(abs(weight))))


def _meaning(weight: float) -> str:
    times = 2 ** abs(weight)
    factor = f"{times:,.0f}" if times >= 10 else f"{times:.1f}"
    return f"{factor} times {'likelier' if weight > 0 else 'less likely'} the same"


def _percent(probability: float) -> str:
    if probability > 0.9999:
        return "over 99.99%"
    return "under 0.01%" if probability < 0.0001 else f"{probability:.2%}"
