"""Model files: `.ubj` for XGBoost, skops for scikit-learn, JSON for everything else; never pickle.

A model is a folder of two files. The same training gives the same bytes: skops names its parts after memory addresses
and stamps them with the time, so its archive is written anew with plain numbers and no time. Loading trusts only what
is listed here, and refuses an estimator of any other type.
"""

import io
import json
import re
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
import xgboost as xgb
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB

from dagster_project.scoring.calibration import Calibrator, Isotonic, Platt
from dagster_project.scoring.encoder import Encoder, NumberCode
from dagster_project.scoring.model import Model
from dagster_project.scoring.models import Boosted, Fitted, Linear, linear_bayes

TRUSTED: tuple[str, ...] = ()
"""Types beyond skops' own list that a file may hold: none. Logistic regression and naive Bayes need no more."""

ESTIMATORS = (LogisticRegression, BernoulliNB)
DESCRIPTION, TREES, ESTIMATOR = "model.json", "model.ubj", "model.skops"
FORMAT = 1
EPOCH = (1980, 1, 1, 0, 0, 0)


class BadModelFile(ValueError):
    """A model's folder cannot be loaded; the message says why."""


def save(model: Model, folder: Path) -> None:
    """Write a model into a folder, which is made. Raises TypeError for the constant, which is not worth a file."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {
        **{"format": FORMAT, "kind": model.kind, "features": model.features, "about": model.about},
        "encoder": asdict(model.fitted.encoder),
        "calibration": {"method": type(model.calibrator).__name__.lower(), **asdict(model.calibrator)},
    }
    if isinstance(model.fitted, Boosted):
        (folder / TREES).write_bytes(bytes(model.fitted.booster.save_raw("ubj")))
        described["bias"] = model.fitted.bias
    elif isinstance(model.fitted, Linear):
        (folder / ESTIMATOR).write_bytes(same_bytes(skops.io.dumps(model.fitted.estimator)))
        described["means"] = [float(each) for each in model.fitted.means]
    else:
        raise TypeError(f"a {model.kind} is not kept in a file")
    (folder / DESCRIPTION).write_text(json.dumps(described, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path) -> Model:
    """Read a model back. Raises `BadModelFile` for what is missing, of another format or of an untrusted type."""
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadModelFile(f"{DESCRIPTION} cannot be read: {error}") from error
    if described.get("format") != FORMAT:
        raise BadModelFile(f"format {described.get('format')!r} is not {FORMAT}")
    encoder = _encoder(described["encoder"])
    fitted = _boosted(folder, encoder, described) if (folder / TREES).exists() else _linear(folder, encoder, described)
    return Model(
        described["kind"], fitted, _calibrator(described["calibration"]), described["features"], described["about"]
    )


def same_bytes(archive: bytes) -> bytes:
    """A skops archive whose parts are numbered in the order of their mention, without times."""
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        parts = {name: read.read(name) for name in read.namelist()}
    schema = parts.pop("schema.json").decode()
    numbers: dict[str, str] = {}
    schema = re.sub(
        r'("__id__": |")(\d{6,})(\.npy"|(?=[,\s}]))',
        lambda found: found[1] + numbers.setdefault(found[2], str(len(numbers) + 1)) + found[3],
        schema,
    )
    named = {f"{numbers[name.removesuffix('.npy')]}.npy": content for name, content in parts.items()}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive_file:
        for name, content in [*sorted(named.items()), ("schema.json", schema.encode())]:
            archive_file.writestr(zipfile.ZipInfo(name, EPOCH), content)
    return written.getvalue()


def _linear(folder: Path, encoder: Encoder, described: dict[str, Any]) -> Fitted:
    path = folder / ESTIMATOR
    if not path.exists():
        raise BadModelFile(f"there is neither {TREES} nor {ESTIMATOR}")
    content = path.read_bytes()
    unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))
    if unknown:
        raise BadModelFile(f"{ESTIMATOR} holds types that are not trusted: {', '.join(unknown)}")
    estimator = skops.io.loads(content, trusted=list(TRUSTED))
    if not isinstance(estimator, ESTIMATORS):
        raise BadModelFile(f"{ESTIMATOR} holds a {type(estimator).__name__}")
    means = np.array(described["means"])
    if isinstance(estimator, BernoulliNB):
        return linear_bayes(encoder, estimator, means)
    return Linear(encoder, estimator, estimator.coef_[0], means, float(estimator.intercept_[0]), is_binned=False)


def _boosted(folder: Path, encoder: Encoder, described: dict[str, Any]) -> Boosted:
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray((folder / TREES).read_bytes()))
    except xgb.core.XGBoostError as error:
        raise BadModelFile(f"{TREES} is not a model of XGBoost") from error
    return Boosted(encoder, booster, described["bias"])


def _encoder(told: dict[str, Any]) -> Encoder:
    numbers = [
        NumberCode(**{**each, "edges": tuple(each["edges"]), "fills": tuple(each["fills"])}) for each in told["numbers"]
    ]
    return Encoder(tuple(numbers), {name: tuple(levels) for name, levels in told["levels"].items()})


def _calibrator(told: dict[str, Any]) -> Calibrator:
    if told["method"] == "platt":
        return Platt(told["offset"], told["slope"])
    return Isotonic(tuple(told["log_odds"]), tuple(told["observed"]))
