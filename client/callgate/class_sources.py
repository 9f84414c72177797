"""Who makes the objects of a class: a library in a host, or a process with Python objects (R16.1, R16.5, R16.17)."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from callgate_protocol.activation import Executable, InHost, Surrogate
from callgate_protocol.activation_codes import SUCCESSES, ActivationRefused
from callgate_protocol.model import TypeLibrary
from callgate_protocol.placement import ThreadingModel
from callgate_protocol.references import read_reference
from callgate_protocol.registry import ClassEntry, PythonServer
from callgate_protocol.rpccodes import Code
from callgate_protocol.system import BrokerFunction, HostFunction
from callgate_transport import launch

from . import apartments
from .binding import Binding
from .com.declared import Declared
from .com.implemented import wrapper_class
from .com.objects import answers
from .convert import CallContext
from .convert.base import binary
from .declare import Declarations
from .errors import DllNotFoundError, InvalidCastError
from .host import Host
from .hresults import HResult
from .lib import Lib, binding_of
from .loading import opener_of, share_of
from .process import current

if TYPE_CHECKING:
    from .lines import Opener

__all__ = [
    "AGAIN",
    "Created",
    "Elsewhere",
    "Maker",
    "Source",
    "Wish",
    "is_other_python",
    "of_library",
    "of_program",
    "of_python",
    "of_surrogate",
    "program_of",
    "surrogate_host",
]

_NOTHING: Final = Declarations(TypeLibrary(), {}, {})
_E_NOINTERFACE: Final = HResult(Code.E_NOINTERFACE)
_LAUNCH_SECONDS: Final = 70.0
"""Longer than the window in which a program has to register its class objects (R16.5)."""
_SERVE: Final = (
    "import sys; sys.path += sys.argv[1].split(':'); "
    "from callgate.remoting.class_server import serve; serve(sys.argv[2], sys.argv[3])"
)
AGAIN: Final = "again"
"""Beside the name of a class: one more attempt of an activation that was counted before."""
_MEETINGS: Final = 3
"""How often a program is asked for that has just ended."""


class Created(NamedTuple):
    """What `create_all` gives."""

    object: Any
    """The object; None when it has none of the interfaces."""
    status: HResult
    """S_OK, CO_S_NOTALLINTERFACES or E_NOINTERFACE."""
    results: tuple[HResult, ...]
    """One for each interface."""


class Wish(NamedTuple):
    """What is to be made."""

    what: str
    """The class as it was asked for, for messages."""
    clsid: str
    licence: str | None
    interfaces: tuple[Declared, ...]

    def came(self, made: Any, results: Sequence[HResult]) -> Created:
        """What came of it (R16.1)."""
        if made is None:
            return Created(None, results[0], tuple(results))
        some = any(code.failed for code in results)
        return Created(made, HResult(SUCCESSES["CO_S_NOTALLINTERFACES"] if some else 0), tuple(results))


class Source(Protocol):
    """Somebody who makes objects."""

    def make(self, wish: Wish) -> Created:
        """Make one. Raises ComError and what the way there raises."""


class Elsewhere(NamedTuple):
    """A broker that is not this program's own."""

    identity: str
    """What tells its hosts from others."""
    opener: Callable[..., Opener]
    """What opens hosts below it that are shared so, and of a kind (`loading.opener_of`)."""


# -- libraries ---------------------------------------------------------------------------------------------------------


class _Library(NamedTuple):
    """A library in a host, and its factory."""

    host: Host
    number: int
    factory: Sequence[str]
    threading: str
    """The threading model of the class (R15.7)."""

    def make(self, wish: Wish) -> Created:
        """One round trip for all interfaces (R16.1)."""
        host, context = self.host, CallContext(self.host)
        described = [host.objects.describe(each) for each in wish.interfaces]
        interfaces = [[each.number, each.index] for each in described]
        options: dict[str, Any] = {"threading": self.threading, "sta": apartments.number_in(host)}
        if wish.licence is not None:
            options["licence"] = _bstr(wish.licence, context)
        arguments = [self.number, self.factory, wish.clsid, interfaces, options]
        name = f"the activation of {wish.what}"
        wire, codes = host.ask(HostFunction.ACTIVATE, arguments, context.payloads, name)[0].result
        results = tuple(HResult(code) for code in codes)
        if wire is None:
            return wish.came(None, results)
        reference, _ = read_reference(wire)
        classes = wire.get("classes", ())
        proxy = host.holdings.proxy(reference, lambda: wrapper_class(classes)(host, reference.object), prompt=True)
        for declared, code in zip(wish.interfaces, results, strict=True):
            if not code.failed:
                proxy._learn(declared)  # noqa: SLF001 - the object has just said so
        return wish.came(proxy, results)


def _bstr(text: str, context: CallContext) -> Any:
    order = "le" if context.host.session.abi.byte_order == "little" else "be"
    return binary(text.encode(f"utf-16-{order}"), context)


def of_library(
    entry: ClassEntry, library: str | Lib, isolation: str, share: str = "", elsewhere: Elsewhere | None = None
) -> Source:
    """The library of a class in its host; the same host for all of its objects here, as long as one of them lives.

    `elsewhere` is a broker below which the host is. Raises ActivationRefused for a library that cannot be loaded.
    """
    inproc = entry.inproc
    assert inproc is not None
    factory, threading = [inproc.shape, inproc.factory], entry.threading or ThreadingModel.SINGLE.value
    if isinstance(library, Lib):
        binding = binding_of(library)
        return _Library(binding.ready(), binding.number, factory, threading)

    def start() -> tuple[Host, int]:
        isolated = "library" if isolation == "object" else isolation
        opener = elsewhere.opener(share or share_of(isolated)) if elsewhere else opener_of(isolated, share)
        binding = Binding(inproc.library, _NOTHING, opener, None, None)
        try:
            return binding.ready(), binding.number
        except DllNotFoundError as error:
            raise ActivationRefused("CO_E_DLLNOTFOUND", f"{error} (R16.3)") from error

    what = f"{elsewhere.identity} {inproc.library}" if elsewhere else inproc.library
    host, number = _hosts.find(what, share or isolation, start)
    return _Library(host, number, factory, threading)


class _Hosts:
    """The hosts of classes of this process, as long as somebody holds an object of theirs. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._locks: dict[tuple[int, str, str], Lock] = {}
        self._known: dict[tuple[int, str, str], tuple[weakref.ref[Host], int]] = {}

    def find(self, what: str, isolation: str, start: Callable[[], tuple[Host, int]]) -> tuple[Host, int]:
        """The host of a library or class, started when there is none (R15.17: once, whoever comes)."""
        key = (os.getpid(), what, isolation)
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            reference, number = self._known.get(key, (None, 0))
            host = reference() if reference is not None else None
            if host is None or host.dead or isolation == "object":
                fresh, number = start()
                host = _met(fresh)
                self._known[key] = (weakref.ref(host), number)
            return host, number


def _met(fresh: Host) -> Host:
    """R18.7: a host that is reached already, by whatever way, is one host, and its objects are one."""
    for host in list(current().hosts):
        if host is not fresh and not host.dead and host.session.incarnation == fresh.session.incarnation:
            fresh.close("it is reached already")
            return host
    return fresh


_hosts = _Hosts()


# -- Python objects ----------------------------------------------------------------------------------------------------


class Maker(NamedTuple):
    """A process that makes Python objects by name."""

    host: Host
    name: str
    directories: Sequence[str]
    again: Sequence[str]
    """The same for a further attempt: a program counts the activations that it was sent."""

    def make(self, wish: Wish) -> Created:
        """As the first interface that it can be made as; then it is asked for the others."""
        results: list[HResult] = []
        made = None
        for declared in wish.interfaces:
            if made is None:
                made = self._try(declared, self.again if results else self.directories)
                results.append(HResult(0) if made is not None else _E_NOINTERFACE)
            else:
                results.append(HResult(0) if answers(made, declared) else _E_NOINTERFACE)
        return wish.came(made, results)

    def _try(self, declared: Declared, directories: Sequence[str]) -> Any:
        from .remoting.neighbours import adopt  # noqa: PLC0415 - few classes are Python's

        try:
            wire = self.host.system(HostFunction.MAKE, self.name, list(directories), declared.iid)
        except InvalidCastError:
            return None
        return adopt(self.host, wire, declared)


def of_python(server: PythonServer, isolation: str, share: str = "") -> Source:
    """A Python class in a host of its own, or one that is shared (R16.17)."""
    if isolation == "none":
        text = f"{server.implementation} is a Python class: import it, or let it run in a host (R16.17)"
        raise ActivationRefused("REGDB_E_CLASSNOTREG", text)

    def start() -> tuple[Host, int]:
        opener: Opener = opener_of("library" if isolation == "object" else isolation, share, "python")
        binding = Binding(server.implementation, _NOTHING, opener, None, None)
        return binding.connect(), 0

    host, _ = _hosts.find(server.implementation, share or isolation, start)
    return Maker(host, server.implementation, server.path, server.path)


def of_surrogate(name: str, share: str, elsewhere: Elsewhere) -> Source:
    """A class that is no library's, on another machine: by the name that its registry knows (R16.19)."""
    return Maker(surrogate_host(share, elsewhere), name, (), ())


def surrogate_host(share: str, elsewhere: Elsewhere) -> Host:
    """The process below the broker of another machine that has its Python objects and programs for this client."""

    def start() -> tuple[Host, int]:
        return Binding("Python objects", _NOTHING, elsewhere.opener(share, "python"), None, None).connect(), 0

    return _hosts.find(f"{elsewhere.identity} python", share, start)[0]


def is_other_python(server: PythonServer) -> bool:
    """Whether a class was registered with another interpreter, or another environment of it, than this program's."""
    return bool(server.python) and os.path.abspath(server.python) != os.path.abspath(sys.executable)


def program_of(entry: ClassEntry, choice: InHost | Surrogate) -> Executable:
    """The program that serves a Python class in the interpreter that it was registered with (R16.17)."""
    assert entry.python is not None
    roots = os.pathsep.join([*entry.python.path, *launch.source_roots()])
    command = (entry.python.python, "-c", _SERVE, roots, entry.python.implementation, entry.clsid)
    share = choice.share if isinstance(choice, Surrogate) else f"client:{os.getpid()}"
    return Executable(entry, command, share)


def of_program(choice: Executable | Surrogate, clsid: str) -> Maker:
    """The program of a class, started when it is not running (R16.5). Raises ComError.

    A surrogate that is not callgate's is such a program, which is told the class and registers a class object for it
    (R16.10).
    """
    from .remoting.exporting import common_broker, read_place  # noqa: PLC0415 - few classes are programs
    from .remoting.neighbours import meet  # noqa: PLC0415 - as above

    command = choice.command if isinstance(choice, Executable) else (choice.program, clsid)
    broker, label = common_broker(), os.path.basename(command[0])
    request = {"clsid": clsid, "client": os.getpid(), "command": list(command), "share": choice.share}
    failure: OSError | None = None
    for _ in range(_MEETINGS):
        answer = broker.ask(BrokerFunction.ACTIVATE, request, _LAUNCH_SECONDS)
        incarnation, name, link = read_place(label, answer["where"])
        try:
            return Maker(meet(incarnation, link, label), name, (), (AGAIN,))
        except OSError as error:  # it has been killed just now
            failure = error
    text = f"the program of class {clsid} could not be reached: {failure} (R16.5)"
    raise ActivationRefused("CO_E_SERVER_EXEC_FAILURE", text) from failure
