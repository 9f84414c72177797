"""The broker as a service of one user: in the foreground, until a signal ends it."""

from __future__ import annotations

import argparse
import os
import sys

from callgate_broker.custody import Settings, Warden, run
from callgate_broker.seedling import TEMPLATE
from callgate_transport import launch, rundir

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="callgate broker", description="Run the shared callgate broker of this user.")
    parser.add_argument("--directory", help="runtime directory instead of the user's own (CALLGATE_RUNTIME_DIR)")
    parser.add_argument("--name", default=rundir.DEFAULT_NAME, help="name of this broker (default: %(default)s)")
    parser.add_argument("--template", default=TEMPLATE, help=argparse.SUPPRESS)
    return parser


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    options = _parser().parse_args(argv)
    if options.directory:
        os.environ["CALLGATE_RUNTIME_DIR"] = os.path.abspath(options.directory)
    try:
        warden = Warden(Settings("service", launch.source_roots(), options.name, options.template))
    except (OSError, ValueError) as error:
        print(f"callgate broker: {error}", file=sys.stderr)  # noqa: T201 - the user's terminal
        return 1
    print(f"ipc://{warden.address}", flush=True)  # noqa: T201 - what clients need
    run(warden)
    return 0
