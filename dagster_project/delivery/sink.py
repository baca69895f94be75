"""What the worker needs of a destination; each destination is a module of its own that fits this."""

from collections.abc import Sequence
from typing import Protocol

from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Result


class Batched(Protocol):
    """How many rows go in one call."""

    @property
    def batch_size(self) -> int: ...


class Flow(Protocol):
    """What the worker needs to know of a sync or channel: its key in the outbox, its batches, its patience."""

    @property
    def name(self) -> str: ...
    @property
    def destination(self) -> Batched: ...
    @property
    def max_attempts(self) -> int: ...


class Sink(Protocol):
    """A destination, opened for one tenant and one sync."""

    def send(self, rows: Sequence[OutboxRow]) -> list[Result]:
        """Send rows; one result each, in order. Sending rows again must leave the destination as sending them once."""

    def is_lost(self) -> bool:
        """Whether the destination no longer holds what it acknowledged, so that everything has to be sent again."""

    def remove(self, natural_keys: Sequence[str]) -> bool:
        """Take out leads that left the mart; False when the destination keeps what it was once given."""

    def close(self) -> None:
        """Give back connections; nothing is sent after this."""
