"""The manual helpers of the rule book (R8.12): blocks of libc's heap, texts and structs in them, offsets, copies.

Most programs need none of them: what is declared is converted. They are for libraries that take over memory which the
caller has to make with `malloc`, and for structs behind pointers that C does not describe.
"""

from __future__ import annotations

import codecs
from typing import Any, Final

from callgate_protocol.forms import Structure
from callgate_protocol.references import read_reference
from callgate_protocol.system import HostFunction

from .allocation import cast, check_struct, read, write
from .convert import CallContext, Mismatch
from .errors import ArgumentError, DeclarationError
from .host import Host
from .layouts import layout
from .lib import binding_of
from .memory import Addressable, Buffer, host_and_place
from .naming import Named, name_of

__all__ = ["Block", "alloc", "alloc_string", "copy", "destroy_struct", "offsetof", "read_struct", "write_struct"]

_UNITS: Final = {"utf-8": 1, "utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}


class Block(Buffer):
    """A block of libc's heap in the host: `callgate.free` frees it, or native code that was given it."""

    __slots__ = ()


def alloc(lib: Any, content: int | bytes | bytearray | memoryview) -> Block:
    """A block from `malloc`: so many zeros, or a copy of the given bytes.

    Unlike `callgate.buffer` it is not freed when nobody holds it, so that native code may own and `free` it.
    """
    host = binding_of(lib).ready()
    data = None if isinstance(content, int) else memoryview(content).cast("B")
    length = content if isinstance(content, int) else memoryview(content).nbytes
    if length < 0:
        raise ValueError(f"a block cannot have {length} bytes")
    reference, _ = read_reference(host.system(HostFunction.ALLOC, length, data))
    return host.holdings.proxy(reference, lambda: Block(host, reference.object, length))


def alloc_string(lib: Any, text: str, encoding: str = "utf-8") -> Block:
    """A block from `malloc` with a text and its terminator, which is as wide as a unit: utf-8, utf-16 or utf-32."""
    order = binding_of(lib).ready().session.abi.byte_order
    name = codecs.lookup(encoding).name
    if name in ("utf-16", "utf-32"):  # without a mark in front
        name += "-le" if order == "little" else "-be"
    if "\0" in text:
        raise ArgumentError(
            f"embedded NUL at character {text.index(chr(0))}: native code would see only what is before"
        )
    return alloc(lib, text.encode(name) + bytes(_UNITS.get(name, 1)))


def offsetof(lib: Any, type_name: Named, member: str) -> int:
    """Where a member of a struct starts, in bytes."""
    offsets = layout(lib, type_name).offsets
    if member not in offsets:
        raise DeclarationError(f"{name_of(type_name)} has no member {member!r}; it has {', '.join(offsets) or 'none'}")
    return offsets[member]


def copy(target: Addressable, source: Addressable, length: int) -> None:
    """Copy bytes from one place to another; the two may be in different hosts."""
    write(target, read(source, length))


def read_struct(lib: Any, pointer: Addressable, type_name: Named) -> Any:
    """A copy of the struct that a pointer points to; nothing is freed. The same as `callgate.cast`."""
    return cast(lib, pointer, type_name)


def write_struct(lib: Any, pointer: Addressable, type_name: Named, value: Any, *, delete_old: bool = False) -> None:
    """Store a struct where a pointer points to.

    Texts of members that say `[free]` come from `malloc` and belong to the struct; `delete_old` frees those that are
    there already, which must not be asked for memory that holds none yet.
    """
    host, place, name = _struct_at(lib, pointer, type_name)
    context = CallContext(host)
    types = binding_of(lib).types
    try:
        wire = types.encoder(types.record_form(name) or Structure(name))(value, context)
    except Mismatch as fault:
        text = f"the value{fault.path} for {name}: {fault.text}"
        raise fault.kind(text, library=types.library, path=fault.path) from None
    arguments = [binding_of(lib).number, name, place, wire, delete_old]
    host.ask(HostFunction.STORE, arguments, context.payloads, "callgate.write_struct")


def destroy_struct(lib: Any, pointer: Addressable, type_name: Named) -> None:
    """Free what the members of a struct own (those that say `[free]`) and zero it. Then free its memory, if need be."""
    host, place, name = _struct_at(lib, pointer, type_name)
    host.ask(HostFunction.DESTROY, [binding_of(lib).number, name, place], [], "callgate.destroy_struct")


def _struct_at(lib: Any, pointer: Addressable, type_name: Named) -> tuple[Host, dict[str, list[int]], str]:
    binding, name = binding_of(lib), name_of(type_name)
    check_struct(binding, name)
    host, number, offset = host_and_place(pointer)
    if host is not binding.ready():
        raise ArgumentError(f"{pointer!r} does not live in the host of {binding.label}")
    return host, {"at": [number, offset]}, name
