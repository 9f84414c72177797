"""`callgate keys`: private keys in files, and the public ones of brokers that are trusted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from callgate_transport import keys
from callgate_transport.keys import KeyFileError

__all__ = ["make", "show", "show_all", "trust"]


def make(name: str) -> int:
    """Make a key and print its public half; returns the exit status."""
    return _guarded(lambda: _make(name))


def _make(name: str) -> None:
    from callgate_transport.curve import make_pair  # noqa: PLC0415 - brings ZeroMQ in, which the others do without

    path = keys.key_path(name)
    pair = make_pair()
    keys.write_private(path, pair)
    sys.stdout.write(f"{pair.public.hex()}\n")
    sys.stderr.write(f"callgate: the private key is in {path}; the line above is the public one, for others\n")


def show(name: str) -> int:
    """Print the public half of a key; returns the exit status."""
    return _guarded(lambda: sys.stdout.write(f"{keys.read_private(_path(name)).public.hex()}\n"))


def show_all() -> int:
    """Print names and public halves; returns the exit status."""
    return _guarded(_show_all)


def _show_all() -> None:
    names = keys.list_keys()
    width = max(map(len, names), default=0)
    for name in names:
        sys.stdout.write(f"{name.ljust(width)}  {_told(name)}\n")
    if not names:
        sys.stdout.write(f"no keys in {keys.config_directory()}; make one with: callgate keys make\n")
    for address, key in sorted(keys.known_brokers().items()):
        sys.stdout.write(f"{address}  {key.hex()}\n")


def _told(name: str) -> str:
    try:
        return keys.read_private(keys.key_path(name)).public.hex()
    except KeyFileError as error:
        return f"({error})"


def trust(address: str, key: str) -> int:
    """Remember a broker's key; returns the exit status."""
    return _guarded(lambda: _trust(address, key))


def _trust(address: str, key: str) -> None:
    from callgate.remote import Address  # noqa: PLC0415 - as above

    path = keys.trust(Address.parse(address).text, keys.public_key(key))
    sys.stdout.write(f"{address} is known now ({path})\n")


def _path(name: str) -> str:
    return name if os.sep in name else keys.key_path(name)


def _guarded(work: Callable[[], object]) -> int:
    try:
        work()
    except (OSError, ValueError, RuntimeError) as error:
        sys.stderr.write(f"callgate: {error}\n")
        return 1
    return 0
