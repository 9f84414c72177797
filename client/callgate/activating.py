"""`callgate.create`: objects of registered classes, wherever they run (R16.1)."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from callgate_protocol.activation import (
    Choice,
    Context,
    Executable,
    InHost,
    Remote,
    Surrogate,
    check_access,
    check_launch,
    check_level,
    choose,
)
from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.contracts import ContractBroken, check_surrogate
from callgate_protocol.guids import braced_guid
from callgate_protocol.permissions import Caller
from callgate_protocol.placement import ThreadingModel
from callgate_protocol.registry import ClassEntry, Inproc, Registry
from callgate_protocol.standard import IID_NULL
from callgate_protocol.system import BrokerFunction

from .brokers import Broker
from .class_sources import (
    Created,
    Elsewhere,
    Source,
    Wish,
    is_other_python,
    of_library,
    of_program,
    of_python,
    of_surrogate,
    program_of,
)
from .com.declared import declared_of
from .com.objects import no_interface, release_object
from .errors import MarshalDirectiveError
from .lib import Lib, binding_of
from .registrations import current_registry, refusal

__all__ = ["create", "create_all", "create_below"]

T = TypeVar("T")
_SECONDS: Final = 10.0


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
    threading: str = "",
    outer: Any = None,
) -> T:
    """Make an object of a class and give its proxy, with these interfaces (R16.1).

    `what` is a ProgID or a CLSID of the registry (`docs/registry.md`). With `library` (a file name, or a library that
    is loaded) it is a CLSID, and may be empty when `shape` says that the factory takes none. `context` says where the
    class may run (R16.2), `isolation` which host a library has: "library" (one for all its objects here), "object",
    "client", "shared:NAME" or "none"; `licence` is for classes that need one (R16.20);
    `threading`, beside `library`, is the threading model: in which apartment the object lives (R15.7).

    Raises ComError with the codes of R16.3; InvalidCastError for an interface that the object does not have.
    """
    wish, result = _created(
        what, (interface, *more), library, (shape, factory, threading), context, server, licence, isolation, outer
    )
    made: T = _whole(wish, result)
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
    threading: str = "",
) -> Created:
    """As `create`, asking for several interfaces at once, of which the object may lack some (R16.1)."""
    if not interfaces:
        raise ValueError("create_all needs at least one interface to ask for")
    return _created(
        what, tuple(interfaces), library, (shape, factory, threading), context, server, licence, isolation, None
    )[1]


def create_below(
    broker: Broker, elsewhere: Elsewhere, what: str | uuid.UUID, interfaces: tuple[Any, ...], licence: str | None
) -> Any:
    """`create` of a class in the registry of a broker (R16.19): it is found there, and then made in one round trip."""
    name = _written(what)
    found = broker.ask(BrokerFunction.FIND_CLASS, {"name": name}, _SECONDS)
    wish = Wish(name, found["clsid"], licence, tuple(map(declared_of, interfaces)))
    share = f"surrogate:{found['share']}"
    try:
        if not found["library"]:
            return _whole(wish, of_surrogate(name, share, elsewhere).make(wish))
        inproc = Inproc(found["library"], found["factory"], found["shape"])
        entry = ClassEntry(found["clsid"], inproc=inproc, threading=found["threading"])
        made = of_library(entry, "", "library", share, elsewhere).make(wish)
    except ActivationRefused as error:
        raise refusal(error) from error.__cause__
    return _whole(wish, made)


def _whole(wish: Wish, result: Created) -> Any:
    """The object, if it has all that was asked for; else it is given back. Raises InvalidCastError."""
    for declared, code in zip(wish.interfaces, result.results, strict=True):
        if code.failed:
            error = no_interface(wish.what if result.object is None else result.object, declared)
            if result.object is not None:
                release_object(result.object)
            raise error
    return result.object


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
) -> tuple[Wish, Created]:
    declared = tuple(map(declared_of, interfaces))
    name = _written(what)
    try:
        if outer is not None:
            text = f"{name} would be part of an object in another process, and nothing is aggregated over that (R19.38)"
            raise ActivationRefused("CLASS_E_NOAGGREGATION", text)
        if library:
            entry = _given(name, library, factory)
            wish = Wish(name or str(library), entry.clsid, licence, declared)
            return wish, of_library(entry, library, isolation or "library").make(wish)
        if any(factory):
            text = f"factory, shape and threading of {name} stand in its registration; they go with library= only"
            raise ValueError(text)
        registry = current_registry()
        wish = Wish(name, registry.clsid_of(name), licence, declared)
        return wish, _of_registry(registry, wish, context, server, isolation).make(wish)
    except ActivationRefused as error:
        raise refusal(error) from error.__cause__


def _written(what: str | uuid.UUID) -> str:
    """A class as it is named in messages and found in a registry: its ProgID, or its CLSID in braces."""
    return f"{{{what}}}".upper() if isinstance(what, uuid.UUID) else what


def _given(name: str, library: str | Lib, factory: Sequence[str]) -> ClassEntry:
    """The entry that a call says itself."""
    shape, function, threading = factory
    try:
        clsid = braced_guid(name) if name else IID_NULL
    except ValueError as error:
        raise ActivationRefused("CO_E_CLASSSTRING", f"{error} (with library=, the class is a CLSID)") from None
    path = library if isinstance(library, str) else binding_of(library).file
    inproc = Inproc(path, function, shape or "ClassObject")
    return ClassEntry(clsid, inproc=inproc, threading=threading or ThreadingModel.BOTH.value)


# -- where it runs -----------------------------------------------------------------------------------------------------


def _of_registry(registry: Registry, wish: Wish, context: Context, server: str, isolation: str) -> Source:
    identity = f"uid:{os.geteuid()}"
    names = frozenset({socket.gethostname(), socket.getfqdn()}) if server else frozenset()
    choice = choose(registry, wish.clsid, context, identity=identity, server=server, own_names=names, exists=_is_there)
    if isinstance(choice, Remote):
        text = (
            f"{wish.what} is served by {choice.server}: callgate.connect('tcp://…').create({wish.what!r}, …) (R16.19)"
        )
        raise ActivationRefused("CO_E_REMOTE_COMMUNICATION_FAILURE", text)
    app, caller = registry.app_of(choice.entry), _caller()
    check_launch(registry, app, caller, os.geteuid())
    check_access(registry, app, caller, os.geteuid())
    if choice.entry.needs_licence and wish.licence is None:
        raise ActivationRefused("CLASS_E_NOTLICENSED", f"{wish.what} is made with a licence only: licence=… (R16.20)")
    if not isinstance(choice, InHost):
        check_level(app, caller)
        _check_remotable(wish)
    return _of_choice(choice, isolation)


def _check_remotable(wish: Wish) -> None:
    """R16.11: what others share is called through what means something in another process."""
    for declared in wish.interfaces:
        try:
            check_surrogate(declared.library, declared.interface)
        except ContractBroken as error:
            text = f"{wish.what} cannot run in a shared process as {declared.name}: {error}"
            raise MarshalDirectiveError(text) from None


def _caller() -> Caller:
    return Caller(os.geteuid(), tuple({os.getegid(), *os.getgroups()}))


def _is_there(library: str) -> bool:
    """A bare name is for the loader to find."""
    return "/" not in library or os.path.exists(library)


def _of_choice(choice: Choice, isolation: str) -> Source:
    if isinstance(choice, Executable) or (isinstance(choice, Surrogate) and choice.program):
        return of_program(choice, choice.entry.clsid)
    assert isinstance(choice, InHost | Surrogate)
    entry = choice.entry
    share = f"surrogate:{choice.share}" if isinstance(choice, Surrogate) and not isolation else ""
    if entry.python is not None and is_other_python(entry.python):
        return of_program(program_of(entry, choice), entry.clsid)
    if entry.python is not None:
        return of_python(entry.python, isolation or "library", share)
    return of_library(entry, "", isolation or "library", share)
