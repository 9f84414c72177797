"""The broker as a service of one user: in the foreground, until a signal ends it."""

from __future__ import annotations

import argparse
import os
import sys

from callgate_broker.custody import Settings, Warden, run
from callgate_broker.doorway import Doorway, DoorwayError, Wish, open_doorway
from callgate_broker.seedling import TEMPLATE
from callgate_transport import launch, rundir

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="callgate broker", description="Run the shared callgate broker of this user.")
    parser.add_argument("--directory", help="runtime directory instead of the user's own (CALLGATE_RUNTIME_DIR)")
    parser.add_argument("--name", default=rundir.DEFAULT_NAME, help="name of this broker (default: %(default)s)")
    tcp = parser.add_argument_group("other machines")
    tcp.add_argument("--listen", default="", help="let them in at tcp://address:port")
    tcp.add_argument("--allow", default="", help="TOML file of the clients that are let in")
    tcp.add_argument("--key", default="", help="file of this broker's private key")
    tcp.add_argument("--host-ports", default="", help="ports that hosts listen on, such as 5600-5699")
    tcp.add_argument("--advertise", default="", help="the address of this machine as clients reach it")
    tcp.add_argument("--relay", action="store_true", help="everything goes through the port of --listen")
    tcp.add_argument("--lease", type=float, default=30.0, help="seconds until a silent client is taken for dead")
    tcp.add_argument("--memory", type=int, default=512, help="MiB of memory for the process that other machines reach")
    parser.add_argument("--template", default=TEMPLATE, help=argparse.SUPPRESS)
    return parser


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    options = _parser().parse_args(argv)
    if options.directory:
        os.environ["CALLGATE_RUNTIME_DIR"] = os.path.abspath(options.directory)
    try:
        doorway = _doorway(options)
        warden = Warden(Settings("service", launch.source_roots(), options.name, options.template, doorway))
    except (OSError, ValueError) as error:
        print(f"callgate broker: {error}", file=sys.stderr)  # noqa: T201 - the user's terminal
        return 1
    print(f"ipc://{warden.address}", flush=True)  # noqa: T201 - what clients need
    if doorway is not None:
        print(f"{doorway.address} {doorway.public}", flush=True)  # noqa: T201 - as above, for those elsewhere
    run(warden)
    return 0


def _doorway(options: argparse.Namespace) -> Doorway | None:
    """How other machines are let in, if at all."""
    words = {name: getattr(options, name) for name in Wish.__match_args__}
    if options.listen:
        return open_doorway(Wish(**words))
    if any(words[name] for name in ("allow", "key", "host_ports", "advertise", "relay")):
        raise DoorwayError("--allow, --key, --host-ports, --advertise and --relay need --listen tcp://address:port")
    return None
