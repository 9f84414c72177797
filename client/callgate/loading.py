"""`callgate.load`, and what can be done with a loaded library as a whole."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from types import SimpleNamespace
from typing import Any, NamedTuple

from .declare import Declarations, PrototypeError, parse_declarations
from .errors import DeclarationError
from .library import Lib, binding_of
from .process import current

__all__ = ["Info", "close", "get_last_error", "info", "load", "load_with", "types"]


class Info(NamedTuple):
    """What `callgate.info(lib)` says."""

    library: str
    process: int
    """Process id of the host; 0 when there is none at the moment."""
    restarts: int
    """How many hosts this library has used up."""
    functions: int
    stdout: str
    """The end of what the library wrote to its standard output."""
    stderr: str


def load(library: str, prototypes: str, *, deadline: float | None = None, callbacks: Executor | None = None) -> Lib:
    """Load a native library into a process of its own and give back an object with one attribute per prototype.

    `library` is a file name as the loader takes it (`"libm.so.6"`, `"m"`, a path); `prototypes` are C declarations,
    with attributes in brackets where C does not say enough (`docs/prototypes.md`). `deadline` is the time in seconds
    that each call may take; `callbacks` runs callbacks that come from the library's own threads.

    Raises DeclarationError, DllNotFoundError, BrokerLost.
    """
    process = current()
    process.embedded_broker()  # gets ready while the prototypes are parsed
    return load_with(process.embedded_broker, library, prototypes, deadline, callbacks)


def load_with(
    broker: Callable[[], Any], library: str, prototypes: str, deadline: float | None, callbacks: Executor | None
) -> Lib:
    """`load` over a given broker."""
    if not library:
        raise ValueError('a library is named by a file name such as "libm.so.6", not by an empty str')
    if deadline is not None and not deadline > 0:
        raise ValueError(f"a deadline is a positive number of seconds, not {deadline!r}")
    declared = _parse(library, prototypes)
    from .binding import Binding  # noqa: PLC0415 - brings ZeroMQ in; by now the warden has been started

    binding = Binding(library, declared.library, broker, deadline, callbacks)
    binding.constants = declared.constants
    binding.ready()
    return Lib(binding)


def _parse(library: str, prototypes: str) -> Declarations:
    try:
        return parse_declarations(prototypes)
    except PrototypeError as error:
        raise DeclarationError(f"{library}: {error}", line=error.line, column=error.column) from None


def close(lib: Lib) -> None:
    """End the library's host. Its handles and further calls raise ObjectGone."""
    binding_of(lib).close()


def info(lib: Lib) -> Info:
    """Where a library runs, and what it has printed."""
    binding = binding_of(lib)
    host = binding.host
    alive = host is not None and not host.dead
    output = (host.output.tail(0), host.output.tail(1)) if host is not None else ("", "")
    process = host.session.process if host is not None and alive else 0
    return Info(binding.file, process, binding.restarts, len(binding.numbers), *output)


def types(lib: Lib) -> SimpleNamespace:
    """The Python classes of the library's structs, enums and handles, and its constants, by their C names."""
    binding = binding_of(lib)
    return SimpleNamespace(**binding.constants, **binding.handles, **binding.enums, **binding.structs)


def get_last_error(lib: Lib) -> int:
    """`errno` as the last call of this thread into the library left it; 0 when it was not set (R11.1)."""
    host = binding_of(lib).host
    return getattr(host.errno, "value", 0) if host is not None else 0
