"""`CDLL` and its loaders: files that are opened in the host, in each host anew."""

from __future__ import annotations

import os
from typing import Any, Final

from callgate.errors import EntryPointNotFoundError

from .functions import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, FuncType, _CFuncPtr
from .refusals import refuse
from .tools import c_int
from .world import World, current

__all__ = ["CDLL", "DEFAULT_MODE", "RTLD_GLOBAL", "RTLD_LOCAL", "LibraryLoader", "PyDLL", "cdll", "pydll", "pythonapi"]

RTLD_LOCAL: Final = 0
RTLD_GLOBAL: Final = getattr(os, "RTLD_GLOBAL", 0)
DEFAULT_MODE: Final = RTLD_LOCAL
_NO_INTERPRETER: Final = (
    "the interpreter that runs this program is here, and libraries are in another process; use the standard library's "
    "ctypes for the interpreter itself"
)
_handles: list[tuple[bytes | None, int]] = [(None, 0)]
"""What was opened by this program; a handle is an index here, and means the same in each host."""


class CDLL:
    """A library, opened in the host. Its attributes are its functions."""

    _func_flags_ = FUNCFLAG_CDECL
    _func_restype_: Any = c_int
    _name: Any = "<uninitialized>"
    _handle: int = 0
    _FuncPtr: Any = None

    def __init__(
        self,
        name: Any,
        mode: int = DEFAULT_MODE,
        handle: int | None = None,
        use_errno: bool = False,
        use_last_error: bool = False,  # noqa: ARG002 - as in ctypes, where it does nothing on this system
        winmode: Any = None,  # noqa: ARG002 - as above
    ) -> None:
        self._name = os.fspath(name) if name is not None and not isinstance(name, bytes) else name
        flags = self._func_flags_ | (FUNCFLAG_USE_ERRNO if use_errno else 0)
        body = {"_flags_": flags, "_restype_": self._func_restype_}
        self._FuncPtr = FuncType("_FuncPtr", (_CFuncPtr,), body)
        self._handle = _open(self._name, mode | os.RTLD_NOW) if handle is None else handle

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self._name}', handle {self._handle:x} at {id(self):#x}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        function = self[name]
        setattr(self, name, function)
        return function

    def __getitem__(self, name: Any) -> Any:
        function = self._FuncPtr((name, self))
        if not isinstance(name, int):
            function.__name__ = name
        return function

    def _address_in(self, world: World, name: str) -> int:
        """The address of a symbol in a host."""
        address = world.symbol(_handle_in(world, self._handle), name)
        if address is None:
            shown = self._name.decode(errors="replace") if isinstance(self._name, bytes) else self._name
            text = f"{shown or 'the host process'}: undefined symbol: {name}"
            raise EntryPointNotFoundError(text, name=name, obj=self)
        return address

    def _address(self, name: str) -> int:
        return self._address_in(current(), name)

    def _find(self, name: str) -> tuple[World, int]:
        """Where a variable is. Raises ValueError, as ctypes does."""
        world = current()
        try:
            return world, self._address_in(world, name)
        except EntryPointNotFoundError as error:
            raise ValueError(str(error)) from None


def _open(name: Any, flags: int) -> int:
    """A handle. Raises DllNotFoundError, which is an OSError."""
    if name is None:
        return 0
    entry = os.fsencode(name), flags
    current().open(*entry)
    if entry not in _handles:
        _handles.append(entry)
    return _handles.index(entry)


def _handle_in(world: World, handle: int) -> int:
    if not 0 <= handle < len(_handles):
        raise ValueError(f"{handle} is no handle of a library that callgate.ctypes opened")
    return world.open(*_handles[handle])


class PyDLL(CDLL):
    """Refused: it would call the interpreter of this process."""

    def __init__(self, *_arguments: Any, **_named: Any) -> None:
        refuse("PyDLL", _NO_INTERPRETER)


class LibraryLoader:
    """`cdll.LoadLibrary(name)`, `cdll[name]`, `cdll.name`."""

    def __init__(self, dlltype: Any) -> None:
        self._dlltype = dlltype

    def __getattr__(self, name: str) -> Any:
        if name[0] == "_":
            raise AttributeError(name)
        library = self._dlltype(name)
        setattr(self, name, library)
        return library

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def LoadLibrary(self, name: Any) -> Any:  # noqa: N802 - the name of ctypes
        """Open a library."""
        return self._dlltype(name)


class _NoInterpreter:
    """`pythonapi`: refused at its first use."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse("pythonapi", _NO_INTERPRETER)


cdll = LibraryLoader(CDLL)
pydll = LibraryLoader(PyDLL)
pythonapi = _NoInterpreter()
