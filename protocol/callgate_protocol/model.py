"""The signature model: one immutable description of a library's types and functions, whatever it was declared with.

A `TypeLibrary` is what the client sends to a host, once per host and by content hash. It says what C says (types and
names) and what C cannot say (attributes: directions, lengths, ownership); it never says sizes or offsets, because
layout belongs to the host. `callgate_protocol.typelib` holds its canonical encoding, `callgate_protocol.marshal` what
the combination of a type and its attributes means.
"""

from __future__ import annotations

from typing import ClassVar, Final, TypeAlias, TypeVar

from .value import Value

__all__ = [
    "COMPLEX",
    "FLOATS",
    "INTEGERS",
    "SYSTEM_TYPES",
    "TRUTHS",
    "Array",
    "Attribute",
    "CType",
    "Coclass",
    "Delegate",
    "Enum",
    "EnumType",
    "Field",
    "Function",
    "FunctionPointer",
    "Implemented",
    "Interface",
    "InterfaceType",
    "Opaque",
    "OpaqueType",
    "Parameter",
    "Pointer",
    "Record",
    "SafeArray",
    "Scalar",
    "StructType",
    "SystemType",
    "TypeLibrary",
    "Void",
    "c_name",
]

INTEGERS: Final[dict[str, str]] = {
    "char": "char",
    "schar": "signed char",
    "uchar": "unsigned char",
    "short": "short",
    "ushort": "unsigned short",
    "int": "int",
    "uint": "unsigned int",
    "long": "long",
    "ulong": "unsigned long",
    "llong": "long long",
    "ullong": "unsigned long long",
    "i1": "int8_t",
    "u1": "uint8_t",
    "i2": "int16_t",
    "u2": "uint16_t",
    "i4": "int32_t",
    "u4": "uint32_t",
    "i8": "int64_t",
    "u8": "uint64_t",
    "size": "size_t",
    "ssize": "ssize_t",
    "iptr": "intptr_t",
    "uptr": "uintptr_t",
    "ptrdiff": "ptrdiff_t",
    "wchar": "wchar_t",
    "char16": "char16_t",
    "char32": "char32_t",
}
"""Model name of every integer scalar and its C spelling. Widths and signs are the host's (`abi.Abi`)."""

TRUTHS: Final[dict[str, str]] = {"BOOL": "BOOL", "VARIANT_BOOL": "VARIANT_BOOL"}
"""Integers that are truth values: 4 bytes with 1 for true, and 2 bytes with -1 for true (R3.1)."""

FLOATS: Final[dict[str, str]] = {"float": "float", "double": "double", "ldouble": "long double"}

COMPLEX: Final[dict[str, str]] = {"cfloat": "float _Complex", "cdouble": "double _Complex"}
"""Two floats side by side: the real and the imaginary part."""

SYSTEM_TYPES: Final = (
    *("BSTR", "CURRENCY", "DATE", "DECIMAL", "FILETIME", "GUID", "HRESULT", "OLE_COLOR", "PROPVARIANT", "VARIANT"),
)
"""Types with an established native format of their own (R5.7, R12.1, R13.2)."""


class Void(Value):
    """`void`: no value, or the target of an untyped pointer."""


class Scalar(Value):
    """A number: a key of `INTEGERS`, `FLOATS`, `COMPLEX` or `TRUTHS`, or `"bool"` (`_Bool`, one byte)."""

    name: str


class EnumType(Value):
    """A C enum by name; its members are in `TypeLibrary.enums`."""

    name: str


class Pointer(Value):
    """`target *`; `const` says that the target is read-only."""

    target: CType
    const: bool = False


class Array(Value):
    """`element[length]` inside a struct; `length` 0 is a flexible array member."""

    element: CType
    length: int


class StructType(Value):
    """A struct or union with known fields, by name (`TypeLibrary.records`)."""

    name: str


class Opaque(Value):
    """A struct whose fields nobody sees: a pointer to it is a handle, the type itself is never a value."""

    name: str


class InterfaceType(Value):
    """A COM interface by name (`TypeLibrary.interfaces`); only a pointer to it is ever a value (R14.1)."""

    name: str


class SystemType(Value):
    """One of `SYSTEM_TYPES`: its format is fixed, and its values are not those of its fields (R12.1)."""

    name: str


class SafeArray(Value):
    """`SAFEARRAY(element)`: an array that carries its bounds (R6.17); only a pointer to it is ever a value."""

    element: CType


class FunctionPointer(Value):
    """A pointer to a function of the shape of `TypeLibrary.delegates[name]`."""

    delegate: str


CType: TypeAlias = (
    Void
    | Scalar
    | EnumType
    | Pointer
    | Array
    | StructType
    | Opaque
    | FunctionPointer
    | InterfaceType
    | SystemType
    | SafeArray
)


class Attribute(Value):
    """One bracketed word of a declaration: `[out]`, `[size_is(n)]`, `[free(sqlite3_free)]`."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.name}({self.argument})" if self.argument else self.name


class Parameter(Value):
    """A parameter, or the result when its name is empty."""

    name: str
    type: CType
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, or None."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)

    def has(self, name: str) -> bool:
        """Whether the attribute is there."""
        return self.attribute(name) is not None


class Field(Value):
    """A member of a struct or union. Unnamed ones are structs or unions whose members are those of the outer one."""

    name: str
    type: CType
    attributes: tuple[Attribute, ...] = ()
    bits: int = 0
    """Width of a bit-field; 0 for an ordinary member."""
    offset: int = -1
    """Where it lies, in an explicit layout (R7.4): all members say so, or none."""


class Record(Value):
    """A struct or union. `pack` is the alignment limit in bytes, 0 for natural; `size` is the least it has (R7.5)."""

    name: str
    fields: tuple[Field, ...]
    union: bool = False
    pack: int = 0
    size: int = 0


class Enum(Value):
    """An enumeration; `base` is the scalar that holds it."""

    name: str
    members: tuple[tuple[str, int], ...]
    base: str = "int"


class OpaqueType(Value):
    """An opaque type. `release` names the function that ends a handle's life; `invalid` are values that need no end.

    R10.9: a handle of an invalid value is never released. NULL is always invalid. `base` is "" for pointers; for
    handles that are numbers, such as descriptors (R10.10), it is the integer scalar that holds them.
    """

    name: str
    release: str = ""
    invalid: tuple[int, ...] = (0,)
    base: str = ""

    def __post_init__(self) -> None:
        if list(self.invalid) != sorted(set(self.invalid)):
            raise ValueError(f"invalid values of {self.name} must be sorted and unique: {self.invalid}")
        if self.base and self.base not in INTEGERS:
            raise ValueError(f"{self.name} is based on {self.base}, which is no integer")


class Delegate(Value):
    """The shape of a callback (R9). Attributes of the function pointer itself stand on `result`."""

    name: str
    result: Parameter
    parameters: tuple[Parameter, ...]
    variadic: bool = False


class Function(Value):
    """An exported function. `prototype` is the declaration as the user wrote it: for people, not part of the hash."""

    name: str
    result: Parameter
    parameters: tuple[Parameter, ...]
    variadic: bool = False
    prototype: str = ""
    _for_people: ClassVar[frozenset[str]] = frozenset({"prototype"})


class Interface(Value):
    """A COM interface (R14.1). `methods` are its own, in slot order and without `this`; those of `base` come before.

    Words of a method stand on its result: `throws`, `propget`, `propput`, `propputref`, `id(3)`. Words of the interface
    say what its objects look like in memory where that differs from COM's own (`callgate_protocol.shape`).
    """

    name: str
    iid: str
    base: str
    methods: tuple[Function, ...]
    attributes: tuple[Attribute, ...] = ()


class Implemented(Value):
    """One interface of a class: `default` stands in for the class in signatures (R14.11), `source` is of its events."""

    interface: str
    default: bool = False
    source: bool = False


class Coclass(Value):
    """A class of objects, known by its CLSID (R14.11, R16.1)."""

    name: str
    clsid: str
    interfaces: tuple[Implemented, ...]

    @property
    def default_interface(self) -> str:
        """The one that stands for the class in signatures; IUnknown when none is marked (R14.11)."""
        return next((each.interface for each in self.interfaces if each.default and not each.source), "IUnknown")


class TypeLibrary(Value):
    """Everything declared about one library. Groups are sorted by name.

    What a call performs is known by its number: functions by their index, then the methods of all interfaces in order.
    """

    functions: tuple[Function, ...] = ()
    records: tuple[Record, ...] = ()
    enums: tuple[Enum, ...] = ()
    delegates: tuple[Delegate, ...] = ()
    opaques: tuple[OpaqueType, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    coclasses: tuple[Coclass, ...] = ()

    def __post_init__(self) -> None:
        for group in (getattr(self, name) for name in self.__match_args__):
            names = [entry.name for entry in group]
            if names != sorted(set(names)):
                raise ValueError(f"entries must be sorted by name and unique: {names}")

    def record(self, name: str) -> Record:
        """The struct or union of that name; KeyError when there is none."""
        return _find(self.records, name)

    def enum(self, name: str) -> Enum:
        """The enum of that name; KeyError when there is none."""
        return _find(self.enums, name)

    def delegate(self, name: str) -> Delegate:
        """The callback shape of that name; KeyError when there is none."""
        return _find(self.delegates, name)

    def opaque(self, name: str) -> OpaqueType:
        """The opaque type of that name; KeyError when there is none."""
        return _find(self.opaques, name)

    def interface(self, name: str) -> Interface:
        """The interface of that name; KeyError when there is none."""
        return _find(self.interfaces, name)


_Entry = TypeVar("_Entry", Record, Enum, Delegate, OpaqueType, Interface)


def _find(entries: tuple[_Entry, ...], name: str) -> _Entry:
    for entry in entries:
        if entry.name == name:
            return entry
    raise KeyError(name)


def c_name(ctype: CType) -> str:
    """The type as a C programmer would write it, for messages and signatures."""
    match ctype:
        case Void():
            return "void"
        case Scalar(name):
            return (INTEGERS | FLOATS | COMPLEX | TRUTHS).get(name) or "_Bool"
        case EnumType(name) | StructType(name) | Opaque(name) | InterfaceType(name) | SystemType(name):
            return name
        case FunctionPointer(delegate):
            return delegate
        case Pointer() | Array() | SafeArray():
            return _made_name(ctype)


def _made_name(ctype: Pointer | Array | SafeArray) -> str:
    if isinstance(ctype, Pointer):
        return _pointer_name(ctype.target, "const" if ctype.const else "")
    element = c_name(ctype.element)
    return f"SAFEARRAY({element})" if isinstance(ctype, SafeArray) else f"{element}[{ctype.length or ''}]"


def _pointer_name(target: CType, const: str) -> str:
    """In C a pointer's `const` stands behind what is pointed to when that is a pointer itself."""
    if isinstance(target, Pointer):
        return f"{c_name(target)}{const and f' {const} '}*"
    return f"{const and f'{const} '}{c_name(target)} *"
