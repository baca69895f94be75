"""A webhook endpoint on loopback, for demo and tests: it checks what a good receiver checks, and fails on demand.

It verifies signature and timestamp, drops records whose idempotency key it knows, and keeps the newest revision of each
lead. `faults` are consumed one per authentic call, then everything is answered well.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal

from dagster_project.delivery import signing

# "drop" records the call and closes the connection without an answer; a number is an answer that records nothing.
Fault = Literal["ok", "drop"] | int


@dataclass(frozen=True)
class Call:
    """One call as it came: the header's key, the keys of its records, and the answer (None: dropped)."""

    idempotency_key: str
    record_keys: tuple[str, ...]
    status: int | None


class WebhookReceiver:
    """Context manager that serves while it is open. All that was taken stands in plain attributes:

    `records` lead to its newest revision · `payloads` lead to its newest record · `keys` every idempotency key taken ·
    `calls` every authentic call · `duplicates` records that came again · `refused` calls with a bad signature.
    """

    def __init__(
        self,
        secret: str | None = None,
        faults: Iterable[Fault] = (),
        retry_after: int = 1,
        reject: Iterable[str] = (),
    ) -> None:
        self.secret = secret or secrets.token_hex(16)
        self.faults = iter(faults)
        self.retry_after = retry_after
        self.reject = set(reject)
        self.records: dict[str, int] = {}
        self.payloads: dict[str, dict] = {}
        self.keys: set[str] = set()
        self.calls: list[Call] = []
        self.duplicates = 0
        self.refused = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/leads"

    @property
    def host(self) -> str:
        """What `LEADHOUSE_WEBHOOK_ALLOW_HOSTS` must name."""
        return f"127.0.0.1:{self._server.server_port}"

    def environment(self) -> dict[str, str]:
        """The variables that point the shipped webhook sync here."""
        return {
            "LEADHOUSE_WEBHOOK_URL": self.url,
            "LEADHOUSE_WEBHOOK_SECRET": self.secret,
            "LEADHOUSE_WEBHOOK_ALLOW_HOSTS": self.host,
        }

    def __enter__(self) -> "WebhookReceiver":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def receive(self, headers: dict[str, str], body: bytes) -> int | None:
        """Take one call; returns the status to answer, None to close the connection instead."""
        timestamp, signature = headers.get(signing.TIMESTAMP, ""), headers.get(signing.SIGNATURE, "")
        with self._lock:
            if not signing.verify(self.secret, timestamp, signature, body, time.time()):
                self.refused += 1
                return 401
            records = json.loads(body)["records"]
            status = self._answer(records)
            keys = tuple(record["idempotency_key"] for record in records)
            self.calls.append(Call(headers.get("Idempotency-Key", ""), keys, status))
            return status

    def _answer(self, records: list[dict]) -> int | None:
        fault = next(self.faults, "ok")
        if isinstance(fault, int):
            return fault
        if self.reject.intersection(record["lead_id"] for record in records):
            return 422
        for record in records:
            self._take(record)
        return None if fault == "drop" else 200

    def _take(self, record: dict) -> None:
        if record["idempotency_key"] in self.keys:
            self.duplicates += 1
            return
        self.keys.add(record["idempotency_key"])
        if record["revision"] > self.records.get(record["lead_id"], 0):
            self.records[record["lead_id"]] = record["revision"]
            self.payloads[record["lead_id"]] = record


def _handler(receiver: WebhookReceiver) -> type[BaseHTTPRequestHandler]:
    """The request handler of one receiver; http.server wants a class."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps connections open between batches
        wbufsize = -1  # head and body leave in one packet; in two, delayed acknowledgements cost 40 ms a call

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = receiver.receive(dict(self.headers.items()), body)
            if status is None:
                self.close_connection = True
                return
            answer = b"{}"
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", str(receiver.retry_after))
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # the sender may have been killed meanwhile
                self.wfile.write(answer)
                self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Silent: the demo's screen belongs to the demo, and request lines may hold tokens."""

    return Handler
