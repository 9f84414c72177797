"""Calls, memory and function pointers by plain address: for clients that keep C's own picture of one process.

`callgate.ctypes` takes declarations that name nothing beforehand: shapes change between two calls, and pointers are
numbers. All of it lives in one host that serves nothing else, so that a wrong address can only harm what the client
loaded there itself; `docs/decisions/0009-the-ctypes-face.md` says why that is sound.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from callgate_protocol.errors import Fault
from callgate_protocol.system import HostFunction
from callgate_transport.serving.session import Session

from .backend import Backend
from .faults import Mismatch, expected
from .rawshapes import Shape, Shapes, signed
from .rawthunks import RawThunks
from .scope import Scope

__all__ = ["Raw"]

_MASK: Final = (1 << 64) - 1
_MOST: Final = 1 << 40

_Perform: TypeAlias = Callable[..., Any]


class Raw:
    """The RAW functions of library 0. Each takes the scope and wire arguments and raises Mismatch or Fault."""

    def __init__(self, backend: Backend, run: Any, serves_libraries: Callable[[], bool]) -> None:
        self._backend = backend
        self._shapes = Shapes(backend)
        self._thunks = RawThunks(backend, self._shapes, run)
        self._serves_libraries = serves_libraries
        self._owner: Session | None = None
        self._regions: dict[int, Any] = {}
        self._handles: dict[int, Any] = {}
        self.functions: dict[int, tuple[_Perform, int]] = {
            HostFunction.RAW_OPEN: (self._admitted(self._open), 2),
            HostFunction.RAW_SYMBOL: (self._admitted(self._symbol), 2),
            HostFunction.RAW_RESERVE: (self._admitted(self._reserve), 2),
            HostFunction.RAW_READ: (self._admitted(self._read), 2),
            HostFunction.RAW_WRITE: (self._admitted(self._write), 1),
            HostFunction.RAW_TEXT: (self._admitted(self._text), 3),
            HostFunction.RAW_CALL: (self._admitted(self._call), 4),
            HostFunction.RAW_THUNK: (self._admitted(self._thunk), 3),
            HostFunction.RAW_MOVE: (self._admitted(self._move), 2),
        }

    @property
    def begun(self) -> bool:
        """Whether this host serves addresses, and therefore no declared libraries."""
        return self._owner is not None

    @property
    def thunks_alive(self) -> int:
        """How many function pointers can be called."""
        return len(self._thunks)

    def _admitted(self, perform: _Perform) -> _Perform:
        """An address means something only to the session whose host this is, and only where nothing else lives."""

        def checked(scope: Scope, *arguments: Any) -> Any:
            if self._owner is None and self._serves_libraries():
                raise Fault("ProtocolError", "this host serves declared libraries; addresses have no meaning here")
            if self._owner is None:
                self._owner = scope.session
            if self._owner is not scope.session:
                raise Fault("ProtocolError", "this host serves the addresses of another session")
            return perform(scope, *arguments)

        return checked

    def _open(self, _scope: Scope, file: Any, flags: Any) -> int:
        """dlopen; nil is the process itself."""
        if file is not None and type(file) is not bytes:
            raise expected("the name of a file", file)
        try:
            library = self._backend.open_library(file, _number(flags) & 0x7FFFFFFF)
        except OSError as error:
            text = str(error).removeprefix("cannot load library '").partition("': ")
            raise Fault("DllNotFoundError", text[2] or str(error)) from None
        handle = len(self._handles) + 1
        self._handles[handle] = library
        return handle

    def _symbol(self, _scope: Scope, handle: Any, name: Any) -> int | None:
        """dlsym; nil when there is no such symbol."""
        library = self._handles.get(_number(handle))
        if library is None or type(name) is not str:
            raise expected("an open library and a name", [handle, name])
        shape = self._backend.function_type((), self._backend.void, variadic=False)
        found = self._backend.load_function(library, shape, name)
        return None if found is None else self._backend.address_of(found)

    def _reserve(self, _scope: Scope, size: Any, given_back: Any) -> int:
        """Zeroed memory that stays; what is given back ends."""
        if type(given_back) is not list:
            raise expected("the addresses that are given back", given_back)
        for address in given_back:
            self._regions.pop(address, None)
        if not _number(size):
            return 0
        memory, address = self._backend.allocate(size)
        self._regions[address] = memory
        return address

    def _read(self, scope: Scope, address: Any, size: Any) -> Any:
        """Bytes at an address."""
        if _number(size) > scope.session.limits.payload_bytes:
            raise Mismatch(f"{size} bytes are more than a message holds", "ArgumentError")
        return scope.give(self._look(_address(address), size) if size else b"")

    def _look(self, address: int, size: int) -> bytes:
        """Through the kernel's eyes, which see that nothing is there without dying of it."""
        try:
            with open("/proc/self/mem", "rb", buffering=0) as memory:
                found = os.pread(memory.fileno(), size, address)
        except (OSError, OverflowError):
            found = b""
        if len(found) < size:
            raise Mismatch(f"nothing is at {address + len(found):#x} in the host", "NullReferenceError")
        return found

    def _write(self, scope: Scope, pieces: Any) -> None:
        """Put bytes at addresses: `[address, binary, address, binary, …]`."""
        if type(pieces) is not list or len(pieces) % 2:
            raise expected("addresses and binaries", pieces)
        for index in range(0, len(pieces), 2):
            self._backend.write(_address(pieces[index]), scope.binary(pieces[index + 1]))

    def _text(self, scope: Scope, address: Any, width: Any, limit: Any) -> Any:
        """The bytes up to a NUL that is `width` bytes wide; a negative limit is none."""
        if type(limit) is not int or width not in (1, 4):
            raise expected("a width of 1 or 4 and a limit", [width, limit])
        self._look(_address(address), width)
        return scope.give(self._backend.read_characters(_address(address), width, limit))

    def _call(self, scope: Scope, address: Any, shape: Any, arguments: Any, errno: Any) -> list[Any]:
        """Enter native code at an address. The answer is the result and what it left in `errno`."""
        compiled: Shape = self._shapes.get(scope.binary(shape))
        if type(arguments) is not list:
            raise expected("arguments", arguments)
        natives = compiled.enter(arguments, scope)
        function = compiled.at(_address(address))
        if errno is not None:
            self._backend.set_errno(signed(_number(errno)))
        result = function(*natives)
        left = self._backend.get_errno() if errno is not None else 0
        if scope.failure is not None:
            raise scope.failure
        return [compiled.result.to_wire(result, scope), left]

    def _thunk(self, scope: Scope, shape: Any, delegate: Any, given_back: Any) -> int:
        """A function pointer that calls a delegate of the session; those given back are not called any more."""
        if type(given_back) is not list:
            raise expected("the delegates that are given back", given_back)
        for number in given_back:
            self._thunks.retire(number)
        return self._thunks.make(scope.binary(shape), scope.session, _number(delegate))

    def _move(self, scope: Scope, directory: Any, variables: Any) -> None:
        """Be where the client is: libraries take relative names and read the environment."""
        if type(variables) is not list or len(variables) % 2:
            raise expected("names and values", variables)
        words = [bytes(scope.binary(word)) for word in variables]
        wanted = dict(zip(words[::2], words[1::2], strict=True))
        try:
            os.chdir(bytes(scope.binary(directory)))
            for name in os.environb.keys() - wanted.keys():
                del os.environb[name]
            for name, value in wanted.items():
                if os.environb.get(name) != value:
                    os.environb[name] = value
        except (OSError, ValueError) as error:
            raise Mismatch(f"the host cannot be where the client is: {error}", "ArgumentError") from None


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise expected("a number", value)
    return value


def _address(value: Any) -> int:
    if type(value) is not int:
        raise expected("an address", value)
    return value & _MASK
