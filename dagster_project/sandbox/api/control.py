"""`/sandbox/…`: what tests and the demo ask of a sandbox and tell it, over the same port as the providers."""

from collections.abc import Callable
from typing import Any

import orjson

from dagster_project.sandbox.api.calls import Call, Reply
from dagster_project.sandbox.api.faults import FAULTS
from dagster_project.sandbox.api.stage import Stage


def control(stage: Stage, call: Call) -> Reply:
    """Answer one control call; a mistake in it is a 400 with a sentence."""
    found = ROUTES.get((call.method, call.path))
    if found is None:
        known = ", ".join(f"{method} /sandbox{path}" for method, path in ROUTES)
        return Reply.of(404, {"error": f"no such control. Known: {known}"})
    try:
        told = found(stage, call)
    except (ValueError, KeyError, TypeError, AttributeError) as mistake:
        return Reply.of(400, {"error": str(mistake)})
    return told if isinstance(told, Reply) else Reply.of(200, told)


def _faults(stage: Stage, call: Call) -> dict[str, Any]:
    return {"rates": stage.faults.rates, "seed": stage.faults.seed, "times": stage.faults.times, "known": FAULTS}


def _disturb(stage: Stage, call: Call) -> dict[str, Any]:
    stage.disturb(orjson.loads(call.body))
    return _faults(stage, call)


def _limit(stage: Stage, call: Call) -> list[dict[str, Any]]:
    stage.limits.set(orjson.loads(call.body))
    return stage.limits.seen()


def _reset(stage: Stage, call: Call) -> dict[str, Any]:
    stage.reset()
    return {"day": stage.world.day}


def _calls(stage: Stage, call: Call) -> list[dict[str, Any]]:
    return stage.ledger.calls(call.params.get("provider"), int(call.params.get("limit", 1_000)))


def _promise(stage: Stage, call: Call) -> dict[str, Any]:
    """How long later answers take and are kept, and whether they are delivered twice."""
    promises, told = stage.desk.promises, orjson.loads(call.body)
    promises.seconds = float(told.get("seconds", promises.seconds))
    promises.kept_seconds = float(told.get("kept_seconds", promises.kept_seconds))
    promises.is_twice = bool(told.get("is_twice", promises.is_twice))
    return {"seconds": promises.seconds, "kept_seconds": promises.kept_seconds, "is_twice": promises.is_twice}


def _truth(stage: Stage, call: Call) -> Reply:
    providers = call.params.get("providers")
    body = stage.truth_bytes(providers.split(",") if providers else None)
    return Reply(200, body, {"content-type": "application/vnd.apache.parquet"})


ROUTES: dict[tuple[str, str], Callable[[Stage, Call], Any]] = {
    ("GET", "/bill"): lambda stage, call: stage.ledger.bill(),
    ("GET", "/calls"): _calls,
    ("GET", "/limits"): lambda stage, call: stage.limits.seen(),
    ("PUT", "/limits"): _limit,
    ("GET", "/faults"): _faults,
    ("PUT", "/faults"): _disturb,
    ("GET", "/truth"): _truth,
    ("GET", "/deliveries"): lambda stage, call: stage.desk.promises.collect(),
    ("PUT", "/promises"): _promise,
    ("POST", "/advance"): lambda stage, call: stage.advance(),
    ("POST", "/reset"): _reset,
}
