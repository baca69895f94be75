"""The providers' limits, by the sandbox's own clock: refuses what is too much, and remembers the most it ever saw."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from dagster_project.sandbox.api.calls import Limit, Service
from dagster_project.transport.windows import parse_windows

# Calls sent a window apart may arrive closer together, while this process makes an answer.
SLACK_SECONDS = 0.05


class Meter:
    """One window of one provider or endpoint. `most` is the most calls that came in any such stretch of time."""

    def __init__(self, limit: Limit) -> None:
        self.limit, self.most = limit, 0
        self.arrived: deque[float] = deque()
        self.accepted: deque[float] = deque()

    def saw(self, now: float) -> None:
        """A call came, whatever becomes of it."""
        self._drop(self.arrived, now)
        self.arrived.append(now)
        self.most = max(self.most, len(self.arrived))

    def wait(self, now: float) -> float:
        """Seconds until another call is allowed; 0 for at once."""
        self._drop(self.accepted, now)
        if len(self.accepted) < self.limit.calls:
            return 0.0
        if self.limit.is_fixed:
            return self.reset(now) - now
        return max(0.001, self.accepted[-self.limit.calls] + self.limit.seconds - now)

    def take(self, now: float) -> None:
        self.accepted.append(now)

    def reset(self, now: float) -> float:
        """When a fixed window ends, as Unix time."""
        return (now // self.limit.seconds + 1) * self.limit.seconds

    def _drop(self, times: deque[float], now: float) -> None:
        """Forget the calls that are no longer in the window."""
        if self.limit.is_fixed:
            oldest = now // self.limit.seconds * self.limit.seconds
        else:
            oldest = now - self.limit.seconds + SLACK_SECONDS
        while times and times[0] < oldest:
            times.popleft()


class Limits:
    """All meters. `said` overrides a provider's own limits: "off", "on", or such as "5/second 300/day"."""

    def __init__(self, services: Iterable[Service], said: Mapping[str, str] | None = None, is_on: bool = True) -> None:
        self.services, self.is_on = {service.name: service for service in services}, is_on
        self.said: dict[str, str] = {}
        self.meters: dict[tuple[str, str], list[Meter]] = {}
        # endpoints to which their provider's own windows do not apply
        self.apart: set[tuple[str, str]] = set()
        self.set(said or {})

    def set(self, said: Mapping[str, str]) -> None:
        """Override some providers' limits from now on; "*" is all of them. Raises ValueError for what is no limit."""
        for name, text in said.items():
            if name not in {*self.services, "*"}:
                raise ValueError(f'no provider "{name}"')
            if text not in ("on", "off"):
                parse_windows(text)
        for name, text in said.items():
            self.said |= dict.fromkeys(self.services, text) if name == "*" else {name: text}
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.meters.clear()
        self.apart.clear()

    def admit(self, service: Service, endpoint: str, now: float) -> tuple[Limit, float] | None:
        """Count a call that comes now; None when it may pass, else the window that is full and for how many seconds."""
        meters = self._meters(service, endpoint)
        for meter in meters:
            meter.saw(now)
        if self._enforced(service.name):
            waits = [(meter.wait(now), meter.limit) for meter in meters]
            wait, limit = max(waits, key=lambda pair: pair[0], default=(0.0, None))
            if limit and wait > 0:
                return limit, wait
            for meter in meters:
                meter.take(now)
        return None

    def headers(self, service: Service, endpoint: str, now: float) -> dict[str, str]:
        """What the provider says of its windows with every answer."""
        found: dict[str, str] = {}
        for meter in self._meters(service, endpoint):
            found |= service.usage(meter.limit, len(meter.accepted), meter.reset(now))
        return found

    def seen(self) -> list[dict[str, Any]]:
        """Each window with the most calls that ever came in it, refused ones among them."""
        return [
            {
                "provider": provider,
                "endpoint": endpoint or None,
                "calls": meter.limit.calls,
                "seconds": meter.limit.seconds,
                "most": meter.most,
                "enforced": self._enforced(provider),
            }
            for (provider, endpoint), meters in sorted(self.meters.items())
            for meter in meters
        ]

    def _enforced(self, provider: str) -> bool:
        said = self.said.get(provider)
        return self.is_on if said is None else said != "off"

    def _meters(self, service: Service, endpoint: str) -> list[Meter]:
        """The provider's meters and the endpoint's own."""
        if (service.name, "") not in self.meters:
            said = self.said.get(service.name, "on")
            own = service.limits if said in ("on", "off") else [Limit(w.calls, w.seconds) for w in parse_windows(said)]
            self.meters[service.name, ""] = [Meter(limit) for limit in own]
            for route in service.routes.values():
                limits = route.limits if said in ("on", "off") else ()
                self.meters[service.name, route.endpoint] = [Meter(limit) for limit in limits]
                if route.is_apart and limits:
                    self.apart.add((service.name, route.endpoint))
        shared = [] if (service.name, endpoint) in self.apart else self.meters[service.name, ""]
        return [*shared, *self.meters[service.name, endpoint]]
