"""`callgate.create`: objects of registered classes, wherever they run (R16.1)."""

from __future__ import annotations

import os
import socket
import threading
import uuid
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from callgate_protocol.activation import (
    Choice,
    Context,
    Executable,
    InHost,
    Remote,
    Surrogate,
    check_access,
    check_launch,
    choose,
)
from callgate_protocol.activation_codes import SUCCESSES, ActivationRefused
from callgate_protocol.guids import braced_guid
from callgate_protocol.model import TypeLibrary
from callgate_protocol.permissions import Caller
from callgate_protocol.references import read_reference
from callgate_protocol.registry import AppEntry, ClassEntry, Inproc, Registry
from callgate_protocol.standard import IID_NULL
from callgate_protocol.system import HostFunction

from .binding import Binding
from .com.declared import Declared, declared_of
from .com.implemented import wrapper_class
from .com.objects import ComObject, no_interface, release_object
from .convert import CallContext
from .convert.base import binary
from .declare import Declarations
from .errors import DllNotFoundError
from .host import Host
from .hresults import HResult
from .lib import Lib, binding_of
from .loading import opener_of
from .registrations import current_registry, refusal

__all__ = ["Created", "create", "create_all"]

T = TypeVar("T")
_NOTHING: Final = Declarations(TypeLibrary(), {}, {})
_SURROGATE: Final = "surrogate:"
"""How the share of a surrogate's host begins (R16.8)."""


class Created(NamedTuple):
    """What `create_all` gives."""

    object: Any
    """The object; None when it has none of the interfaces."""
    status: HResult
    """S_OK, CO_S_NOTALLINTERFACES or E_NOINTERFACE."""
    results: tuple[HResult, ...]
    """One for each interface."""


class _Wish(NamedTuple):
    """What is to be made."""

    what: str
    """The class as it was asked for, for messages."""
    clsid: str
    licence: str | None
    interfaces: tuple[Declared, ...]


class _Source(NamedTuple):
    """Who makes it: a library in a host, and its factory."""

    host: Host
    library: int
    factory: Sequence[str]


def create(
    what: str | uuid.UUID,
    interface: Callable[..., T],
    *more: Any,
    library: str | Lib = "",
    factory: str = "",
    shape: str = "",
    context: Context = Context.ALL,
    server: str = "",
    licence: str | None = None,
    isolation: str = "",
    outer: Any = None,
) -> T:
    """Make an object of a class and give its proxy, with these interfaces (R16.1).

    `what` is a ProgID or a CLSID of the registry (`docs/registry.md`). With `library` (a file name, or a library that
    is loaded) it is a CLSID, and may be empty when `shape` says that the factory takes none. `context` says where the
    class may run (R16.2), `isolation` which host a library has: "library" (one for all its objects here), "object",
    "client", "shared:NAME" or "none"; `licence` is for classes that need one (R16.20).

    Raises ComError with the codes of R16.3; InvalidCastError for an interface that the object does not have.
    """
    wish, result = _created(
        what, (interface, *more), library, (shape, factory), context, server, licence, isolation, outer
    )
    for declared, code in zip(wish.interfaces, result.results, strict=True):
        if code.failed:
            error = no_interface(wish.what if result.object is None else result.object, declared)
            if result.object is not None:
                release_object(result.object)
            raise error
    made: T = result.object
    return made


def create_all(
    what: str | uuid.UUID,
    interfaces: Sequence[Any],
    *,
    library: str | Lib = "",
    factory: str = "",
    shape: str = "",
    context: Context = Context.ALL,
    server: str = "",
    licence: str | None = None,
    isolation: str = "",
) -> Created:
    """As `create`, asking for several interfaces at once, of which the object may lack some (R16.1)."""
    if not interfaces:
        raise ValueError("create_all needs at least one interface to ask for")
    return _created(what, tuple(interfaces), library, (shape, factory), context, server, licence, isolation, None)[1]


def _created(
    what: str | uuid.UUID,
    interfaces: tuple[Any, ...],
    library: str | Lib,
    factory: Sequence[str],
    context: Context,
    server: str,
    licence: str | None,
    isolation: str,
    outer: Any,
) -> tuple[_Wish, Created]:
    declared = tuple(map(declared_of, interfaces))
    name = f"{{{what}}}".upper() if isinstance(what, uuid.UUID) else what
    try:
        if outer is not None:
            text = f"{name} would be part of an object in another process, and nothing is aggregated over that (R19.38)"
            raise ActivationRefused("CLASS_E_NOAGGREGATION", text)
        if library:
            entry = _given(name, library, factory)
            wish = _Wish(name or str(library), entry.clsid, licence, declared)
            return wish, _made(wish, _of_library(entry, library, isolation))
        if any(factory):
            raise ValueError(f"factory and shape of {name} stand in its registration; they go with library= only")
        registry = current_registry()
        wish = _Wish(name, registry.clsid_of(name), licence, declared)
        return wish, _made(wish, _of_registry(registry, wish, context, server, isolation))
    except ActivationRefused as error:
        raise refusal(error) from error.__cause__


def _given(name: str, library: str | Lib, factory: Sequence[str]) -> ClassEntry:
    """The entry that a call says itself."""
    shape, function = factory
    try:
        clsid = braced_guid(name) if name else IID_NULL
    except ValueError as error:
        raise ActivationRefused("CO_E_CLASSSTRING", f"{error} (with library=, the class is a CLSID)") from None
    path = library if isinstance(library, str) else binding_of(library).file
    return ClassEntry(clsid, inproc=Inproc(path, function, shape or "ClassObject"))


# -- where it runs -----------------------------------------------------------------------------------------------------


def _of_registry(registry: Registry, wish: _Wish, context: Context, server: str, isolation: str) -> _Source:
    identity = f"uid:{os.geteuid()}"
    names = frozenset({socket.gethostname(), socket.getfqdn()}) if server else frozenset()
    choice = choose(registry, wish.clsid, context, identity=identity, server=server, own_names=names, exists=_is_there)
    if isinstance(choice, Remote):
        text = f"{wish.what} is served by {choice.server}; connect to its broker with callgate.connect (R16.19)"
        raise ActivationRefused("CO_E_REMOTE_COMMUNICATION_FAILURE", text)
    app, caller = registry.app_of(choice.entry), _caller()
    check_launch(registry, app, caller, os.geteuid())
    if choice.entry.needs_licence and wish.licence is None:
        raise ActivationRefused("CLASS_E_NOTLICENSED", f"{wish.what} is made with a licence only: licence=… (R16.20)")
    source = _of_choice(choice, isolation)
    _check_access(registry, app, caller, source)
    return source


def _check_access(registry: Registry, app: AppEntry, caller: Caller, source: _Source) -> None:
    """R16.12: at the connection, before code of the class runs; who is refused leaves nothing behind."""
    try:
        check_access(registry, app, caller, os.geteuid())
    except ActivationRefused:
        source.host.close("its user may not use the class")
        raise


def _caller() -> Caller:
    return Caller(os.geteuid(), tuple({os.getegid(), *os.getgroups()}))


def _is_there(library: str) -> bool:
    """A bare name is for the loader to find."""
    return "/" not in library or os.path.exists(library)


def _of_choice(choice: Choice, isolation: str) -> _Source:
    if isinstance(choice, InHost):
        return _of_library(choice.entry, "", isolation)
    if isinstance(choice, Surrogate) and not choice.program:
        return _of_library(choice.entry, "", isolation or f"{_SURROGATE}{choice.share}")
    assert isinstance(choice, Surrogate | Executable)
    text = f"{choice.entry.clsid} is served by a program, which this version of callgate does not start yet (R16.5)"
    raise ActivationRefused("CO_E_SERVER_EXEC_FAILURE", text)


def _of_library(entry: ClassEntry, library: str | Lib, isolation: str) -> _Source:
    """The library of a class in its host; the same host for all of its objects here, as long as one of them lives."""
    if isinstance(library, Lib):
        binding = binding_of(library)
        return _source(binding, binding.ready(), entry.inproc)
    assert entry.inproc is not None
    return _hosts.source(entry.inproc, isolation or "library")


def _source(binding: Binding, host: Host, inproc: Inproc | None) -> _Source:
    assert inproc is not None
    return _Source(host, binding.number, [inproc.shape, inproc.factory])


class _Hosts:
    """The hosts of classes of this process, as long as somebody holds an object of theirs. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[tuple[int, str, str], threading.Lock] = {}
        self._known: dict[tuple[int, str, str], tuple[weakref.ref[Host], int]] = {}

    def source(self, inproc: Inproc, isolation: str) -> _Source:
        """The library in its host, which is started when there is none (R15.17: once, whoever comes)."""
        key = (os.getpid(), inproc.library, isolation)
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            reference, number = self._known.get(key, (None, 0))
            host = reference() if reference is not None else None
            if host is None or host.dead or isolation == "object":
                host, number = self._start(inproc, isolation)
                self._known[key] = (weakref.ref(host), number)
            return _Source(host, number, [inproc.shape, inproc.factory])

    def _start(self, inproc: Inproc, isolation: str) -> tuple[Host, int]:
        share = isolation if isolation.startswith(_SURROGATE) else ""
        opener = opener_of("library" if isolation == "object" else isolation, share)
        binding = Binding(inproc.library, _NOTHING, opener, None, None)
        try:
            return binding.ready(), binding.number
        except DllNotFoundError as error:
            raise ActivationRefused("CO_E_DLLNOTFOUND", f"{error} (R16.3)") from error


_hosts = _Hosts()


# -- making it -------------------------------------------------------------------------------------------------------


def _made(wish: _Wish, source: _Source) -> Created:
    """One round trip for all interfaces (R16.1)."""
    host, context = source.host, CallContext(source.host)
    described = [host.objects.describe(each) for each in wish.interfaces]
    options = {} if wish.licence is None else {"licence": _bstr(wish.licence, context)}
    arguments = [
        source.library,
        source.factory,
        wish.clsid,
        [[each.number, each.index] for each in described],
        options,
    ]
    name = f"the activation of {wish.what}"
    wire, codes = host.ask(HostFunction.ACTIVATE, arguments, context.payloads, name)[0].result
    results = tuple(HResult(code) for code in codes)
    if wire is None:
        return Created(None, results[0], results)
    proxy = _proxy(wire, host)
    for declared, code in zip(wish.interfaces, results, strict=True):
        if not code.failed:
            proxy._learn(declared)  # noqa: SLF001 - the object has just said so
    some = any(code.failed for code in results)
    return Created(proxy, HResult(SUCCESSES["CO_S_NOTALLINTERFACES"] if some else 0), results)


def _bstr(text: str, context: CallContext) -> Any:
    order = "le" if context.host.session.abi.byte_order == "little" else "be"
    return binary(text.encode(f"utf-16-{order}"), context)


def _proxy(wire: Any, host: Host) -> ComObject:
    reference, _ = read_reference(wire)
    classes = wire.get("classes", ())
    return host.holdings.proxy(reference, lambda: wrapper_class(classes)(host, reference.object), prompt=True)
