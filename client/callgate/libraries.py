"""What can be done with a library as a whole: making it, closing it, asking about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Executor
from types import SimpleNamespace
from typing import Any, NamedTuple, NoReturn, overload

from callgate_protocol.apartments import MTA, Apartment, Kind, kind_of
from callgate_protocol.placement import hops
from callgate_protocol.system import HostFunction

from .binding import Binding
from .declare import Declarations, PrototypeError, parse_declarations
from .declare.errors import ContractError, NestingError
from .declare.modes import Modes, apply_modes
from .errors import DeclarationError, HostLost, MarshalDirectiveError, TypeLoadError
from .lib import Lib, binding_of
from .lines import Opener
from .memory import Remote
from .sources import FromHeader, Moded, Typed, Written
from .threads import here

__all__ = [
    "Info",
    "ObjectInfo",
    "close",
    "declaration_error",
    "get_last_error",
    "info",
    "load_with",
    "raise_last_error",
    "types",
]


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
    refused: Mapping[str, str]
    """What the library's header declares and cannot be used, and why."""
    callbacks: int
    """Function pointers of the host that call into this program."""
    stale_callbacks: int
    """How often native code called one that was over (R9.6)."""
    dropped_callbacks: int
    """How many `[oneway]` callbacks found no room and were not made."""
    sessions: int
    """Who uses the host: a stop or a crash of it affects all of them (R16.9). 0 when there is none at the moment."""


class ObjectInfo(NamedTuple):
    """What `callgate.info(proxy)` says of an object (R15.1)."""

    process: int
    """Process id of its host; 0 when that is gone."""
    apartment: str
    """"mta", "neutral", or "sta" and a number: where its methods run."""
    thread: int
    """The thread of an STA, as the kernel of its machine numbers it; 0 for any."""
    hops: int
    """1 when a call of this thread has to change the apartment, else 0 (R15.6)."""
    authentication: str
    """What is sure about the two ends of a call (R16.14): "connect" on this machine, "privacy" between machines, "none"
    where there is no connection (`isolation="none"`)."""


def load_with(
    opener: Opener,
    library: str,
    prototypes: Written,
    deadline: float | None,
    callbacks: Executor | None,
    apartment: str = "",
) -> Lib:
    """`load` into whatever the opener opens."""
    if not library:
        raise ValueError('a library is named by a file name such as "libm.so.6", not by an empty str')
    if deadline is not None and not deadline > 0:
        raise ValueError(f"a deadline is a positive number of seconds, not {deadline!r}")
    bound = "" if not apartment or kind_of(apartment) is Kind.MTA else apartment
    declared = _parse(library, prototypes)
    binding = Binding(library, declared, opener, deadline, callbacks, bound)
    binding.ready()
    return Lib(binding)


def _parse(library: str, prototypes: Written) -> Declarations:
    if isinstance(prototypes, Typed):
        from .typed.libraries import declarations_of  # noqa: PLC0415 - whoever wrote such a class has imported it

        return declarations_of(prototypes.declared)
    if isinstance(prototypes, Moded):
        return _under(library, _parse(library, prototypes.declared), Modes(**prototypes.modes))
    try:
        return parse_declarations(prototypes) if isinstance(prototypes, str) else _read(library, prototypes)
    except PrototypeError as error:
        raise declaration_error(library, error) from None


def declaration_error(label: str, error: PrototypeError) -> DeclarationError:
    """What is raised for a text that cannot be understood."""
    return _KINDS.get(type(error), DeclarationError)(f"{label}: {error}", line=error.line, column=error.column)


_KINDS: dict[type, type[DeclarationError]] = {ContractError: MarshalDirectiveError, NestingError: TypeLoadError}
"""What an error of a text is raised as, where it is more than a DeclarationError."""


def _under(library: str, declared: Declarations, modes: Modes) -> Declarations:
    """What was declared, under the modes of the library."""
    types, python = apply_modes(declared.library, declared.python, modes, library)
    return Declarations(types, declared.constants, declared.typedefs, declared.refused, python)


def _read(library: str, source: FromHeader) -> Declarations:
    from .headers import read_for  # noqa: PLC0415 - brings libclang in, for those who use a header

    return read_for(library, source)


def close(lib: Any) -> None:
    """End the library's host. Its handles and further calls raise ObjectGone."""
    binding_of(lib).close()


@overload
def info(lib: Lib) -> Info: ...
@overload
def info(lib: Any) -> Any: ...
def info(lib: Any) -> Any:
    """Where a library runs, and what it has printed; or where an object lives, and what a call of it costs."""
    if isinstance(lib, Remote):
        return _info_of(lib)
    binding = binding_of(lib)
    host = binding.host
    counts = _counts(host)
    alive = host is not None and not host.dead
    if host is not None and alive:
        host.output.settle()
    output = (host.output.tail(0), host.output.tail(1)) if host is not None else ("", "")
    process = host.session.process if host is not None and alive else 0
    counted = (counts.get(name, 0) for name in ("delegates", "stale_callbacks", "dropped_callbacks", "sessions"))
    return Info(binding.file, process, binding.restarts, len(binding.numbers), *output, binding.refused, *counted)


def _info_of(proxy: Remote) -> ObjectInfo:
    from .com.objects import ComObject  # noqa: PLC0415 - most libraries have functions only

    if not isinstance(proxy, ComObject):
        raise TypeError(f"info tells of libraries and of objects with interfaces, not of {proxy!r}")
    host = proxy._host  # noqa: SLF001 - the functions of this package know it
    wire = {"at": [proxy._check(), 0]}  # noqa: SLF001
    kind, number, thread, own = host.system(HostFunction.WHERE, wire, here.number)
    home = Apartment(Kind(kind), number)
    crossing = hops(Apartment(Kind.STA, own) if own else MTA, home)
    return ObjectInfo(host.session.process, str(home), thread, crossing, host.session.level.name.lower())


def _counts(host: Any) -> dict[str, int]:
    """What the host counts; nothing when there is none, or when it is found dead just now."""
    try:
        return host.system(HostFunction.INFO) if host is not None and not host.dead else {}
    except HostLost:
        return {}


def types(lib: Any) -> SimpleNamespace:
    """The Python classes of the library's structs, enums, handles and interfaces, and its constants, by their names."""
    binding = binding_of(lib)
    interfaces = binding.interface_classes
    return SimpleNamespace(**binding.constants, **binding.handles, **binding.enums, **binding.structs, **interfaces)


def get_last_error(lib: Any) -> int:
    """`errno` as the last call of this thread into the library left it; 0 when it was not set (R11.1)."""
    host = binding_of(lib).host
    return getattr(host.errno, "value", 0) if host is not None else 0


def raise_last_error(lib: Any) -> NoReturn:
    """Raise `errno` of this thread's last call as Python does: FileNotFoundError for ENOENT (R11.2)."""
    number = get_last_error(lib)
    text = os.strerror(number) if number else "the last call set no errno"
    raise OSError(number, f"{text} ({binding_of(lib).label})")
