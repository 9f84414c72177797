"""Where a class is activated (R16.2, R16.8, R16.9) and who may have it (R16.12): decisions, not their consequences."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag
from typing import Final, TypeAlias

from .activation_codes import ActivationRefused
from .authentication import level_named
from .permissions import Caller, permitted
from .registry import AppEntry, ClassEntry, Registry
from .value import Value

__all__ = [
    "Choice",
    "Context",
    "Executable",
    "InHost",
    "Remote",
    "Surrogate",
    "check_access",
    "check_launch",
    "check_level",
    "choose",
    "share_key",
    "surrogate_program",
]


class Context(IntFlag):
    """Where a caller would have a class (R16.2), tried in this order."""

    INPROC_SERVER = 1
    """A host that belongs to this client."""
    INPROC_HANDLER = 2
    LOCAL_SERVER = 4
    """An executable server or a shared host on this machine."""
    REMOTE_SERVER = 0x10

    INPROC = 3
    SERVER = 0x15
    ALL = 0x17


class InHost(Value):
    """In a host of this client's own."""

    entry: ClassEntry


class Surrogate(Value):
    """In a shared host: one process for each key. `program` is empty for callgate's own host (R16.8)."""

    entry: ClassEntry
    share: str
    program: str = ""


class Executable(Value):
    """By a program that registers its class objects; it is started when none is running (R16.5)."""

    entry: ClassEntry
    command: tuple[str, ...]
    share: str


class Remote(Value):
    """By the broker of another machine (R16.19)."""

    clsid: str
    server: str


Choice: TypeAlias = InHost | Surrogate | Executable | Remote

_LOCAL_NAMES: Final = frozenset({"", "localhost", "ip6-localhost", "127.0.0.1", "::1"})
_OWN_IDENTITY: Final = frozenset({"", "launching user", "interactive user"})


def _exists(_path: str) -> bool:
    return True


def choose(
    registry: Registry,
    clsid: str,
    wanted: Context,
    *,
    identity: str,
    server: str = "",
    own_names: frozenset[str] = frozenset(),
    exists: Callable[[str], bool] = _exists,
) -> Choice:
    """The first wanted context in which the class is registered (R16.2). Raises ActivationRefused.

    What fails later, such as loading the library, does not lead to the next context. `identity` says whose processes
    may be shared, `own_names` are names of this machine, `exists` tells whether a library's file is there.
    """
    if server and not _is_here(server, own_names):
        return Remote(clsid, server)
    entry = registry.class_entry(clsid)
    app = registry.app_of(entry)
    if server:
        wanted &= ~Context.REMOTE_SERVER
    elif app.remote_server and not _is_here(app.remote_server, own_names):
        wanted |= Context.REMOTE_SERVER
    for context, find in _CONTEXTS:
        found = find(entry, app, identity, exists) if context & wanted else None
        if found is not None:
            return found
    raise ActivationRefused(_missing(entry, wanted), _why_not(entry, app, wanted, exists))


def _is_here(server: str, own_names: frozenset[str]) -> bool:
    """R16.19: the names of this machine are local, `localhost` too."""
    return server.lower() in _LOCAL_NAMES | {name.lower() for name in own_names}


def _in_host(entry: ClassEntry, _app: AppEntry, _identity: str, _exists: Callable[[str], bool]) -> Choice | None:
    return InHost(entry) if entry.inproc or entry.python else None


def _local(entry: ClassEntry, app: AppEntry, identity: str, exists: Callable[[str], bool]) -> Choice | None:
    share = share_key(entry, identity)
    if entry.local_server or app.local_service:
        _check_identity(app)
        if not entry.local_server:
            text = f"{entry.clsid} is the service {app.local_service!r}, and callgate starts no services (R16.8)"
            raise ActivationRefused("CO_E_APPNOTFOUND", text)
        return Executable(entry, entry.local_server, share)
    program = surrogate_program(entry, app, exists)
    if program is None:
        return None
    _check_identity(app)
    if entry.not_remotable:
        text = f"{entry.clsid} cannot run out of process: {entry.not_remotable} (R16.11)"
        raise ActivationRefused("REGDB_E_CLASSNOTREG", text)
    return Surrogate(entry, share, program)


def _remote(entry: ClassEntry, app: AppEntry, _identity: str, _exists: Callable[[str], bool]) -> Choice | None:
    return Remote(entry.clsid, app.remote_server) if app.remote_server else None


_Find: TypeAlias = Callable[[ClassEntry, AppEntry, str, Callable[[str], bool]], Choice | None]
_CONTEXTS: Final[tuple[tuple[Context, _Find], ...]] = (
    (Context.INPROC_SERVER, _in_host),
    (Context.LOCAL_SERVER, _local),
    (Context.REMOTE_SERVER, _remote),
)
"""In the order of R16.2. Handlers are not made (R16.18): where one is registered, the proxy does its work."""


def surrogate_program(entry: ClassEntry, app: AppEntry, exists: Callable[[str], bool]) -> str | None:
    """R16.8: the surrogate of a library class that is asked for LOCAL; None when it has none.

    It needs an AppID with `DllSurrogate` and a library that is there; an executable or a service always wins.
    """
    if app.surrogate is None or not entry.appid or entry.local_server or app.local_service:
        return None
    there = entry.python is not None or (entry.inproc is not None and exists(entry.inproc.library))
    return app.surrogate if there else None


def share_key(entry: ClassEntry, identity: str, name: str = "") -> str:
    """R16.9: what shares one process. The same AppID and the same identity; a class without AppID is alone.

    `name` is the one of `isolation="shared:NAME"`, which the caller chose instead.
    """
    return f"{f'shared:{name}' if name else entry.application}/{identity}"


def _check_identity(app: AppEntry) -> None:
    """R16.13: a broker belongs to one user, and starts processes as that user only."""
    if app.run_as.lower() not in _OWN_IDENTITY:
        text = f"AppID {app.appid} says RunAs {app.run_as!r}; a broker starts servers as its own user only (R16.13)"
        raise ActivationRefused("CO_E_RUNAS_LOGON_FAILURE", text)


def _missing(entry: ClassEntry, wanted: Context) -> str:
    return "E_NOTIMPL" if wanted == Context.INPROC_HANDLER and entry.handler else "REGDB_E_CLASSNOTREG"


def _why_not(entry: ClassEntry, app: AppEntry, wanted: Context, exists: Callable[[str], bool]) -> str:
    what = f"class {entry.clsid} ({entry.file})" if entry.file else f"class {entry.clsid}"
    if wanted == Context.INPROC_HANDLER and entry.handler:
        return f"{what} has a handler, and callgate makes none: ask for its server (R16.18)"
    library = entry.inproc.library if entry.inproc else ""
    if wanted & Context.LOCAL_SERVER and library and app.surrogate is not None and not exists(library):
        return f"{what}: its library {library} is not there (R16.8)"
    if wanted & Context.LOCAL_SERVER and (entry.inproc or entry.python):
        return f"{what} is registered to be loaded only; out of process it needs an AppID with DllSurrogate (R16.8)"
    words = " or ".join(each.name or "" for each in Context if each & wanted)
    return f"{what} is not registered for {words or 'no context at all'} (R16.2)"


def check_launch(registry: Registry, app: AppEntry, caller: Caller, server: int) -> None:
    """R16.12, at activation and before anything is started. Raises ActivationRefused."""
    if not permitted(app.launch, registry.launch_default(caller), list(registry.launch_limits()), caller, server):
        raise ActivationRefused("E_ACCESSDENIED", _denied("start", "LaunchPermission", app, caller))


def check_access(registry: Registry, app: AppEntry, caller: Caller, server: int) -> None:
    """R16.12, at every connection and before code of the class runs. Raises ActivationRefused."""
    if not permitted(app.access, registry.access_default(caller), list(registry.access_limits()), caller, server):
        raise ActivationRefused("E_ACCESSDENIED", _denied("use", "AccessPermission", app, caller))


def check_level(app: AppEntry, caller: Caller) -> None:
    """R16.14: whoever has a class out of process is as sure as its AppID demands. Raises ActivationRefused."""
    demanded = level_named(app.authentication or "none")
    if caller.level < demanded:
        text = f"AppID {app.appid} demands the level {app.authentication!r}; this connection has "
        raise ActivationRefused("E_ACCESSDENIED", f"{text}{caller.level.name.lower()!r} (R16.14)")


def _denied(what: str, key: str, app: AppEntry, caller: Caller) -> str:
    who = f"the key {caller.key[:8]}…" if caller.key else f"user {caller.uid}"
    return f"{who} may not {what} AppID {app.appid}: see its {key} and [Machine] (R16.12)"
