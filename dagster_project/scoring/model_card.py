"""A model's card: what it is, on what it was judged, whether it keeps its word, and what it must not be used for."""

from dagster_project.scoring.backtest import CandidateReport, Report
from dagster_project.scoring.metrics import Bin, Metrics
from dagster_project.scoring.model import Model

SHOWN = 15


def model_card(model: Model, report: Report) -> str:
    """The card as Markdown. Raises KeyError when the report does not know the model's kind."""
    found = report.candidates[model.kind]
    sections = [
        f"# Model card: {model.kind}",
        f"Foretells `{report.positive_label}`: {report.positives / report.rows:.1%} of {report.rows:,} rows. "
        f"Judged {report.scheme}. Verdict: **{report.verdict.outcome}**: {report.verdict.why}.",
        "## How good it is\n\n" + _figures(found),
        "## Does it keep its word\n\n" + _reliability(found.reliability),
        "## Window by window\n\n" + _windows(model.kind, report),
        "## What it knows\n\n" + _features(model, report),
        "## Alarms\n\n" + ("\n".join(f"- {alarm.sentence}" for alarm in report.alarms) or "None."),
        "## Limits\n\n"
        "Probabilities hold for rows like those it was judged on, and are clipped to [.005, .995]. A reason says what "
        "moved the model, not what causes the outcome. It is to rank and to plan with, not to decide about people.",
    ]
    return "\n\n".join(sections) + "\n"


def _figures(found: CandidateReport) -> str:
    rows = [("all windows", found.total, found.auc_within_windows), ("latest", found.latest_window, None)]
    head = ["", "rows", "AUC", "PR-AUC", "precision at 10%", "lift at 10%", "Brier", "of the base rate", "ECE"]
    return _table(head, [_line(name, each, auc) for name, each, auc in rows])


def _line(name: str, found: Metrics, auc: float | None) -> list[str]:
    ranking = found.auc if auc is None else auc
    figures = (ranking, found.pr_auc, found.precision_top, found.lift_top)
    honesty = [f"{each:.4f}" for each in (found.brier, found.brier_constant)]
    return [
        name,
        f"{found.rows:,}",
        *("–" if each is None else f"{each:.3f}" for each in figures),
        *honesty,
        f"{found.ece:.3f}",
    ]


def _reliability(bins: list[Bin]) -> str:
    rows = [
        [f"{each.low:.3f} to {each.high:.3f}", f"{each.rows:,}", f"{each.mean_probability:.3f}", f"{each.observed:.3f}"]
        for each in bins
    ]
    return _table(["said", "rows", "mean said", "came"], rows)


def _windows(kind: str, report: Report) -> str:
    rows = [[*_line(each.window, each.candidates[kind], None), each.training[kind]] for each in report.windows]
    head = [
        "from",
        "rows",
        "AUC",
        "PR-AUC",
        "precision at 10%",
        "lift at 10%",
        "Brier",
        "of the base rate",
        "ECE",
        "trained on",
    ]
    return _table(head, rows)


def _features(model: Model, report: Report) -> str:
    alone = {each.feature: each.auc for each in report.column_aucs}
    order = sorted(model.features, key=lambda name: (-alone.get(name, 0.5), name))
    rows = [[f"`{name}`", model.features[name], f"{alone.get(name, 0.5):.3f}"] for name in order[:SHOWN]]
    more = f"\n\nand {len(order) - SHOWN:,} more." if len(order) > SHOWN else ""
    return _table(["feature", "type", "AUC alone"], rows) + more


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
