"""What is registered (R16.4): classes, names, interfaces, applications, type libraries; and how several files are one.

A registry file is read by `registry_text`; here are its entries, the view of several files with the nearest first, and
what is looked up in it. Nothing here opens a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

from .activation_codes import CODES, ActivationRefused
from .guids import braced_guid
from .permissions import ACCESS_DEFAULT, EVERYONE, LAUNCH_DEFAULT, Caller, Rule
from .value import Value

__all__ = [
    "THREADING_MODELS",
    "AppEntry",
    "ClassEntry",
    "Inproc",
    "InterfaceEntry",
    "LibraryEntry",
    "MachineEntry",
    "ProgIdEntry",
    "PythonServer",
    "Registry",
    "RegistryError",
    "TypeLibEntry",
]

THREADING_MODELS: Final = ("", "Single", "Apartment", "Free", "Both", "Neutral")
"""What `ThreadingModel` may be; without one a class is `Single` (R15.7)."""

_BARE: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MOST_TREATED_AS: Final = 16
"""How many `TreatAs` are followed. A longer chain is taken for a circle."""


class RegistryError(Exception):
    """A registry file that cannot be understood: which file, which table, which key, and what is wrong."""

    def __init__(self, file: str, table: str, key: str, what: str, name: str = "REGDB_E_INVALIDVALUE") -> None:
        place = ", ".join(filter(None, [file, table and f"[{table}]", key and f"key {key}"]))
        super().__init__(f"{place}: {what} (R16.4)")
        self.file, self.table, self.key, self.name = file, table, key, name
        self.code = CODES[name]


class Inproc(Value):
    """The library of a class, and how an object is had from it (`factories`)."""

    library: str
    factory: str = ""
    """Name of the exported function; empty for the usual one of the shape."""
    shape: str = "ClassObject"


class PythonServer(Value):
    """A Python class as the server of a class (R16.17). Its interpreter is stored: never the one of the moment."""

    implementation: str
    """`module:Class`."""
    python: str = ""
    path: tuple[str, ...] = ()


class ClassEntry(Value):
    """`[CLSID."{…}"]`."""

    clsid: str
    name: str = ""
    inproc: Inproc | None = None
    threading: str = ""
    local_server: tuple[str, ...] = ()
    python: PythonServer | None = None
    handler: str = ""
    treat_as: str = ""
    progid: str = ""
    version: str = ""
    appid: str = ""
    typelib: str = ""
    wrapper: str = ""
    """`module:Class` of the Python class that stands for it (R14.9)."""
    needs_licence: bool = False
    not_remotable: str = ""
    """Why it cannot run out of process (R16.11)."""
    file: str = ""
    _for_people = frozenset({"file"})

    @property
    def application(self) -> str:
        """Its AppID; a class that has none is an application of its own (R16.9)."""
        return self.appid or self.clsid


class ProgIdEntry(Value):
    """`[ProgID."acme.Player"]`."""

    progid: str
    clsid: str = ""
    current: str = ""
    """The ProgID of the current version, when this one is independent of versions."""
    name: str = ""
    file: str = ""
    _for_people = frozenset({"file"})


class InterfaceEntry(Value):
    """`[Interface."{…}"]`."""

    iid: str
    name: str = ""
    proxy_stub: str = ""
    methods: int = 0
    typelib: str = ""
    version: str = ""
    contract: str = ""
    """The hash of what it promised when it was registered, in hexadecimal (R17.15)."""
    file: str = ""
    _for_people = frozenset({"file"})


class AppEntry(Value):
    """`[AppID."{…}"]`. `surrogate` is None without `DllSurrogate`, and empty for callgate's own host (R16.8)."""

    appid: str
    name: str = ""
    surrogate: str | None = None
    launch: tuple[Rule, ...] | None = None
    access: tuple[Rule, ...] | None = None
    remote_server: str = ""
    run_as: str = ""
    local_service: str = ""
    endpoints: tuple[str, ...] = ()
    authentication: str = ""
    file: str = ""
    _for_people = frozenset({"file"})


class TypeLibEntry(Value):
    """`[TypeLib."{…}"."1.0"]`: the file by LCID, 0 for any."""

    typelib: str
    version: str
    name: str = ""
    files: Mapping[int, str] = {}
    file: str = ""
    _for_people = frozenset({"file"})


class LibraryEntry(Value):
    """`[Library."acme"]`: a library by name, for `callgate.load`."""

    library: str
    path: str
    version: str = ""
    header: str = ""
    file: str = ""
    _for_people = frozenset({"file"})


class MachineEntry(Value):
    """`[Machine]`: what holds for every class of this machine (R16.12)."""

    launch: tuple[Rule, ...] | None = None
    access: tuple[Rule, ...] | None = None
    launch_limit: tuple[Rule, ...] | None = None
    access_limit: tuple[Rule, ...] | None = None


class Registry(Value):
    """One file, or several seen as one. GUIDs are keys in upper case."""

    classes: Mapping[str, ClassEntry] = {}
    progids: Mapping[str, ProgIdEntry] = {}
    interfaces: Mapping[str, InterfaceEntry] = {}
    apps: Mapping[str, AppEntry] = {}
    typelibs: Mapping[tuple[str, str], TypeLibEntry] = {}
    libraries: Mapping[str, LibraryEntry] = {}
    machines: tuple[MachineEntry, ...] = ()
    """The `[Machine]` tables, the nearest first."""

    @classmethod
    def merge(cls, files: Sequence[Self]) -> Self:
        """Several files as one, the nearest first (R16.4).

        An entry of a nearer file replaces the whole entry of a farther one: half a class from one file and half from
        another would be neither. Limits are all kept.
        """
        merged: dict[str, Any] = {"machines": tuple(machine for file in files for machine in file.machines)}
        for field in cls.__match_args__:
            if field != "machines":
                merged[field] = {key: entry for file in reversed(files) for key, entry in getattr(file, field).items()}
        return cls(**merged)

    # -- looking up ----------------------------------------------------------------------------------------------

    def clsid_of(self, name: str) -> str:
        """The CLSID of a ProgID, or of a CLSID in any case. Raises ActivationRefused.

        A class found by a GUID need not be registered; `class_entry` says whether it is.
        """
        if name.startswith("{") or _BARE.fullmatch(name):
            try:
                return braced_guid(name)
            except ValueError as error:
                raise ActivationRefused("CO_E_CLASSSTRING", f"{error} (R16.3)") from None
        seen: list[str] = []
        while name not in seen and len(seen) < _MOST_TREATED_AS:
            seen.append(name)
            entry = self.progids.get(name)
            if entry is None:
                break
            if entry.clsid:
                return entry.clsid
            name = entry.current
        by_class = [entry.clsid for entry in self.classes.values() if entry.progid == seen[-1]]
        if len(by_class) == 1:
            return by_class[0]
        raise ActivationRefused("CO_E_CLASSSTRING", f"no class is registered as {seen[0]!r:.80}{self._like(seen[0])}")

    def _like(self, name: str) -> str:
        from difflib import get_close_matches  # noqa: PLC0415 - for a mistake only

        known = {*self.progids, *(entry.progid for entry in self.classes.values() if entry.progid)}
        near = get_close_matches(name, sorted(known), 1)
        return f"; did you mean {near[0]!r}?" if near else "; see callgate classes"

    def class_entry(self, clsid: str) -> ClassEntry:
        """The entry that serves a class, `TreatAs` followed (R16.4). Raises ActivationRefused."""
        followed = [clsid]
        while True:
            entry = self.classes.get(followed[-1])
            if entry is None:
                chain = " treated as ".join(followed)
                raise ActivationRefused("REGDB_E_CLASSNOTREG", f"class {chain} is not registered; see callgate classes")
            if not entry.treat_as:
                return entry
            if entry.treat_as in followed or len(followed) == _MOST_TREATED_AS:
                chain = " treated as ".join([*followed, entry.treat_as])
                raise ActivationRefused("REGDB_E_CLASSNOTREG", f"class {chain} goes in a circle")
            followed.append(entry.treat_as)

    def app_of(self, entry: ClassEntry) -> AppEntry:
        """The application of a class; an empty one when none is registered."""
        return self.apps.get(entry.application) or AppEntry(entry.application)

    def progid_of(self, clsid: str) -> str:
        """The ProgID of a class; empty when it has none."""
        entry = self.classes.get(clsid)
        if entry is not None and entry.progid:
            return entry.progid
        return next((each.progid for each in self.progids.values() if each.clsid == clsid), "")

    def typelib_file(self, typelib: str, version: str = "", lcid: int = 0) -> str:
        """The file of a type library: that version or the highest, that LCID or the neutral one. Empty without."""
        versions = [entry for (guid, _), entry in self.typelibs.items() if guid == typelib]
        fitting = [entry for entry in versions if version in ("", entry.version)]
        if not fitting:
            return ""
        best = max(fitting, key=lambda entry: _numbers(entry.version))
        return best.files.get(lcid) or best.files.get(0, "")

    # -- permissions ---------------------------------------------------------------------------------------------

    def launch_default(self, caller: Caller) -> tuple[Rule, ...]:
        """DefaultLaunchPermission (R16.12). Clients with keys are let in by the broker's allow-list, class by class."""
        said = next((each.launch for each in self.machines if each.launch is not None), None)
        return _default(said, LAUNCH_DEFAULT, caller)

    def access_default(self, caller: Caller) -> tuple[Rule, ...]:
        """DefaultAccessPermission (R16.12)."""
        said = next((each.access for each in self.machines if each.access is not None), None)
        return _default(said, ACCESS_DEFAULT, caller)

    def launch_limits(self) -> Iterator[tuple[Rule, ...]]:
        """Lists of which each has to let a caller start a class."""
        return (each.launch_limit for each in self.machines if each.launch_limit is not None)

    def access_limits(self) -> Iterator[tuple[Rule, ...]]:
        """Lists of which each has to let a caller in."""
        return (each.access_limit for each in self.machines if each.access_limit is not None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in version.split("."))


def _default(said: tuple[Rule, ...] | None, usual: tuple[Rule, ...], caller: Caller) -> tuple[Rule, ...]:
    if said is not None:
        return said
    return EVERYONE if caller.key else usual
