"""Sends the calls of the waterfalls: one client per provider and address, with what all processes share about them.

What an answer means is the adapter's; what becomes of it is the caller's. Nothing here is stored.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx

from dagster_project.enrichment.ledger import Answered, Call
from dagster_project.enrichment.lookup import Lookup, Provider, Reading
from dagster_project.enrichment.offers import offer
from dagster_project.transport.breaker import Breaker
from dagster_project.transport.client import Attempt, Client
from dagster_project.transport.credentials import ProviderConfig
from dagster_project.transport.messages import Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict
from dagster_project.transport.windows import Limiter, TooLong, Windows

# A second try costs less than the next provider; a third holds up everybody else.
ATTEMPTS = 2
# A call waits this long for its turn; beyond it the next provider is asked.
PATIENCE_SECONDS = 20.0
# Of an account call, and of a poll.
SHORT_SECONDS = 10.0
SHAPE_ERRORS = (LookupError, TypeError, ValueError, AttributeError)
# What may pass until a promised answer is asked for again.
PASSING = {
    *(Outcome.TRANSIENT, Outcome.RATE_LIMITED, Outcome.QUOTA_EXHAUSTED, Outcome.AUTH, Outcome.UNAVAILABLE),
}
# Outcomes of a call about which the adapter can say more, subject by subject.
READABLE = {Outcome.OK, Outcome.PENDING}


class Unwatched:
    """The ledger has a line for the call as a whole, not for its repetitions."""

    def started(self, number: int, at: datetime) -> None:
        """Nothing is noted."""

    def repeated(self, attempt: Attempt) -> None:
        """Nothing is noted."""


@dataclass
class Token:
    """What a key was exchanged for, and until when (Unix seconds) it is good."""

    text: str
    until: float


class Asker:
    """The providers that have a key. Use it as an async context manager; it holds the connections."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        configs: Mapping[str, ProviderConfig],
        limiter: Limiter,
        breaker: Callable[[str], Breaker],
        *,
        patience: float = PATIENCE_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
        webhook_url: str | None = None,
    ) -> None:
        self.providers = {name: p for name, p in providers.items() if configs[name].is_configured}
        self.configs, self.limiter, self.breaker = configs, limiter, breaker
        self.patience, self.transport, self.webhook_url = patience, transport, webhook_url
        self._clients: dict[tuple[str, str], Client] = {}
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._tokens: dict[str, Token] = {}
        self._logins: dict[str, asyncio.Lock] = {}

    async def __aenter__(self) -> "Asker":
        return self

    async def __aexit__(self, *error: object) -> None:
        for client in self._clients.values():
            await client.__aexit__(*error)

    async def ask(self, call: Call, lookup: Lookup, seconds: float) -> Answered:
        """The answer to a call, each attempt at which may take so many seconds; a failure is an answer too.

        A call that is in doubt is not repeated: it may have been charged, and there is money for one answer only. It
        counts as charged in full.
        """
        request = named(lookup.request([question.inputs for question in call.questions]), call.id)
        if self.webhook_url and lookup.webhook_param:
            where = self.webhook_url.replace("{provider}", call.provider)
            request = replace(request, params={**request.params, lookup.webhook_param: where})
        attempt = await self._send(call.provider, lookup, request, seconds, is_paid=True)
        if attempt.verdict.outcome is Outcome.SUPPRESSED and len(call.questions) > 1:
            return await self._one_by_one(call, lookup, seconds)
        readings = self._readings(attempt, lookup, call)
        price = offer(call.provider, lookup.name)
        told = [
            (question, reading, question.reserved if attempt.is_in_doubt else price.cost(reading))
            for question, reading in zip(call.questions, readings, strict=True)
        ]
        return Answered(
            call,
            str(attempt.verdict.outcome),
            attempt.answer.status if attempt.answer else None,
            attempt.verdict.reason,
            attempt.number,
            attempt.latency_seconds * 1000 if attempt.answer else None,
            told,
            attempt.is_in_doubt,
        )

    async def _one_by_one(self, call: Call, lookup: Lookup, seconds: float) -> Answered:
        """A batch that was refused by law does not say for whose sake: each is asked about alone."""
        alone = [await self.ask(replace(call, questions=[question]), lookup, seconds) for question in call.questions]
        readings = [reading for one in alone for reading in one.readings]
        attempts, is_lost = sum(one.attempts for one in alone), any(one.is_lost for one in alone)
        return replace(alone[-1], call=call, readings=readings, attempts=attempts, is_lost=is_lost)

    async def poll(self, provider: str, lookup: Lookup, request_id: str) -> Reading:
        """What has become of a promised answer; while the provider cannot be asked, it is still to come."""
        attempt = await self._send(provider, lookup, lookup.poll(request_id), SHORT_SECONDS)
        if attempt.answer is None or attempt.verdict.outcome in PASSING:
            return Reading(Outcome.PENDING, request_id=request_id, retry_after=attempt.verdict.retry_after)
        try:
            return lookup.read_poll(attempt.answer)
        except SHAPE_ERRORS as error:
            return unreadable(attempt, error, Decimal(0))

    async def check(self, provider: str) -> Attempt | None:
        """The provider's account call; None where it has none."""
        adapter = self.providers[provider]
        if adapter.health is None:
            return None
        return await self._send(provider, adapter.endpoints[0], adapter.health(), SHORT_SECONDS)

    async def _send(
        self, name: str, lookup: Lookup, request: Request, seconds: float, is_paid: bool = False
    ) -> Attempt:
        provider = self.providers[name]
        client = self._client(provider, lookup)
        async with self._turns.setdefault(name, asyncio.Semaphore(provider.concurrency)):
            try:
                if failed := await self._log_in(provider, client):
                    return failed
                windows = self._windows(provider, lookup)
                attempt = await client.send(request, windows, Unwatched(), ATTEMPTS, seconds, not is_paid)
            except TooLong as wait:
                return _unsent(Verdict(_too_long(wait.seconds), str(wait), wait.seconds))
        self._heed(provider, attempt.verdict)
        return attempt

    def _heed(self, provider: Provider, verdict: Verdict) -> None:
        """Leave a provider alone whose allowance is gone, in every process; log in anew where a token is refused."""
        if verdict.outcome is Outcome.QUOTA_EXHAUSTED:
            self.limiter.pause(provider.name, verdict.retry_after or _until_tomorrow())
        if verdict.outcome is Outcome.AUTH:
            self._tokens.pop(provider.name, None)

    async def _log_in(self, provider: Provider, client: Client) -> Attempt | None:
        """Exchange the key for a token where that is the provider's way; returns the attempt that failed."""
        if provider.login is None:
            return None
        async with self._logins.setdefault(provider.name, asyncio.Lock()):
            token = self._tokens.get(provider.name)
            if token is None or token.until <= datetime.now(UTC).timestamp():
                # by a client of its own: the other's calls go on with the token they have
                keyless = self._opened(provider, client.base_url, Auth.header("accept", "application/json"))
                request = provider.login.request(self.configs[provider.name].key.get_secret_value())
                async with keyless:
                    attempt = await keyless.send(request, {provider.name: ()}, Unwatched(), ATTEMPTS, SHORT_SECONDS)
                if attempt.verdict.outcome is not Outcome.OK:
                    return attempt
                text, seconds = provider.login.read(attempt.answer)
                token = self._tokens[provider.name] = Token(text, datetime.now(UTC).timestamp() + seconds)
            client.authorise(provider.auth, token.text)
        return None

    def _client(self, provider: Provider, lookup: Lookup) -> Client:
        config = self.configs[provider.name]
        is_own = config.base_url == provider.base_url
        address = lookup.base_url if is_own and lookup.base_url else config.base_url
        if (provider.name, address) not in self._clients:
            self._clients[provider.name, address] = self._opened(provider, address, provider.auth)
        return self._clients[provider.name, address]

    def _opened(self, provider: Provider, address: str, auth: Auth) -> Client:
        return Client(
            provider.name,
            address,
            auth,
            self.configs[provider.name].key.get_secret_value(),
            provider.verdict,
            limiter=self.limiter,
            breaker=self.breaker(provider.name),
            concurrency=provider.concurrency,
            transport=self.transport,
            patience=self.patience,
            breaker_patience=0.0,
        )

    def _windows(self, provider: Provider, lookup: Lookup) -> Windows:
        config, counter = self.configs[provider.name], f"{provider.name}/{lookup.name}"
        return {provider.name: config.windows, counter: config.endpoint_windows.get(lookup.name, ())}

    def _readings(self, attempt: Attempt, lookup: Lookup, call: Call) -> Sequence[Reading]:
        verdict, inputs = attempt.verdict, [q.inputs for q in call.questions]
        if verdict.outcome not in READABLE:
            return [Reading(verdict.outcome, retry_after=verdict.retry_after, reason=verdict.reason)] * len(inputs)
        try:
            return lookup.read(attempt.answer, inputs)
        except SHAPE_ERRORS as error:
            return [unreadable(attempt, error, offer(call.provider, lookup.name).usd)] * len(inputs)


def named(request: Request, call_id: str) -> Request:
    """A request with the call's id, by which the provider's own record of it is found."""
    return replace(request, headers={**request.headers, "X-Request-Id": call_id})


def unreadable(attempt: Attempt, error: Exception, charged: Decimal) -> Reading:
    """An answer that is not shaped as documented: kept, because it was paid for, and of no use."""
    body = {"body": attempt.answer.body.decode(errors="replace")}
    reason = f"the answer is not shaped as documented ({type(error).__name__})"
    return Reading(Outcome.BAD_REQUEST, body, charged=charged, reason=reason)


def _unsent(verdict: Verdict) -> Attempt:
    return Attempt(1, verdict, None, datetime.now(UTC), 0.0, 0.0)


def _too_long(seconds: float) -> Outcome:
    """Whoever is to be left alone for an hour has no allowance left; for less, it is only too busy."""
    return Outcome.QUOTA_EXHAUSTED if seconds >= 3_600 else Outcome.RATE_LIMITED


def _until_tomorrow() -> float:
    """Seconds until midnight UTC, when daily allowances begin anew."""
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()
