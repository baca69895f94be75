"""Answers that come later: promised by one call, then polled for, and delivered to a webhook as well.

The sandbox cannot reach its caller, so deliveries are collected with `GET /sandbox/deliveries`: each as often as the
setting `is_twice` says.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Promise:
    """One answer: for which provider, when it is ready (Unix seconds), what a poll and a webhook get then."""

    provider: str
    ready_at: float
    content: Any
    delivery: Any
    is_collected: bool = False


@dataclass
class Promises:
    """All answers that were promised since the last reset. `seconds` is how long one takes, `kept_seconds` how long it
    is kept; `is_twice` has each delivery come twice."""

    clock: Callable[[], float]
    seconds: float = 0.5
    kept_seconds: float = 86_400.0
    is_twice: bool = False
    made: dict[str, Promise] = field(default_factory=dict)

    def make(self, provider: str, content: Any, delivery: Any = None, request_id: str | None = None) -> str:
        """Promise an answer; returns the id to ask for it by, the provider's own `request_id` where it has one.

        `delivery` is the webhook's body, in which the text {request_id} stands for that id; None for no webhook.
        """
        number = f"{provider}:{len(self.made)}"
        request_id = request_id or hashlib.blake2b(number.encode(), digest_size=12).hexdigest()
        ready_at = self.clock() + self.seconds
        self.made[request_id] = Promise(provider, ready_at, content, delivery, is_collected=delivery is None)
        return request_id

    def poll(self, provider: str, request_id: str) -> tuple[str, Any]:
        """`unknown`, `pending`, `expired`, or `ready` with the content."""
        found = self.made.get(request_id)
        if found is None or found.provider != provider:
            return "unknown", None
        if self.clock() < found.ready_at:
            return "pending", None
        if self.clock() >= found.ready_at + self.kept_seconds:
            return "expired", None
        return "ready", found.content

    def collect(self) -> list[dict[str, Any]]:
        """The deliveries that are due and were not collected before: provider and body."""
        due = []
        for request_id, promise in self.made.items():
            if promise.delivery is not None and not promise.is_collected and self.clock() >= promise.ready_at:
                promise.is_collected = True
                delivery = {"provider": promise.provider, "body": _named(promise.delivery, request_id)}
                due += [delivery] * (2 if self.is_twice else 1)
        return due


def _named(content: Any, request_id: str) -> Any:
    """The content with the id in place of {request_id}."""
    if isinstance(content, dict):
        return {name: _named(value, request_id) for name, value in content.items()}
    if isinstance(content, list):
        return [_named(value, request_id) for value in content]
    return content.replace("{request_id}", request_id) if isinstance(content, str) else content
