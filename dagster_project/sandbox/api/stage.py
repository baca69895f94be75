"""One sandbox put together: world, books, limits, faults and ledger, apart from how it is reached."""

import io
import time
from collections.abc import Callable, Iterable, Mapping

import polars as pl

from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.faults import Faults
from dagster_project.sandbox.api.ledger import Ledger
from dagster_project.sandbox.api.limits import Limits
from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.api.services import SERVICES
from dagster_project.settings import provider_variable

DEFAULT_KEY = "sandbox"


class Stage:
    """Everything that a sandbox remembers.

    `records` and `seed` are those of `make_world`; with `complete`, every provider knows everybody it can know.
    `limits` overrides windows by provider, see `Limits`; `token_seconds` is how long the older Google's page tokens
    are not valid yet.
    """

    def __init__(
        self,
        records: int,
        seed: int,
        *,
        key: str = DEFAULT_KEY,
        limits: Mapping[str, str] | None = None,
        complete: bool = False,
        token_seconds: float = 2.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.services, self.key, self.clock = SERVICES, key, clock
        self.first_day = LiveWorld.make(records, seed)
        self.complete, self.token_seconds = complete, token_seconds
        self.limits, self.faults, self.ledger = Limits(SERVICES.values(), limits), Faults(), Ledger()
        self._begin()

    def _begin(self) -> None:
        self.world = self.first_day.again()
        self.desk = Desk(self.world, self.complete, self.token_seconds, self.clock)
        self.desk.disorder = self.faults.disorder

    def advance(self) -> dict[str, int]:
        """The next day of the world; every list is found anew."""
        told = self.world.advance()
        self.desk.forget()
        return told

    def disturb(self, said: Mapping[str, object]) -> None:
        """Replace the faults. Raises ValueError for what is none."""
        self.faults.set(said, set(self.services))
        self.desk.forget()

    def reset(self) -> None:
        """The first day again, no faults, nothing called yet."""
        self.faults.set({}, set())
        self.ledger = Ledger()
        self.limits.forget()
        self.desk.promises.made.clear()
        if self.world.day:
            self._begin()
        else:
            self.desk.forget()

    def truth(self, providers: Iterable[str] | None = None) -> pl.DataFrame:
        """Who each record is, as in `World.truth`: provider, provider_key, kind, entity_id."""
        parts = []
        for name in providers or self.services:
            for catalogue in self.services[name].catalogues:
                found = self.desk.book(catalogue).truth
                parts.append(
                    found.select(
                        pl.lit(name).alias("provider"),
                        "provider_key",
                        pl.lit(catalogue.kind).alias("kind"),
                        "entity_id",
                    )
                )
        return pl.concat(parts)

    def truth_bytes(self, providers: Iterable[str] | None = None) -> bytes:
        """The truth as a Parquet file."""
        file = io.BytesIO()
        self.truth(providers).write_parquet(file)
        return file.getvalue()


def environment(url: str, key: str = DEFAULT_KEY) -> dict[str, str]:
    """The variables that point every adapter at a sandbox."""
    found = {}
    for name in SERVICES:
        found[provider_variable(name, "BASE_URL")] = f"{url}/{name}"
        found[provider_variable(name, "API_KEY")] = key
    return found
