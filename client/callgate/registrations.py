"""`callgate.register`, `callgate.unregister` and `callgate.classes` (R16.4, R16.17).

A registration is a file of its own in the user's (or system's) `registry.d`, so that nothing written by hand is edited.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple, NoReturn

from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.automation import WELL_KNOWN
from callgate_protocol.errors import Fault
from callgate_protocol.guids import braced_guid
from callgate_protocol.interfaces import chain_of
from callgate_protocol.placement import ThreadingModel, one_model
from callgate_protocol.published import contract_hash
from callgate_protocol.registry import (
    AppEntry,
    ClassEntry,
    Inproc,
    InterfaceEntry,
    PythonServer,
    Registry,
    RegistryError,
    TypeLibEntry,
)
from callgate_protocol.registry_text import parse_registry
from callgate_protocol.registry_writing import write_registry
from callgate_transport import registryfiles

from .com.classes import words_of
from .errors import ComError
from .failures import exception_for_hr
from .servable import class_named, implementation_of, why_not_servable

__all__ = ["RegisteredClass", "classes", "current_registry", "refusal", "register", "unregister"]

_NAMES: Final = uuid.UUID("6f1d43a6-3a0f-4d6f-9d4a-5f0c0c6f6b1e")
"""Where the CLSIDs come from that nobody has chosen: the same name always has the same one."""


class RegisteredClass(NamedTuple):
    """One line of `callgate.classes()`."""

    clsid: str
    progid: str
    name: str
    server: str
    """What serves it, for people."""
    threading: str
    appid: str
    file: str


def refusal(error: ActivationRefused | RegistryError) -> ComError:
    """The exception for what the registry or an activation refuses: a ComError with its code (R16.3)."""
    made = exception_for_hr(error.code, description=str(error))
    assert made is not None
    return made


def current_registry() -> Registry:
    """The registry as it stands in the files now. Raises ComError for a file that cannot be understood or trusted."""
    try:
        return registryfiles.read_registry()
    except RegistryError as error:
        raise refusal(error) from None


def classes() -> list[RegisteredClass]:
    """Every class that is registered, by ProgID (R16.4). Raises ComError for a registry file that is wrong."""
    registry = current_registry()
    listed = [
        RegisteredClass(
            entry.clsid,
            registry.progid_of(entry.clsid),
            entry.name,
            _server(entry),
            entry.threading or "Single",
            entry.appid,
            entry.file,
        )
        for entry in registry.classes.values()
    ]
    return sorted(listed, key=lambda each: (not each.progid, each.progid.lower(), each.clsid))


def _server(entry: ClassEntry) -> str:
    if entry.treat_as:
        return f"as {entry.treat_as}"
    if entry.local_server:
        return " ".join(entry.local_server)
    if entry.python:
        return entry.python.implementation
    return entry.inproc.library if entry.inproc else ""


def register(
    server: str | type[Any],
    *arguments: str,
    clsid: str = "",
    progid: str = "",
    name: str = "",
    version: str = "",
    threading: str = "",
    factory: str = "",
    shape: str = "",
    executable: bool = False,
    appid: str = "",
    surrogate: bool = False,
    system: bool = False,
    replace: bool = False,
) -> str:
    """Register a class; the registry file that was written (R16.4).

    `server` is a library (a path, or a name for the loader), with `executable` a program and its arguments, a registry
    file (`….toml`) that is checked and taken over, a type library (`….idl`) whose interfaces are then known by IID
    (R15.12, R17.15; `docs/idl.md`), or a Python class or its name `module:Class` (R16.17). A Python class needs no
    CLSID (that of `@coclass` is taken if it has one), and its ProgID is its name; of a library, `factory` and `shape`
    say how an object is had from it (`docs/registry.md`). `surrogate` lets it run in a shared host of its AppID
    (R16.8).

    Raises ComError, FileExistsError without `replace`, OSError.
    """
    try:
        if isinstance(server, str) and server.endswith(".toml"):
            return _take_over(server, system=system, replace=replace)
        if isinstance(server, str) and server.endswith(".idl"):
            return _type_library(server, system=system, replace=replace)
        entry = _named(server, _entry(server, arguments, factory, shape, executable=executable), clsid, progid)
        clsid = entry.clsid
        entry = entry.replace(
            name=name,
            version=version,
            appid=_app(appid, clsid, surrogate),
            threading=threading or ("Both" if entry.python else ""),
        )
        apps = {entry.appid: AppEntry(entry.appid, surrogate="")} if surrogate else {}
        registry = Registry(classes={clsid: entry}, apps=apps)
        return _write(registry, clsid.strip("{}").lower(), system=system, replace=replace)
    except (ActivationRefused, RegistryError) as error:
        raise refusal(error) from None
    except ValueError as error:
        raise refusal(ActivationRefused("CO_E_CLASSSTRING", str(error))) from None


def _named(server: str | type[Any], entry: ClassEntry, clsid: str, progid: str) -> ClassEntry:
    """The entry with its names: those that were given, else the class's own, else one that follows from the other."""
    progid = progid or (entry.python.implementation.replace(":", ".") if entry.python else "")
    clsid = clsid or _own_clsid(server, entry)
    if not clsid and (not progid or (entry.inproc and entry.inproc.shape not in _NAMELESS)):
        raise ActivationRefused("CO_E_CLASSSTRING", f"{server}: a library's class is known by its CLSID; give clsid=…")
    return entry.replace(clsid=braced_guid(clsid or f"{{{uuid.uuid5(_NAMES, progid)}}}"), progid=progid)


_NAMELESS: Final = ("Create", "Returns", "ReturnsBorrowed")
"""Shapes of libraries with one class, which never hear of its CLSID."""


def _own_clsid(server: str | type[Any], entry: ClassEntry) -> str:
    """The CLSID that `@callgate.coclass` gives a Python class; "" for others."""
    if entry.python is None:
        return ""
    return words_of(class_named(server) if isinstance(server, str) else server).clsid


def _app(appid: str, clsid: str, surrogate: bool) -> str:
    return braced_guid(appid) if appid else clsid if surrogate else ""


def _entry(
    server: str | type[Any], arguments: tuple[str, ...], factory: str, shape: str, *, executable: bool
) -> ClassEntry:
    if executable and isinstance(server, str):
        return ClassEntry("", local_server=(_absolute(server), *arguments))
    if not isinstance(server, str) or (":" in server and "/" not in server):
        return ClassEntry("", python=_python_server(server))
    return ClassEntry("", inproc=Inproc(_absolute(server), factory, shape or "ClassObject"))


def _absolute(path: str) -> str:
    return os.path.abspath(path) if "/" in path else path


def _python_server(server: str | type[Any]) -> PythonServer:
    """R16.17: the interpreter, and where it finds the module and what that imports; never what it would be later."""
    try:
        cls = class_named(server) if isinstance(server, str) else server
    except (ImportError, AttributeError, TypeError) as error:
        raise ActivationRefused("CLASS_E_CLASSNOTAVAILABLE", f"{server}: {error} (R16.17)") from error
    reason = why_not_servable(cls)
    if reason:
        raise ActivationRefused("CLASS_E_CLASSNOTAVAILABLE", f"{reason} (R16.17, R19.39)")
    file = getattr(sys.modules[cls.__module__], "__file__", None)
    depth = cls.__module__.count(".") + (os.path.basename(file or "") == "__init__.py")
    folder = os.path.abspath(file or "")
    for _ in range(depth + 1):
        folder = os.path.dirname(folder)
    installed = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
    path = dict.fromkeys([*([folder] if file else []), *filter(os.path.isdir, installed)])
    return PythonServer(implementation_of(cls), sys.executable, tuple(path))


def _take_over(path: str, *, system: bool, replace: bool) -> str:
    registry = registryfiles.read_file(os.path.abspath(path))
    stem = os.path.basename(path).removesuffix(".toml")
    return _write(registry, stem, system=system, replace=replace)


def _type_library(path: str, *, system: bool, replace: bool) -> str:
    """R17.15: the interfaces of a type library by IID, each with the hash of what it promises now."""
    from .typelibs import read_idl  # noqa: PLC0415 - most registrations are of classes

    published = read_idl(path)
    identity, library = published.identity, published.library
    if not identity.libid or not identity.version:
        example = "[uuid(…), version(1.0)] library NAME {…}"
        text = f"{path}: a type library is known by its LIBID and version; write {example}"
        raise ActivationRefused("REGDB_E_INVALIDVALUE", text)
    interfaces = {
        each.iid: InterfaceEntry(
            each.iid,
            each.name,
            methods=sum(len(base.methods) for base in chain_of(library, each)),
            typelib=identity.libid,
            version=identity.version,
            contract=contract_hash(library, each).hex(),
        )
        for each in library.interfaces
        if WELL_KNOWN.get(each.name) != each
    }
    entry = TypeLibEntry(identity.libid, identity.version, identity.name, {0: os.path.abspath(path)})
    registry = Registry(interfaces=interfaces, typelibs={(identity.libid, identity.version): entry})
    stem = f"{identity.libid.strip('{}').lower()}-{identity.version}"
    return _write(registry, stem, system=system, replace=replace)


def _write(registry: Registry, stem: str, *, system: bool, replace: bool) -> str:
    """Write a registration whole or not at all, and run the hooks of Python classes once each (R16.17)."""
    folder = registryfiles.drop_in_folder(system=system)
    path = os.path.join(folder, f"{stem}.toml")
    if os.path.exists(path) and not replace:
        raise FileExistsError(f"{path} is there already; unregister it first, or replace it")
    text = write_registry(registry)
    parse_registry(text, path)
    _check_models(registry)
    os.makedirs(folder, exist_ok=True)
    with _whole(path, text):
        for entry in registry.classes.values():
            _run_hook(entry, "__callgate_register__")
    return path


def _check_models(added: Registry) -> None:
    """R15.7: a class that is added to a library has the threading model of the classes that it has already."""
    merged = Registry.merge([added, registryfiles.read_registry()])
    inproc = [(entry.inproc.library, entry) for entry in merged.classes.values() if entry.inproc]
    for library in {entry.inproc.library for entry in added.classes.values() if entry.inproc}:
        try:
            one_model(
                library, [ThreadingModel.named(each.threading, each.clsid) for of, each in inproc if of == library]
            )
        except Fault as error:
            raise ActivationRefused("REGDB_E_BADTHREADINGMODEL", str(error)) from None


@contextmanager
def _whole(path: str, text: str) -> Iterator[None]:
    """Write a file whole or not at all: it is there when the block has ended well."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, 0o644)
            file.write(text)
        yield
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _run_hook(entry: ClassEntry, hook: str) -> None:
    if entry.python is None:
        return
    found = getattr(class_named(entry.python.implementation), hook, None)
    if found is not None:
        found(entry.clsid)


def unregister(name: str, *, system: bool = False) -> str:
    """Take a registration back, by ProgID, CLSID or LIBID; the file that held it (R16.17).

    Raises ComError for a class that is not registered, or that stands in a file which was written by hand.
    """
    registry = current_registry()
    library = next((each for each in registry.typelibs.values() if each.typelib == name.upper()), None)
    if library is not None and os.path.dirname(library.file) == registryfiles.drop_in_folder(system=system):
        os.unlink(library.file)
        return library.file
    try:
        clsid = registry.clsid_of(name)
        entry = registry.classes.get(clsid)
        if entry is None:
            raise ActivationRefused("REGDB_E_CLASSNOTREG", f"class {name} is not registered")
    except ActivationRefused as error:
        raise refusal(error) from None
    if os.path.dirname(entry.file) != registryfiles.drop_in_folder(system=system):
        _written_by_hand(name, entry)
    _remove(entry)
    return entry.file


def _written_by_hand(name: str, entry: ClassEntry) -> NoReturn:
    text = f'{name} is registered in {entry.file}; remove its table [CLSID."{entry.clsid}"] there'
    raise refusal(ActivationRefused("CO_E_OBJNOTREG", text))


def _remove(entry: ClassEntry) -> None:
    whole = registryfiles.read_file(entry.file)
    rest = whole.replace(
        classes={clsid: each for clsid, each in whole.classes.items() if clsid != entry.clsid},
        progids={name: each for name, each in whole.progids.items() if each.clsid != entry.clsid},
        apps={appid: each for appid, each in whole.apps.items() if appid != entry.clsid},
    )
    with suppress(ImportError, AttributeError, TypeError):  # what is gone already can still be unregistered
        _run_hook(entry, "__callgate_unregister__")
    if rest == Registry(machines=whole.machines):
        os.unlink(entry.file)
        return
    with _whole(entry.file, write_registry(rest)):
        pass
