"""The few functions of libc that a host needs itself."""

from __future__ import annotations

from typing import Any

from .backend import Backend

__all__ = ["Libc"]

_IOLBF = 1


class Libc:
    """Functions of the C library that this process already has."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._process = backend.load_library(None)
        size, number = backend.primitive("size_t"), backend.primitive("int")
        long = backend.primitive("unsigned long")
        self._bytes = backend.pointer_to(backend.primitive("char"))
        self._malloc = self._function("malloc", (size,), backend.pointer)
        self._free = self._function("free", (backend.pointer,), backend.void)
        self._setvbuf = self._function("setvbuf", (backend.pointer, backend.pointer, number, size), number)
        self._prctl = self._function("prctl", (number, long, long, long, long), number)

    def _function(self, name: str, parameters: tuple[Any, ...], result: Any) -> Any:
        function = self._backend.load_function(
            self._process, self._backend.function_type(parameters, result, variadic=False), name
        )
        if function is None:
            raise OSError(f"the C library of this process has no {name}")
        return function

    def block(self, data: Any, size: int) -> int:
        """The address of a copy without a terminator, never NULL (R6.2, R6.7). Raises MemoryError."""
        address: int = self._malloc(size or 1)
        if not address:
            raise MemoryError
        self._backend.memmove(self._backend.at(self._bytes, address), data, size)
        return address

    def copy(self, data: bytes) -> int:
        """The address of a NUL-terminated copy that belongs to whoever frees it (R8.2). Raises MemoryError."""
        address: int = self._malloc(len(data) + 1)
        if not address:
            raise MemoryError
        self._backend.write(address, data + b"\0")
        return address

    def free(self, address: int) -> None:
        """Give back what `copy` or `block` made."""
        self._free(address)

    def write_lines(self, stream: str) -> None:
        """Have `printf` put out whole lines although the stream is a pipe."""
        self._setvbuf(self._backend.read_variable(self._process, self._backend.pointer, stream), 0, _IOLBF, 0)

    def prctl(self, option: int, value: int) -> None:
        """Set an attribute of this process. Raises OSError."""
        if self._prctl(option, value, 0, 0, 0) != 0:
            code = self._backend.get_errno()
            raise OSError(code, f"prctl({option}, {value}) failed")
