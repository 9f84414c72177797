"""The canonical encoding of a type library, its content hash, and reading it back.

Two declarations that mean the same give the same bytes: groups are sorted by name, attributes by name and argument, and
what is only for people (the text of a prototype) is left out. A type is a string or an array that starts with a word:
`"int"`, `["pointer", type, const]`, `["struct", name]` (`docs/protocol.md`, section Type libraries).
"""

from __future__ import annotations

import hashlib
from typing import Any

from .codec import decode, encode
from .errors import RemoteProtocolError
from .guids import read_guid
from .limits import Limits
from .model import (
    COMPLEX,
    FLOATS,
    INTEGERS,
    SYSTEM_TYPES,
    TRUTHS,
    Array,
    Attribute,
    Coclass,
    CType,
    Delegate,
    Enum,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    Implemented,
    Interface,
    InterfaceType,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
)

__all__ = ["TYPE_LIBRARY_LIMITS", "decode_library", "encode_library", "library_hash"]

TYPE_LIBRARY_LIMITS = Limits(header_bytes=16 << 20, nodes=2_000_000)
"""A type library travels as a bulk frame and may be longer than a message: whole headers are thousands of functions."""

_NAMED: dict[str, type[EnumType | StructType | Opaque | FunctionPointer | InterfaceType]] = {
    "enum": EnumType,
    "interface": InterfaceType,
    "struct": StructType,
    "opaque": Opaque,
    "function": FunctionPointer,
}
_NAME_OF = {kind: word for word, kind in _NAMED.items()}
_SCALARS = frozenset({*INTEGERS, *FLOATS, *COMPLEX, *TRUTHS, "bool"})
_SYSTEM = frozenset(SYSTEM_TYPES)


def encode_library(library: TypeLibrary) -> bytes:
    """The canonical bytes. The groups of objects are there when a library has any."""
    groups = [
        [_callable(function) for function in library.functions],
        [
            [record.name, record.union, record.pack, record.size, [_field(field) for field in record.fields]]
            for record in library.records
        ],
        [[enum.name, enum.base, [list(member) for member in enum.members]] for enum in library.enums],
        [_callable(delegate) for delegate in library.delegates],
        [[each.name, each.release, list(each.invalid), each.base] for each in library.opaques],
    ]
    if library.interfaces or library.coclasses:
        groups += [[_interface(each) for each in library.interfaces], [_coclass(each) for each in library.coclasses]]
    return encode(groups)


def library_hash(encoded: bytes) -> bytes:
    """The content hash of canonical bytes: SHA-256."""
    return hashlib.sha256(encoded).digest()


def decode_library(encoded: bytes, limits: Limits = TYPE_LIBRARY_LIMITS) -> TypeLibrary:
    """Read canonical bytes. Raises RemoteProtocolError when they are malformed, out of order or beyond `limits`."""
    value = decode(encoded, limits)
    try:
        functions, records, enums, delegates, opaques, *objects = value
        interfaces, coclasses = objects or ([], [])
        library = TypeLibrary(
            functions=tuple(Function(*_read_callable(entry)) for entry in functions),
            records=tuple(_read_record(entry) for entry in records),
            enums=tuple(_read_enum(entry) for entry in enums),
            delegates=tuple(Delegate(*_read_callable(entry)) for entry in delegates),
            opaques=tuple(_read_opaque(entry) for entry in opaques),
            interfaces=tuple(_read_interface(entry) for entry in interfaces),
            coclasses=tuple(_read_coclass(entry) for entry in coclasses),
        )
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise RemoteProtocolError(f"malformed type library: {error}") from error
    if encode_library(library) != encoded:
        raise RemoteProtocolError("a type library is not in its canonical encoding")
    return library


def _callable(entry: Function | Delegate) -> list[Any]:
    return [entry.name, _parameter(entry.result), [_parameter(each) for each in entry.parameters], entry.variadic]


def _parameter(parameter: Parameter) -> list[Any]:
    return [parameter.name, _type(parameter.type), _attributes(parameter.attributes)]


def _field(field: Field) -> list[Any]:
    return [field.name, _type(field.type), _attributes(field.attributes), field.bits, field.offset]


def _interface(each: Interface) -> list[Any]:
    return [
        each.name,
        each.iid,
        each.base,
        [_callable(method) for method in each.methods],
        _attributes(each.attributes),
    ]


def _coclass(each: Coclass) -> list[Any]:
    return [each.name, each.clsid, [[one.interface, one.default, one.source] for one in each.interfaces]]


def _attributes(attributes: tuple[Attribute, ...]) -> list[list[str]]:
    return [[attribute.name, attribute.argument] for attribute in sorted(attributes)]


def _type(ctype: CType) -> Any:
    match ctype:
        case Void():
            return "void"
        case Scalar(name) | SystemType(name):
            return name
        case SafeArray(element):
            return ["safearray", _type(element)]
        case Pointer(target, const):
            return ["pointer", _type(target), const]
        case Array(element, length):
            return ["array", _type(element), length]
        case _:
            return [_NAME_OF[type(ctype)], ctype.name if not isinstance(ctype, FunctionPointer) else ctype.delegate]


def _read_callable(entry: Any) -> tuple[str, Parameter, tuple[Parameter, ...], bool]:
    name, result, parameters, variadic = entry
    return _text(name), _read_parameter(result), tuple(_read_parameter(each) for each in parameters), _flag(variadic)


def _read_parameter(entry: Any) -> Parameter:
    name, ctype, attributes = entry
    return Parameter(_text(name), _read_type(ctype), _read_attributes(attributes))


def _read_record(entry: Any) -> Record:
    name, union, pack, size, fields = entry
    members = tuple(_read_field(field) for field in fields)
    return Record(_text(name), members, _flag(union), _count(pack), _count(size))


def _read_field(entry: Any) -> Field:
    name, ctype, attributes, bits, offset = entry
    if _integer(offset) < -1:
        raise ValueError(f"expected an offset or -1, got {offset}")
    return Field(_text(name), _read_type(ctype), _read_attributes(attributes), _count(bits), offset)


def _read_opaque(entry: Any) -> OpaqueType:
    name, release, invalid, base = entry
    return OpaqueType(_text(name), _text(release), tuple(_integer(number) for number in invalid), _text(base))


def _read_enum(entry: Any) -> Enum:
    name, base, members = entry
    if base not in INTEGERS:
        raise ValueError(f"enum {name!r} has no integer base")
    return Enum(_text(name), tuple((_text(member), _integer(number)) for member, number in members), base)


def _read_interface(entry: Any) -> Interface:
    name, iid, base, methods, attributes = entry
    own = tuple(Function(*_read_callable(method)) for method in methods)
    return Interface(_text(name), read_guid(iid), _text(base), own, _read_attributes(attributes))


def _read_coclass(entry: Any) -> Coclass:
    name, clsid, interfaces = entry
    implemented = tuple(Implemented(_text(each), _flag(default), _flag(source)) for each, default, source in interfaces)
    return Coclass(_text(name), read_guid(clsid), implemented)


def _read_attributes(entry: Any) -> tuple[Attribute, ...]:
    attributes = tuple(Attribute(_text(name), _text(argument)) for name, argument in entry)
    if list(attributes) != sorted(set(attributes)):
        raise ValueError("attributes must be sorted and unique")
    return attributes


def _read_type(entry: Any) -> CType:
    if isinstance(entry, str):
        return _read_word(entry)
    word, *rest = entry
    if word == "pointer":
        target, const = rest
        return Pointer(_read_type(target), _flag(const))
    if word == "array":
        element, length = rest
        return Array(_read_type(element), _count(length))
    if word == "safearray":
        (element,) = rest
        return SafeArray(_read_type(element))
    (name,) = rest
    return _NAMED[word](_text(name))


def _read_word(word: str) -> CType:
    if word == "void":
        return Void()
    if word in _SCALARS:
        return Scalar(word)
    if word in _SYSTEM:
        return SystemType(word)
    raise ValueError(f"unknown type {word!r}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a name, got {value!r}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected a boolean, got {value!r}")
    return value


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"expected an integer, got {value!r}")
    return value


def _count(value: Any) -> int:
    if _integer(value) < 0:
        raise ValueError(f"expected a count, got {value}")
    return _integer(value)
