"""A sandbox on a port of this machine: in a thread of this process (`Sandbox`), or in one of its own."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

import httpx
import polars as pl
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dagster_project.sandbox.api.app import App
from dagster_project.sandbox.api.stage import DEFAULT_KEY, Stage, environment

HOST = "127.0.0.1"


class Protocol(HttpToolsProtocol):
    """Gives the application the connection's transport, which faults need to reset it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["sandbox.transport"] = self.transport


def listen(port: int = 0) -> socket.socket:
    """A socket on loopback; port 0 is any free one. Raises OSError when the port is taken."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((HOST, port))
    return found


def make_server(stage: Stage) -> uvicorn.Server:
    """The server of a stage; `server.run(sockets=[…])` serves until it is told to exit."""
    config = uvicorn.Config(
        App(stage), http=Protocol, loop="uvloop", lifespan="off", log_level="warning", access_log=False, ws="none",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    return uvicorn.Server(config)


class Sandbox:
    """Context manager that serves while it is open. `options` are those of `Stage`; with `process`, which keeps the
    sandbox's work off this process's lock, it is another Python."""

    def __init__(self, records: int = 3_000, seed: int = 7, *, process: bool = False, **options: Any) -> None:
        self.records, self.seed, self.is_process, self.options = records, seed, process, options
        self.key = options.get("key", DEFAULT_KEY)
        self.url = ""

    def __enter__(self) -> "Sandbox":
        port = self._start_process() if self.is_process else self._start_thread()
        self.url = f"http://{HOST}:{port}"
        self._http = httpx.Client(base_url=f"{self.url}/sandbox", timeout=60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        if self.is_process:
            self._process.terminate()
            self._process.wait()
        else:
            self._server.should_exit = True
            self._thread.join()

    @property
    def pid(self) -> int:
        """The process that serves: with `process` one of its own."""
        return self._process.pid if self.is_process else os.getpid()

    def base_url(self, provider: str) -> str:
        return f"{self.url}/{provider}"

    def environment(self) -> dict[str, str]:
        """The variables that point every adapter here."""
        return environment(self.url, self.key)

    def bill(self) -> dict[str, dict[str, Any]]:
        """Provider to its account, see `ledger.Account`."""
        return self._ask("GET", "/bill")

    def calls(self, provider: str | None = None, limit: int = 1_000) -> list[dict[str, Any]]:
        """The latest calls, oldest first, see `ledger.Line`."""
        return self._ask("GET", "/calls", params={"limit": limit, **({"provider": provider} if provider else {})})

    def seen(self) -> list[dict[str, Any]]:
        """Each window with the most calls that came in it."""
        return self._ask("GET", "/limits")

    def limits(self, said: Mapping[str, str]) -> None:
        """Override limits: {"*": "off"}, {"yelp": "5/second 300/day"}. Counts anew."""
        self._ask("PUT", "/limits", json=dict(said))

    def faults(self, said: Mapping[str, Any]) -> None:
        """Replace all faults: {"yelp": {"cut": 0.1}, "*": {…}, "seed": 3, "times": {"stall": 2}}."""
        self._ask("PUT", "/faults", json=dict(said))

    def advance(self) -> dict[str, int]:
        """The next day of the world."""
        return self._ask("POST", "/advance")

    def reset(self) -> None:
        """The first day again, no faults, nothing called yet."""
        self._ask("POST", "/reset")

    def truth(self, providers: Iterable[str] | None = None) -> pl.DataFrame:
        """Who each record is: provider, provider_key, kind, entity_id."""
        answer = self._http.get("/truth", params={"providers": ",".join(providers)} if providers else None)
        return pl.read_parquet(answer.raise_for_status().content)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self._http.request(method, path, **more)
        if answer.status_code == 400:
            raise ValueError(answer.json()["error"])
        return answer.raise_for_status().json()

    def _start_thread(self) -> int:
        self.stage = Stage(self.records, self.seed, **self.options)
        own = listen()
        self._server = make_server(self.stage)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [own]}, daemon=True)
        self._thread.start()
        return own.getsockname()[1]

    def _start_process(self) -> int:
        command = [sys.executable, "-m", "dagster_project.sandbox.api", "--records", str(self.records)]
        command += ["--seed", str(self.seed), *_arguments(self.options)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        if not line.strip().isdigit():
            raise RuntimeError(f"the sandbox did not start: {line.strip() or 'see its messages above'}")
        return int(line)


def _arguments(options: Mapping[str, Any]) -> list[str]:
    """Options of `Stage` as the arguments of the module's command."""
    found = ["--complete"] if options.get("complete") else []
    found += [part for name in ("key", "token_seconds") if name in options for part in _argument(name, options[name])]
    return found + [p for name, text in (options.get("limits") or {}).items() for p in ("--limit", f"{name}={text}")]


def _argument(name: str, value: Any) -> tuple[str, str]:
    return f"--{name.replace('_', '-')}", str(value)
