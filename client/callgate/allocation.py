"""Memory in a library's host: structs and buffers that keep their address, and reading through pointers (R8.12)."""

from __future__ import annotations

from typing import Any

from callgate_protocol.references import read_reference
from callgate_protocol.system import HostFunction

from .binding import Binding
from .contexts import ContextToken
from .convert import CallContext
from .convert.base import received_binary
from .errors import ArgumentError, DeclarationError, InvalidCastError
from .lib import binding_of
from .memories import HostStruct, StructMemory
from .memory import Addressable, Buffer, Memory, host_and_place
from .naming import Named, name_of
from .pointed import NativeFunctionPointer

__all__ = ["buffer", "cast", "free", "new", "read", "sizeof", "string", "write"]

_STRING_LIMIT = 16 << 20


def check_struct(binding: Binding, type_name: str) -> None:
    """Raise DeclarationError for a type that the prototypes do not define."""
    if type_name not in binding.members:
        known = ", ".join(binding.members) or "none"
        raise DeclarationError(f"{binding.label} declares no struct {type_name!r}; it declares {known}")


def new(lib: Any, type_name: Named, *, extra: int = 0, at_least: int = 0) -> HostStruct:
    """A zeroed struct in the host, at one address until it is freed; `extra` bytes follow it (flexible arrays).

    `at_least` is for structs that the library takes to be larger than they are documented: so many bytes it has.

    Raises DeclarationError for a type that the prototypes do not define.
    """
    binding, type_name = binding_of(lib), name_of(type_name)
    check_struct(binding, type_name)
    types = binding.types
    host = binding.ready()
    if at_least:
        extra = max(extra, at_least - host.system(HostFunction.SIZE, binding.number, type_name))
    reference, _ = read_reference(host.system(HostFunction.NEW, binding.number, type_name, extra))
    memory = host.holdings.proxy(reference, lambda: StructMemory(host, reference.object))
    return HostStruct(memory, binding.number, type_name, types)


def buffer(lib: Any, content: int | bytes | bytearray | memoryview) -> Buffer:
    """Bytes in the host, at one address until they are freed: so many zeros, or a copy of the given bytes."""
    host = binding_of(lib).ready()
    data = None if isinstance(content, int) else memoryview(content).cast("B")
    length = content if isinstance(content, int) else len(content)
    if data is not None:
        length = data.nbytes
    if length < 0:
        raise ValueError(f"a buffer cannot have {length} bytes")
    reference, _ = read_reference(host.system(HostFunction.BUFFER, length, data))
    return host.holdings.proxy(reference, lambda: Buffer(host, reference.object, length))


def sizeof(lib: Any, type_name: Named) -> int:
    """Bytes of a struct or union in the library's host (R8.12)."""
    binding, type_name = binding_of(lib), name_of(type_name)
    check_struct(binding, type_name)
    size: int = binding.ready().system(HostFunction.SIZE, binding.number, type_name)
    return size


def free(memory: Memory | HostStruct | ContextToken) -> None:
    """Free a struct, buffer, callback or context now; using it afterwards raises ObjectGone."""
    if not isinstance(memory, Memory | HostStruct | ContextToken):
        raise TypeError(
            f"only what callgate.new, buffer, callback and context gave can be freed, not {type(memory).__name__}"
        )
    memory.__exit__(None, None, None)


def read(pointer: Addressable, length: int) -> bytes:
    """`length` bytes at a place in the host."""
    host, number, offset = host_and_place(pointer)
    return host.read(number, offset, length)


def write(pointer: Addressable, data: bytes | bytearray | memoryview) -> None:
    """Put bytes at a place in the host."""
    host, number, offset = host_and_place(pointer)
    host.write(number, offset, memoryview(data).cast("B"))


def string(pointer: Addressable, limit: int = _STRING_LIMIT) -> str:
    """The NUL-terminated UTF-8 text at a place in the host, at most `limit` bytes of it."""
    host, number, offset = host_and_place(pointer)
    place = {"at": [number, offset]}
    reply, payloads = host.ask(HostFunction.STRING, [place, limit], [], "callgate.string")
    return bytes(received_binary(reply.result, CallContext(host, payloads))).decode(errors="replace")


def cast(lib: Any, pointer: Addressable, type_name: Named) -> Any:
    """A copy of the struct that a pointer points to, or the function of a declared shape at it, to be called."""
    binding, type_name = binding_of(lib), name_of(type_name)
    form = binding.types.record_form(type_name)
    if form is None and type_name not in binding.delegates:
        raise DeclarationError(f"{binding.label} declares no struct {type_name!r}")
    host, number, offset = host_and_place(pointer)
    if host is not binding.ready():
        raise ArgumentError(f"{pointer!r} does not live in the host of {binding.label}")
    if form is None:
        base, offset = pointer._place()  # noqa: SLF001 - it was found to be a pointer
        if not isinstance(base, Memory):
            raise InvalidCastError(f"{pointer!r} is a handle, not a function")
        return NativeFunctionPointer(base, offset, type_name, binding.types)
    arguments = [binding.number, type_name, {"at": [number, offset]}, []]
    reply, payloads = host.ask(HostFunction.GET, arguments, [], "callgate.cast")
    return binding.types.decoder(form)(reply.result, CallContext(host, payloads))
