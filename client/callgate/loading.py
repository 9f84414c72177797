"""`callgate.load`: light, so that the warden is started before this process imports what it needs itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .process import current

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .lib import Lib

__all__ = ["load"]


def load(library: str, prototypes: str, *, deadline: float | None = None, callbacks: Executor | None = None) -> Lib:
    """Load a native library into a process of its own and give back an object with one attribute per prototype.

    `library` is a file name as the loader takes it (`"libm.so.6"`, a path); `prototypes` are C declarations,
    with attributes in brackets where C does not say enough (`docs/prototypes.md`). `deadline` is the time in seconds
    that each call may take; `callbacks` runs callbacks that come from the library's own threads.

    Raises DeclarationError, DllNotFoundError, BrokerLost.
    """
    process = current()
    process.prepare()
    from .libraries import load_with  # noqa: PLC0415 - brings ZeroMQ in, while the warden gets ready beside us

    return load_with(process.embedded_broker, library, prototypes, deadline, callbacks)
