"""A provider that the sandbox does not play: it answers from the adapter's fixture.

An adapter that is only just written has its dynamic tests this way.
"""

from collections import Counter
from decimal import Decimal

import httpx
import orjson

from dagster_project.sources.adapter import Adapter
from dagster_project.transport.messages import Answer, Request
from tests.adapters.cases import Case, answer_of, ask_of, walk
from tests.adapters.questions import Question


class Replayed:
    """The fixture's answers, each to the request that the adapter makes for it."""

    def __init__(self, case: Case) -> None:
        self.adapter = case.adapter
        self._answers: dict[tuple[str, ...], tuple[Answer, Decimal]] = {}
        self._handed: Counter[tuple[str, ...]] = Counter()
        self.charged = Decimal(0)
        asks, keys = [], set()
        for exchange in case.content["exchanges"]:
            ask, endpoint = ask_of(case, exchange), case.adapter.endpoint(exchange["endpoint"])
            asks.append(ask)
            keys |= {key for several in exchange["keys"] for key in several}
            found = zip(exchange["answers"], walk(case, exchange, endpoint.page_size), strict=True)
            for content, (request, page) in found:
                price = endpoint.price(ask).of(len(page.records))
                self._answers.setdefault(identity(request), (answer_of(content), price))
        self.question = Question(asks, case.need.area, frozenset(keys), frozenset(keys))

    async def answer(self, request: httpx.Request) -> httpx.Response:
        asked = asked_in(request, self.adapter)
        same_path = (key for key in self._answers if key[:2] == asked[:2])
        found = asked if asked in self._answers else next(same_path, None)
        if found is None:
            return httpx.Response(404, json={})
        answer, price = self._answers[found]
        self._handed[asked] += 1
        self.charged += price
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)

    @property
    def repeated(self) -> int:
        return sum(self._handed.values()) - len(self._handed)

    @property
    def pages(self) -> set[tuple[str, ...]]:
        return set(self._handed)

    def forget(self) -> None:
        self._handed.clear()
        self.charged = Decimal(0)


def identity(request: Request) -> tuple[str, ...]:
    """What tells a call from others: method, path, parameters and body."""
    params = sorted((name, str(value)) for name, value in request.params.items())
    body = orjson.dumps(request.json, option=orjson.OPT_SORT_KEYS) if request.json is not None else b""
    return (request.method, request.path, repr(params), body.decode())


def asked_in(request: httpx.Request, adapter: Adapter) -> tuple[str, ...]:
    """The same of a request that was sent; its credential is left out."""
    params = {name: value for name, value in request.url.params.items() if name != adapter.auth.name}
    path = request.url.path.removeprefix(f"/{adapter.name}")
    return identity(Request(request.method, path, params, orjson.loads(request.content) if request.content else None))
