"""Notices to a Slack-compatible incoming webhook: `{"text": "…"}`, one a call, under the guard of every webhook."""

import json
import time
from collections.abc import Callable, Collection, Sequence

import httpx

from dagster_project.delivery import answers
from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result
from dagster_project.delivery.posting import Endpoint

TIMEOUT_SECONDS = 10.0


class Slack:
    """One channel of a workspace. Raises `UrlRefused` when the URL must not be reached."""

    def __init__(
        self,
        url: str,
        *,
        allow_hosts: Collection[str] = (),
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.endpoint = Endpoint(url, TIMEOUT_SECONDS, allow_hosts=allow_hosts, transport=transport)
        self.clock = clock

    def is_lost(self) -> bool:
        """Never: a message that was read cannot be asked for."""
        return False

    def remove(self, natural_keys: Sequence[str]) -> bool:
        """What was said stays said."""
        return False

    def close(self) -> None:
        self.endpoint.close()

    def send(self, rows: Sequence[OutboxRow]) -> list[Result]:
        """Post each row's text. Slack knows no idempotency key, so one that was cut off may be read twice."""
        return [self._post(row) for row in rows]

    def _post(self, row: OutboxRow) -> Result:
        text = escaped(json.loads(row.payload)["text"])
        body = json.dumps({"text": text}, ensure_ascii=False).encode()
        try:
            status, headers, answer = self.endpoint.post(body, {"Idempotency-Key": row.idempotency_key})
        except httpx.HTTPError as error:
            # the exception's text may hold the URL, which is this channel's password
            return Result(Outcome.TRANSIENT, f"{type(error).__name__} from {self.endpoint.target.host}")
        return answers.classify([row], status, headers.get("retry-after"), answer, self.clock())[0]


def escaped(text: str) -> str:
    """Text in which nothing is markup to Slack: a company may be called <!channel>."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
