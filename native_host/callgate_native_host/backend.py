"""cffi's backend, confined to one class: nothing else in the project touches `_cffi_backend`, which has no types.

Everything above works on two kinds of values: Python numbers, and what this class hands out as `Any`. A pointer is a
number of pointer width everywhere, in signatures as in memory: every ABI this project runs on passes and stores a
`uintptr_t` exactly as it does a pointer, and it keeps a wrong pointer from ever being read on the way through.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import _cffi_backend

from callgate_protocol.errors import Fault

__all__ = ["Backend", "BackendType", "FieldSpec", "Leaf"]

BackendType: TypeAlias = Any
"""A type of the backend."""

FieldSpec: TypeAlias = tuple[str, BackendType, int]
"""A member: name, type, and width in bits or -1."""

PlacedField: TypeAlias = tuple[str, BackendType, int, int]
"""A member of an explicit layout: the same, and its offset."""


class Leaf(NamedTuple):
    """One scalar inside a type: where it lies, and what it is as far as passing by value goes."""

    offset: int
    size: int
    kind: str
    """`"float"`, `"double"`, `"long double"`, or `"integer"` for everything else."""
    alignment: int


_NO_FLAGS: Final = 0
_WIDEST: Final = 128
"""No alignment is larger."""
_BYTE: Final = 8
_KINDS: Final = {
    "float": ("float", 1),
    "double": ("double", 1),
    "long double": ("long double", 1),
    "_cffi_float_complex_t": ("float", 2),
    "_cffi_double_complex_t": ("double", 2),
}
"""Name of a floating type -> the leaves it consists of."""
_CONVENTIONS: Final = {("x86_64", "ms_abi"): 4}
"""(machine, convention) -> libffi's number for it: FFI_GNUW64."""
_NO_CONVENTION: Final = -1
"""What libffi refuses."""
_ALIGNMENT: Final = 16
"""What `malloc` promises on every 64-bit ABI; compilers copy aligned structs with instructions that insist on it."""


class Backend:
    """Types, memory, functions and callbacks of C. Attributes are the backend's own functions, for their speed."""

    def __init__(self) -> None:
        cffi: Any = _cffi_backend
        self.newp: Callable[..., Any] = cffi.newp
        """(pointer or array type, initial value) -> owned memory; zeroed where nothing is given."""
        self.cast: Callable[[BackendType, Any], Any] = cffi.cast
        self.buffer: Callable[..., Any] = cffi.buffer
        self.from_buffer: Callable[..., Any] = cffi.from_buffer
        self.memmove: Callable[[Any, Any, int], None] = cffi.memmove
        self.unpack: Callable[[Any, int], Any] = cffi.unpack
        self.sizeof: Callable[[Any], int] = cffi.sizeof
        self.alignof: Callable[[BackendType], int] = cffi.alignof
        self.get_errno: Callable[[], int] = cffi.get_errno
        self.set_errno: Callable[[int], None] = cffi.set_errno
        self.array_of: Callable[[BackendType, int | None], BackendType] = cffi.new_array_type
        """(pointer type, length or None) -> array type."""
        self.pointer_to: Callable[[BackendType], BackendType] = cffi.new_pointer_type
        self._cffi = cffi
        self.void: BackendType = cffi.new_void_type()
        self.pointer: BackendType = self.primitive("uintptr_t")
        """The type of every pointer."""
        self._char = self.pointer_to(self.primitive("char"))
        self._wide = self.pointer_to(self.primitive("wchar_t"))
        self._chars = self.array_of(self._char, None)

    def primitive(self, name: str) -> BackendType:
        """The scalar type of a C spelling."""
        return self._cffi.new_primitive_type(name)

    def record(self, name: str, fields: Sequence[FieldSpec], union: bool, pack: int, size: int = 0) -> BackendType:
        """A struct or union laid out by the rules of this platform's C compiler (R7.3, R7.5, R7.8).

        `size` may ask for more bytes than it needs (R7.5).
        """
        placed: list[Any] = list(fields)
        packing, end, most = (_NO_FLAGS, pack) if pack else (), -1, -1
        if pack > 1 and not union and any(bits >= 0 for _, _, bits in fields):
            placed, end, most = self._place_bits(fields, pack)
            packing = (_NO_FLAGS, 1)
        ctype = self._incomplete(name, union)
        self._cffi.complete_struct_or_union(ctype, placed, None, end, most, *packing)
        if self.sizeof(ctype) >= size:
            return ctype
        alignment, wider = self.alignof(ctype), self._incomplete(name, union)
        self._cffi.complete_struct_or_union(wider, placed, None, size + -size % alignment, most, *packing)
        return wider

    def _place_bits(self, fields: Sequence[FieldSpec], pack: int) -> tuple[list[Any], int, int]:
        """R7.9: under `#pragma pack`, whatever its number, C puts each bit-field right behind what is before it.

        The backend knows that for a pack of 1 only, so it gets this, and the places of the other members.
        """
        placed: list[Any] = []
        end, most = 0, 1
        for name, ctype, bits in fields:
            alignment = min(self.alignof(ctype), pack)
            most = max(most, alignment)
            start = end if bits >= 0 else -(-end // (_BYTE * alignment)) * _BYTE * alignment
            placed.append((name, ctype, bits, -1 if bits >= 0 else start // _BYTE))
            end = start + (bits if bits >= 0 else _BYTE * self.sizeof(ctype))
        size = -(-end // (_BYTE * most)) * most
        return placed, size, most

    def placed_record(self, name: str, fields: Sequence[PlacedField], pack: int, size: int) -> BackendType:
        """A struct laid out as its declaration says (R7.4): gaps are legal, and so is overlapping."""
        alignment = max(min(self.alignof(ctype), pack or _WIDEST) for _, ctype, _, _ in fields)
        end = max(size, *(offset + self.sizeof(ctype) for _, ctype, _, offset in fields))
        ctype = self._incomplete(name, union=False)
        self._cffi.complete_struct_or_union(ctype, list(fields), None, end + -end % alignment, alignment)
        return ctype

    def _incomplete(self, name: str, union: bool) -> BackendType:
        make = self._cffi.new_union_type if union else self._cffi.new_struct_type
        return make(f"{'union' if union else 'struct'} {name}")

    def members(self, record: BackendType) -> dict[str, Any]:
        """The members of a struct or union: `offset`, `type`, and `bitshift` and `bitsize` of bit-fields (else -1)."""
        return dict(record.fields)

    def leaves(self, ctype: BackendType, start: int = 0) -> list[Leaf]:
        """Every scalar inside a type, in the order of its members; those of a union lie over each other."""
        if ctype.kind == "array":
            size = self.sizeof(ctype.item)
            return [leaf for index in range(ctype.length) for leaf in self.leaves(ctype.item, start + index * size)]
        if ctype.kind in ("struct", "union"):
            return [leaf for _, field in ctype.fields for leaf in self._field_leaves(field, start)]
        kind, count = _KINDS.get(ctype.cname, ("integer", 1))
        size = self.sizeof(ctype) // count
        return [Leaf(start + index * size, size, kind, self.alignof(ctype)) for index in range(count)]

    def _field_leaves(self, field: Any, start: int) -> list[Leaf]:
        if field.bitsize < 0:
            return self.leaves(field.type, start + field.offset)
        first, last = field.bitshift // _BYTE, (field.bitshift + field.bitsize - 1) // _BYTE
        return [Leaf(start + field.offset + first, last - first + 1, "integer", 1)]

    def is_open_ended(self, ctype: BackendType) -> bool:
        """Whether a type ends in an array whose length only native code knows."""
        if ctype.kind == "array":
            return ctype.length is None or self.is_open_ended(ctype.item)
        return ctype.kind in ("struct", "union") and any(self.is_open_ended(field.type) for _, field in ctype.fields)

    def is_record(self, ctype: BackendType) -> bool:
        """Whether values of the type are structs or unions."""
        return ctype.kind in ("struct", "union")

    def function_type(
        self, parameters: Sequence[BackendType], result: BackendType, variadic: bool, convention: str = ""
    ) -> BackendType:
        """The type of functions of one shape. Raises Fault for a convention that libffi does not know here (R2.9)."""
        if not convention:
            return self._cffi.new_function_type(tuple(parameters), result, variadic)
        machine = os.uname().machine
        number = _CONVENTIONS.get((machine, convention), _NO_CONVENTION)
        try:
            return self._cffi.new_function_type(tuple(parameters), result, variadic, number)
        except SystemError:
            text = f"functions of the convention {convention} cannot be called: libffi does not know it on {machine}"
            raise Fault("NotSupportedError", f"{text} (R2.9)") from None

    def callback(self, function_type: BackendType, function: Callable[..., Any]) -> Any:
        """Code that native code can call. Raises NotImplementedError for shapes that libffi cannot serve."""
        return self._cffi.callback(function_type, function, None, None)

    def load_library(self, file: str | None) -> Any:
        """dlopen; None is the process itself. Raises OSError with the loader's own words."""
        return self._cffi.load_library(file, self._cffi.RTLD_NOW | self._cffi.RTLD_LOCAL)

    def open_library(self, file: bytes | None, flags: int) -> Any:
        """Dlopen with the caller's own flags. Raises OSError with the loader's own words."""
        return self._cffi.load_library(None if file is None else os.fsdecode(file), flags or self._cffi.RTLD_NOW)

    def load_function(self, library: Any, function_type: BackendType, name: str) -> Any:
        """dlsym; None when the library has no such symbol (R2.11)."""
        try:
            return library.load_function(function_type, name)
        except AttributeError:
            return None

    def read_variable(self, library: Any, ctype: BackendType, name: str) -> Any:
        """The value of a global variable of a library."""
        return library.read_variable(ctype, name)

    def address_of(self, data: Any) -> int:
        """Where owned memory, a callback or a function lies."""
        return int(self.cast(self.pointer, data))

    def at(self, pointer_type: BackendType, address: int) -> Any:
        """A typed view of memory that somebody else keeps alive."""
        return self.cast(pointer_type, address)

    def bytes_of(self, record: Any, pointer_type: BackendType, size: int) -> bytes:
        """A copy of the memory of a struct or union that the backend shows a view of."""
        copy: bytes = self.buffer(self.address_in(record, pointer_type), size)[:]
        return copy

    def address_in(self, record: Any, pointer_type: BackendType) -> Any:
        """A pointer to a struct or union that the backend shows a view of; it does not keep it alive."""
        return self._cffi.rawaddressof(pointer_type, record, 0)

    def allocate(self, size: int) -> tuple[Any, int]:
        """Zeroed memory and its address, aligned as `malloc` aligns, with at least one spare byte behind it.

        The spare byte keeps "one past the end" of one block from being the start of another.
        """
        memory = self.newp(self._chars, size + _ALIGNMENT)
        address = self.address_of(memory)
        return memory, address + -address % _ALIGNMENT

    @staticmethod
    def is_memory(value: Any) -> bool:
        """Whether something is C memory or a view of it."""
        return isinstance(value, _cffi_backend._CDataBase)  # noqa: SLF001 - cffi's name for all its values

    @staticmethod
    def fill(memory: Any, byte: int) -> None:
        """Overwrite all of some memory."""
        view = _cffi_backend.buffer(memory)
        view[:] = bytes([byte]) * len(view)

    def text(self, data: bytes) -> Any:
        """A private copy with a NUL behind it (R5.2)."""
        return self.newp(self._chars, data)

    def read(self, address: int, size: int) -> bytes:
        """A copy of memory."""
        copy: bytes = self.buffer(self.cast(self._char, address), size)[:]
        return copy

    def write(self, address: int, data: Any) -> None:
        """Copy bytes into memory."""
        self.memmove(self.cast(self._char, address), data, len(data))

    def read_text(self, address: int, limit: int = -1) -> bytes:
        """A copy of the bytes up to the first NUL, at most `limit` of them when it is not negative."""
        copy: bytes = self._cffi.string(self.cast(self._char, address), limit)
        return copy

    def read_characters(self, address: int, width: int, limit: int) -> bytes:
        """A copy of the characters before the first NUL of that width, at most `limit` of them if not negative."""
        if width == 1:
            return self.read_text(address, limit)
        text: str = self._cffi.string(self.cast(self._wide, address), limit)
        return text.encode("utf-32-le" if sys.byteorder == "little" else "utf-32-be", "surrogatepass")
