"""The sandbox as an ASGI application: `/yelp/v3/…` is Yelp, `/sandbox/…` controls it.

A call goes through key, address, limits, answer and fault, in this order; what is handed over whole is charged, and
what the fault says. An answer is made within the event loop, one at a time: a page takes a few milliseconds at most.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from dagster_project.sandbox.api.calls import Call, Reply, Route, Service
from dagster_project.sandbox.api.control import control
from dagster_project.sandbox.api.faults import refused
from dagster_project.sandbox.api.ledger import Line
from dagster_project.sandbox.api.stage import Stage

Scope = MutableMapping[str, Any]
Receive, Send = Callable[[], Awaitable[dict[str, Any]]], Callable[[dict[str, Any]], Awaitable[None]]
DRIP_PIECES = 20
# Until the peer has read what was sent before the reset.
CUT_SECONDS = 0.02


class ConnectionCut(Exception):
    """The connection is to be reset, and there is no transport to reset: the application is called in process."""


class App:
    """The application around one `Stage`."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call, first = await _call(scope, receive)
        if first == "sandbox":
            reply = control(self.stage, call)
            await _send(send, reply, {})
            return
        service = self.stage.services.get(first)
        if service is None:
            await _send(send, Reply.of(404, {"error": f"the sandbox plays no {first}"}), {})
            return
        await self._serve(service, call, scope, receive, send)

    async def _serve(self, service: Service, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call to a provider, and write it down."""
        stage, route = self.stage, service.route(call)
        headers: dict[str, str] = {}
        fault, reply = None, service.denied()
        if service.key(call) == stage.key:
            reply = service.unknown()
            if route:
                reply, fault = self._answer(service, route, call)
                headers = stage.limits.headers(service, route.endpoint, stage.clock())
        is_whole = False
        try:
            is_whole = await self._hand_over(fault, reply, headers, scope, receive, send)
        finally:
            is_given = is_whole or fault == "cut_charged"
            charged = reply.charge if is_given else reply.charge * 0
            name = route.endpoint if route else ""
            line = (service.name, name, reply.question, reply.cursor, reply.status, reply.records, charged, fault)
            told = call.headers.get("x-request-id", "")
            stage.ledger.write(Line(*line, stage.world.day, told), reply.is_answer and is_given)

    def _answer(self, service: Service, route: Route, call: Call) -> tuple[Reply, str | None]:
        """The answer and the fault that it has."""
        stage = self.stage
        if full := stage.limits.admit(service, route.endpoint, stage.clock()):
            return service.too_fast(*full, route.endpoint), None
        reply = route.answer(call, stage.desk)
        fault = stage.faults.draw(service.name, reply.question, reply.cursor)
        return (refused(fault, service, route, reply, stage.faults.times) if fault else reply), fault

    async def _hand_over(
        self, fault: str | None, reply: Reply, headers: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> bool:
        """Send the answer, as its fault has it; returns whether the peer was there to get all of it."""
        times, transport = self.stage.faults.times, scope.get("sandbox.transport")
        if fault == "stall" and not await _still_there(receive, times["stall"]):
            return False
        if fault in ("cut", "cut_within", "cut_charged"):
            half = reply.body[: len(reply.body) // 2]
            if fault == "cut_within":
                await _send(send, reply, headers, [half])
            await _cut(transport)
            return False
        pieces = [reply.body]
        if fault == "drip":
            step = max(1, -(-len(reply.body) // DRIP_PIECES))
            pieces = [reply.body[i : i + step] for i in range(0, len(reply.body), step)] or [b""]
        is_there = not (transport and transport.is_closing())
        await _send(send, reply, headers, pieces, times["drip"] if fault == "drip" else 0.0, is_last=True)
        return is_there if fault != "drip" else not (transport and transport.is_closing())


async def _call(scope: Scope, receive: Receive) -> tuple[Call, str]:
    """The call without its provider's prefix, and that prefix."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    _, first, *rest = scope["path"].split("/")
    params = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Call(scope["method"], "/" + "/".join(rest), params, headers, body), first


async def _send(
    send: Send,
    reply: Reply,
    headers: dict[str, str],
    pieces: list[bytes] | None = None,
    pause: float = 0.0,
    is_last: bool = False,
) -> None:
    """Head and body; with `pieces` and not `is_last` the body ends before its announced length."""
    told = {"content-type": "application/json", **headers, **reply.headers, "content-length": str(len(reply.body))}
    listed = [(name.encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": listed})
    parts = [reply.body] if pieces is None else pieces
    for number, part in enumerate(parts, start=1):
        if pause:
            await asyncio.sleep(pause)
        more = number < len(parts) or (pieces is not None and not is_last)
        await send({"type": "http.response.body", "body": part, "more_body": more})


async def _still_there(receive: Receive, seconds: float) -> bool:
    """Wait; False as soon as the peer has gone."""
    gone = asyncio.ensure_future(receive())
    try:
        done, _ = await asyncio.wait({gone}, timeout=seconds)
    finally:
        gone.cancel()
    return not done


async def _cut(transport: asyncio.Transport | None) -> None:
    """Reset the connection, so that the peer sees an error and not an end."""
    if transport is None:
        raise ConnectionCut
    await asyncio.sleep(CUT_SECONDS)
    if (own := transport.get_extra_info("socket")) is not None:
        with socket.socket(fileno=socket.dup(own.fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
