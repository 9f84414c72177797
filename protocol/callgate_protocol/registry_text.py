"""Registry files: TOML to entries (R16.4). What does not fit is refused with file, table and key.

The table `TABLES` is the whole grammar: which tables there are, and which keys with which values each may have.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from .authentication import Level
from .factories import SHAPES
from .guids import braced_guid
from .permissions import Rule, parse_rule
from .registry import (
    THREADING_MODELS,
    AppEntry,
    ClassEntry,
    Inproc,
    InterfaceEntry,
    LibraryEntry,
    MachineEntry,
    ProgIdEntry,
    PythonServer,
    Registry,
    RegistryError,
    TypeLibEntry,
)

__all__ = ["INPROC", "MACHINE", "MOST_BYTES", "PYTHON", "TABLES", "Key", "Keys", "Table", "parse_registry"]

MOST_BYTES: Final = 1 << 20
"""Length of a registry file that is read at all."""

_PROGID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,79}")
_VERSION: Final = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,3}")
_IMPLEMENTATION: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LIBRARY: Final = re.compile(r"[^\x00-\x1f]{1,255}")


class _Unfit(Exception):
    """What is wrong with one value. The message goes on after `is`."""


class _Place(NamedTuple):
    """Where in a file the reader is."""

    file: str
    table: str
    key: str = ""

    def refuse(self, what: str, name: str = "REGDB_E_INVALIDVALUE") -> NoReturn:
        raise RegistryError(self.file, self.table, self.key, what, name)

    def path(self, text: str) -> str:
        """A path in a file is relative to that file; a bare name is the loader's."""
        if "/" not in text or text.startswith("/"):
            return text
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.file), text))


_Reader: TypeAlias = Callable[[Any, _Place], Any]


def _text(value: Any, _place: _Place) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise _Unfit(f"a string, not {type(value).__name__}")
    return value


def _named(value: Any, place: _Place) -> str:
    if not _text(value, place):
        raise _Unfit("a string that is not empty")
    return str(value)


def _flag(value: Any, _place: _Place) -> bool:
    if not isinstance(value, bool):
        raise _Unfit(f"true or false, not {type(value).__name__}")
    return value


def _count(value: Any, _place: _Place) -> int:
    if type(value) is not int or not 0 <= value < 1 << 16:
        raise _Unfit("an integer from 0 to 65535")
    return int(value)


def _guid(value: Any, place: _Place) -> str:
    try:
        return braced_guid(_text(value, place))
    except ValueError as error:
        raise _Unfit(f"a GUID in braces: {error}") from None


def _digest(value: Any, place: _Place) -> str:
    if not _DIGEST.fullmatch(_text(value, place)):
        raise _Unfit("a SHA-256 in 64 hexadecimal digits")
    return str(value)


def _path(value: Any, place: _Place) -> str:
    return place.path(_named(value, place))


def _texts(value: Any, place: _Place) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise _Unfit(f"a string or a list of strings, not {type(value).__name__}")
    return tuple(_named(each, place) for each in listed)


def _command(value: Any, place: _Place) -> tuple[str, ...]:
    """A program and its arguments; a single string is a program, nothing in it is split."""
    words = _texts(value, place)
    if not words:
        raise _Unfit("a program, or a list of a program and its arguments")
    return (place.path(words[0]), *words[1:])


def _paths(value: Any, place: _Place) -> tuple[str, ...]:
    return tuple(place.path(each) for each in _texts(value, place))


def _rules(value: Any, place: _Place) -> tuple[Rule, ...]:
    if not isinstance(value, list):
        raise _Unfit(f"a list of rules such as ['uid:1000'], not {type(value).__name__}")
    try:
        return tuple(parse_rule(_text(each, place)) for each in value)
    except ValueError as error:
        raise _Unfit(f"a list of rules: {error} (R16.12)") from None


def _matching(pattern: re.Pattern[str], example: str) -> _Reader:
    def read(value: Any, place: _Place) -> str:
        if not pattern.fullmatch(_text(value, place)):
            raise _Unfit(f"written like {example}")
        return str(value)

    return read


_progid = _matching(_PROGID, "acme.Player or acme.Player.2")
_version = _matching(_VERSION, "1.0")
_implementation = _matching(_IMPLEMENTATION, "package.module:Class")


def _one_of(words: tuple[str, ...]) -> _Reader:
    def read(value: Any, place: _Place) -> str:
        if _text(value, place) not in words:
            raise _Unfit(f"one of {', '.join(filter(None, words))}")
        return str(value)

    return read


def _threading(value: Any, place: _Place) -> str:
    if value not in THREADING_MODELS:
        words = ", ".join(filter(None, THREADING_MODELS))
        place.refuse(f"a ThreadingModel is one of {words} (R15.7)", "REGDB_E_BADTHREADINGMODEL")
    return "" if value == "Single" else str(value)


def _surrogate(value: Any, place: _Place) -> str:
    return place.path(text) if (text := _text(value, place)) else ""


class Key(NamedTuple):
    """One key of a table: the entry's field, and how its value is read."""

    field: str
    read: _Reader


Keys: TypeAlias = Mapping[str, Key]

INPROC: Final[Keys] = {
    "Library": Key("library", _path),
    "Factory": Key("factory", _named),
    "Shape": Key("shape", _one_of(tuple(SHAPES))),
}
PYTHON: Final[Keys] = {
    "Class": Key("implementation", _implementation),
    "Python": Key("python", _path),
    "Path": Key("path", _paths),
}


def _inproc(value: Any, place: _Place) -> Inproc:
    """The library alone, or a table that also says how an object is had from it."""
    if isinstance(value, str):
        return Inproc(_path(value, place))
    return Inproc(**_fields(value, INPROC, _below(place), needs="Library"))


def _python(value: Any, place: _Place) -> PythonServer:
    if isinstance(value, str):
        return PythonServer(_implementation(value, place))
    return PythonServer(**_fields(value, PYTHON, _below(place), needs="Class"))


def _below(place: _Place) -> _Place:
    return _Place(place.file, f"{place.table}.{place.key}")


_CLASS: Final[Keys] = {
    "Name": Key("name", _text),
    "InprocServer": Key("inproc", _inproc),
    "ThreadingModel": Key("threading", _threading),
    "LocalServer": Key("local_server", _command),
    "PythonServer": Key("python", _python),
    "InprocHandler": Key("handler", _named),
    "TreatAs": Key("treat_as", _guid),
    "ProgID": Key("progid", _progid),
    "Version": Key("version", _version),
    "AppID": Key("appid", _guid),
    "TypeLib": Key("typelib", _guid),
    "Wrapper": Key("wrapper", _implementation),
    "NeedsLicence": Key("needs_licence", _flag),
    "NotRemotable": Key("not_remotable", _named),
}
_NAME: Final[Keys] = {
    "Name": Key("name", _text),
    "CLSID": Key("clsid", _guid),
    "CurVer": Key("current", _progid),
}
_INTERFACE: Final[Keys] = {
    "Name": Key("name", _text),
    "ProxyStub": Key("proxy_stub", _guid),
    "NumMethods": Key("methods", _count),
    "TypeLib": Key("typelib", _guid),
    "Version": Key("version", _version),
    "Contract": Key("contract", _digest),
}
_APP: Final[Keys] = {
    "Name": Key("name", _text),
    "DllSurrogate": Key("surrogate", _surrogate),
    "LaunchPermission": Key("launch", _rules),
    "AccessPermission": Key("access", _rules),
    "RemoteServerName": Key("remote_server", _named),
    "RunAs": Key("run_as", _named),
    "LocalService": Key("local_service", _named),
    "Endpoints": Key("endpoints", _texts),
    "AuthenticationLevel": Key("authentication", _one_of(tuple(level.name.lower() for level in Level))),
}
_LIBRARY_KEYS: Final[Keys] = {
    "File": Key("path", _path),
    "Version": Key("version", _version),
    "Header": Key("header", _named),
}
MACHINE: Final[Keys] = {
    "DefaultLaunchPermission": Key("launch", _rules),
    "DefaultAccessPermission": Key("access", _rules),
    "LaunchLimit": Key("launch_limit", _rules),
    "AccessLimit": Key("access_limit", _rules),
}


class Table(NamedTuple):
    """One kind of table: the registry's field, its entries, and how their names and keys are read."""

    field: str
    entry: Callable[..., Any]
    name: _Reader
    keys: Keys
    needs: str = ""


TABLES: Final[Mapping[str, Table]] = {
    "CLSID": Table("classes", ClassEntry, _guid, _CLASS),
    "ProgID": Table("progids", ProgIdEntry, _progid, _NAME),
    "Interface": Table("interfaces", InterfaceEntry, _guid, _INTERFACE),
    "AppID": Table("apps", AppEntry, _guid, _APP),
    "Library": Table("libraries", LibraryEntry, _matching(_LIBRARY, "acme"), _LIBRARY_KEYS, "File"),
}
_SPECIAL: Final = ("TypeLib", "Machine")


def parse_registry(text: str, file: str) -> Registry:
    """The entries of a registry file. Raises RegistryError; `file` is its absolute path, for messages and paths."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RegistryError(file, "", "", f"no TOML: {error}") from None
    known = (*TABLES, *_SPECIAL)
    for name in content:
        if name not in known:
            _Place(file, "", name).refuse(f"there is no table [{name}]; there are {', '.join(known)}")
    read: dict[str, Any] = {}
    for name, table in TABLES.items():
        read[table.field] = dict(_entries(_Place(file, name), content.get(name, {}), table))
    read["typelibs"] = dict(_typelibs(_Place(file, "TypeLib"), content.get("TypeLib", {})))
    if "Machine" in content:
        read["machines"] = (MachineEntry(**_fields(content["Machine"], MACHINE, _Place(file, "Machine"))),)
    registry = Registry(**read)
    _check(registry, file)
    return registry


def _tables(value: Any, place: _Place) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        place.refuse(f"a table is needed here, not {type(value).__name__}")
    yield from value.items()


def _entries(place: _Place, value: Any, table: Table) -> Iterator[tuple[str, Any]]:
    seen: dict[str, str] = {}
    for written, keys in _tables(value, place):
        here = _Place(place.file, f'{place.table}."{written}"')
        name = _read(table.name, written, here, "the table's name")
        if name in seen:
            here.refuse(
                f'is there twice: GUIDs are compared without case, and [{place.table}."{seen[name]}"] is the same'
            )
        seen[name] = written
        yield name, table.entry(name, **_fields(keys, table.keys, here, needs=table.needs), file=place.file)


def _fields(value: Any, keys: Keys, place: _Place, needs: str = "") -> dict[str, Any]:
    fields = {}
    for name, each in _tables(value, place):
        here = place._replace(key=name)
        if name not in keys:
            here.refuse(f"there is no such key here{_near(name, keys)}; there are {', '.join(keys)}")
        fields[keys[name].field] = _read(keys[name].read, each, here, "it")
    if needs and keys[needs].field not in fields:
        place.refuse(f"{needs} is missing")
    return fields


def _read(read: _Reader, value: Any, place: _Place, what: str) -> Any:
    try:
        return read(value, place)
    except _Unfit as fault:
        place.refuse(f"{what} must be {fault}")


def _near(name: str, keys: Keys) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - for a mistake only

    near = get_close_matches(name, list(keys), 1)
    return f", perhaps {near[0]} is meant" if near else ""


def _typelibs(place: _Place, value: Any) -> Iterator[tuple[tuple[str, str], TypeLibEntry]]:
    for written, versions in _tables(value, place):
        named = _Place(place.file, f'TypeLib."{written}"')
        guid = _read(_guid, written, named, "the table's name")
        for version, keys in _tables(versions, named):
            here = _Place(place.file, f'{named.table}."{version}"')
            _read(_version, version, here, "the version")
            name, files = "", {}
            for key, each in _tables(keys, here):
                at = here._replace(key=key)
                if key == "Name":
                    name = _read(_text, each, at, "it")
                else:
                    files[_lcid(key, at)] = _read(_path, each, at, "it")
            yield (guid, version), TypeLibEntry(guid, version, name, files, place.file)


def _lcid(text: str, place: _Place) -> int:
    try:
        return int(text, 16) if len(text) <= 8 else place.refuse("an LCID has at most 8 hexadecimal digits")
    except ValueError:
        place.refuse("a type library's keys are Name and LCIDs in hexadecimal, 0 for any language")


def _check(registry: Registry, file: str) -> None:
    """What no single key can be wrong about."""
    models: dict[str, ClassEntry] = {}
    for entry in registry.classes.values():
        place = _Place(file, f'CLSID."{entry.clsid}"')
        if not (entry.inproc or entry.local_server or entry.python or entry.treat_as or entry.appid or entry.wrapper):
            place.refuse("it has neither InprocServer, LocalServer, PythonServer, TreatAs, Wrapper nor an AppID")
        if entry.inproc is None:
            continue
        first = models.setdefault(entry.inproc.library, entry)
        if first.threading != entry.threading:
            place._replace(key="ThreadingModel").refuse(
                f"{entry.threading or 'Single'}, but {first.clsid} of the same library has "
                f"{first.threading or 'Single'}; all classes of one library use one value (R15.7)",
                "REGDB_E_BADTHREADINGMODEL",
            )
    for name in registry.progids.values():
        if bool(name.clsid) == bool(name.current):
            _Place(file, f'ProgID."{name.progid}"').refuse("it has either CLSID or CurVer")
