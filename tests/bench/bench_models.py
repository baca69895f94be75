"""What models reach on the team's labelled sets, and what training and applying cost.

    python -m tests.bench.bench_models [--size 1000000] [--parts sets size]

The sets part prints, for each set, the champion's figures against those of a plain logistic regression on the same
windows (scaled, one-hot, retrained, never recalibrated), and the verdict. The size part trains every candidate on
made-up rows of 60 features, and applies it with and without reasons.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dagster_project.scoring.backtest import backtest
from dagster_project.scoring.explain import reasons
from dagster_project.scoring.metrics import auc, ece
from dagster_project.scoring.model import train
from dagster_project.scoring.model_file import load, save
from dagster_project.scoring.models import CANDIDATES
from dagster_project.scoring.table import Table
from dagster_project.scoring.windows import windows
from dagster_project.settings import PROJECT_ROOT
from tests.scoring.sets import bank, loans, olist, opportunities

FEATURES, CATEGORIES = 60, 12
EXPLAINED = 20_000
OLIST_TEST = np.datetime64("2018-05-01").astype("datetime64[s]").astype(float)
OLIST_CUT = np.datetime64("2018-02-01").astype("datetime64[s]").astype(float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--parts", nargs="*", default=["sets", "size"])
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    if "sets" in options.parts:
        sets(Path(os.environ.get("LEADHOUSE_SHARED_DIR", PROJECT_ROOT.parent / "shared")))
    if "size" in options.parts:
        size(options.size)


def sets(shared: Path) -> None:
    """Each set's champion, or best candidate where there is none, against the baseline."""
    tables = {f"bpic2012 day {day}": loans(shared, day).table() for day in (14, 7, 3)}
    tables |= {"olist": olist(shared).table(), "bank": bank(shared).table(), "crm": opportunities(shared).table()}
    titles = ("AUC", "baseline", "mean diff", "Brier", "constant", "ECE", "latest", "base. ECE", "seconds")
    print(f"{'set':18s}" + "".join(f"{title:>10s}" for title in titles) + "  verdict")
    for name, table in tables.items():
        one_set(name, table)
    print(f"\nolist, trained before 2018-02, tested in 2018-05: {olist_split(tables['olist'])}")


def one_set(name: str, table: Table) -> None:
    began = time.perf_counter()
    report = backtest(table)
    seconds = time.perf_counter() - began
    ranked = {each: report.candidates[each].auc_within_windows or 0 for each in CANDIDATES}
    kind = report.verdict.champion or max(ranked, key=lambda each: ranked[each])
    found, (theirs, y, p) = report.candidates[kind], plain(table)
    ours = [window.candidates[kind].auc for window in report.windows]
    gains = [one - other for one, other in zip(ours, theirs, strict=True) if one is not None and other is not None]
    mean = np.mean([each for each in theirs if each is not None])
    figures = (ranked[kind], mean, np.mean(gains), found.total.brier, found.total.brier_constant)
    figures += (found.total.ece, found.latest_window.ece, ece(y, p))
    verdict = f"{report.verdict.outcome}{': ' + report.verdict.champion if report.verdict.champion else ''}"
    print(f"{name:18s}" + "".join(f"{each:10.4f}" for each in figures) + f"{seconds:10.1f}  {verdict}", flush=True)


def plain(table: Table) -> tuple[list[float | None], np.ndarray, np.ndarray]:
    """A plain logistic regression's AUC per window, and all its outcomes and probabilities."""
    names = table.features.columns
    numbers = [at for at, name in enumerate(names) if table.features[name].dtype != pl.String]
    categories = [at for at in range(len(names)) if at not in numbers]
    matrix = table.features.with_columns(pl.col(pl.String).fill_null("missing")).to_numpy().astype(object)
    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    one_hot = OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist")
    parts, y, p = [], [], []
    for part in windows(table)[1]:
        columns = ColumnTransformer([("numbers", scaled, numbers), ("categories", one_hot, categories)])
        model = make_pipeline(columns, LogisticRegression(max_iter=2_000)).fit(matrix[part.train], table.y[part.train])
        p.append(model.predict_proba(matrix[part.test])[:, 1])
        y.append(table.y[part.test])
        parts.append(auc(y[-1], p[-1]))
    return parts, np.concatenate(y), np.concatenate(p)


def olist_split(table: Table) -> str:
    """AUC of every candidate on the split of the untuned baselines: naive Bayes .720, logistic .702, XGBoost .676."""
    early, late = table.at < OLIST_CUT, table.at >= OLIST_TEST
    seen = Table(
        **{**vars(table), "features": table.features.filter(early), "y": table.y[early], "at": table.at[early]}
    )
    told = [
        f"{kind} {auc(table.y[late], train(seen, kind).probability(table.features.filter(late))):.3f}"
        for kind in CANDIDATES
    ]
    return ", ".join(told) + f" (n = {int(late.sum()):,})"


def made_up(rows: int) -> Table:
    """Rows of 48 numbers, a tenth of them missing, and 12 categories; the outcome hangs on a few of them."""
    random = np.random.default_rng(3)
    columns: dict[str, pl.Series] = {}
    log_odds = np.full(rows, -2.0)
    for at in range(FEATURES - CATEGORIES):
        values = random.normal(size=rows)
        log_odds += values * (0.3 if at < 8 else 0)
        values[random.random(rows) < 0.1] = np.nan
        columns[f"n{at}"] = pl.Series(values).fill_nan(None)
    for at in range(CATEGORIES):
        codes = random.integers(0, 3 + at, rows)
        log_odds += (codes == 1) * (0.5 if at < 3 else 0)
        columns[f"c{at}"] = pl.Series([f"v{code}" for code in range(3 + at)]).gather(codes)
    y = (random.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(float)
    at = np.arange(rows, dtype=float)
    return Table(pl.DataFrame(columns), y, at, None, 0.0, "1", (), (), is_dated=False)


def size(rows: int) -> None:
    """Seconds and memory of training, rows per second of applying, and whether two trainings give the same bytes."""
    table = made_up(rows)
    print(f"\n{rows:,} rows of {FEATURES} features; memory before training {peak():.1f} GB")
    print(f"{'':18s}{'training s':>12s}{'peak GB':>10s}{'rows/s':>12s}{'with reasons':>14s}  same bytes")
    for kind in CANDIDATES:
        began = time.perf_counter()
        model = train(table, kind)
        training = time.perf_counter() - began
        began = time.perf_counter()
        model.probability(table.features)
        applied = rows / (time.perf_counter() - began)
        some = table.features.head(EXPLAINED)
        began = time.perf_counter()
        reasons(model.fitted, some)
        told = some.height / (time.perf_counter() - began)
        print(f"{kind:18s}{training:12.1f}{peak():10.1f}{applied:12,.0f}{told:14,.0f}  {same_bytes(kind)}", flush=True)


def same_bytes(kind: str) -> bool:
    """Whether two trainings on the same rows give the same files, and reading them back the same probabilities."""
    table = made_up(20_000)
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder, "one"), Path(folder, "two")
        for each in (one, two):
            save(train(table, kind), each)
        equal = all(path.read_bytes() == (two / path.name).read_bytes() for path in one.iterdir())
        again = load(one).probability(table.features)
        return equal and np.array_equal(again, load(two).probability(table.features))


def peak() -> float:
    """The most memory this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_048_576


if __name__ == "__main__":
    main()
