"""`python -m dagster_project.sandbox.api`: a sandbox in a process of its own, for tests and benchmarks.

Prints the port on one line when it is ready, and serves until it is terminated. People use `leadhouse sandbox`.
"""

import argparse
import sys

from dagster_project.sandbox.api.server import listen, make_server
from dagster_project.sandbox.api.stage import DEFAULT_KEY, Stage


def main(arguments: list[str] | None = None) -> None:
    """Make a stage of the arguments and serve it."""
    parser = argparse.ArgumentParser(prog="python -m dagster_project.sandbox.api", description="Serve a sandbox.")
    parser.add_argument("--port", type=int, default=0, help="0 is any free one")
    parser.add_argument("--records", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--key", default=DEFAULT_KEY)
    parser.add_argument("--token-seconds", type=float, default=2.0)
    parser.add_argument("--complete", action="store_true", help="every provider knows everybody")
    parser.add_argument(
        "--limit", action="append", default=[], metavar="PROVIDER=LIMITS", help='"*=off", "yelp=5/second"'
    )
    chosen = parser.parse_args(arguments)
    limits = dict(text.split("=", 1) for text in chosen.limit)
    stage = Stage(
        chosen.records,
        chosen.seed,
        key=chosen.key,
        limits=limits,
        complete=chosen.complete,
        token_seconds=chosen.token_seconds,
    )
    own = listen(chosen.port)
    own.listen()
    sys.stdout.write(f"{own.getsockname()[1]}\n")
    sys.stdout.flush()
    make_server(stage).run(sockets=[own])


if __name__ == "__main__":
    main()
