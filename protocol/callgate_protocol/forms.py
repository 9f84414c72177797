"""What values look like on the wire: the forms that parameters, results and members can have.

Client and host each keep one table from form to converter; this module says what the two sides exchange.

==================  =======================================================================================
form                wire value
==================  =======================================================================================
`Nothing`           nil
`Integer`           integer
`Enumeration`       integer
`Floating`          float
`Boolean`           boolean
`Truth`             boolean
`Character`         integer
`Complex`           array of two floats: the real and the imaginary part
`Structure`         array with one wire value per member, in order
`Raw`               binary: the bytes of a union, or of a struct whose members overlap
`Series`            (array inside a struct) binary for numbers, packed in the host's representation; else an array
`FixedText`         (`char[n]` and wider inside a struct) binary up to the first zero unit
`Text`              nil for NULL, binary without the NUL, or an address
`Wide`              nil for NULL, binary of whole units without the zero unit, or an address
`EditedText`        nil for NULL, binary without the terminator, or an address
`Elements`          nil for NULL, binary for packed numbers, an array of wire values, or an address
`Bytes`             nil for NULL, binary, or an address
`Allocated`         nil for NULL, else what stands behind the inner pointer: as `Elements` or `Bytes`
`Instance`          nil for NULL, `[value]` towards the owner; from it `[value, whether the pointer is still the same]`
`Handle`            nil for NULL, or an address
`Address`           nil for NULL, binary for a copy that lives during the call, or an address
`SystemValue`       the number of a DATE, CURRENCY, FILETIME, OLE_COLOR or HRESULT; the 16 bytes of a GUID or DECIMAL
`BStr`              nil for NULL, binary of any length, or an address
`Variant`           `[vt, value]`
`SafeElements`      nil for NULL, or `[bounds, elements]`
`Context`           nil for NULL, or `{"context": token}`
`Code`              nil for NULL, `{"delegate": number}`, or an address
`Offset`            nil for NULL, or the distance in bytes
`InterfacePointer`  nil for NULL; `{"object": number}` for an object of the client; else an address
==================  =======================================================================================

An address is `{"at": [object, offset]}` towards the owner of the memory, `{"ref": reference, "offset": n}` from it
(`references.Reference`), or `{"constant": n}` for a library's magic pointers. Any binary may be replaced by
`{"payload": k}`, the k-th bulk frame of the message.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from .value import Value

__all__ = [
    "CARRIERS",
    "Address",
    "Allocated",
    "BStr",
    "Boolean",
    "Bytes",
    "Character",
    "Code",
    "Codec",
    "Complex",
    "Context",
    "Count",
    "EditedText",
    "Elements",
    "Enumeration",
    "FixedText",
    "Floating",
    "Form",
    "Handle",
    "Instance",
    "Integer",
    "InterfacePointer",
    "Nothing",
    "Offset",
    "Raw",
    "SafeElements",
    "Series",
    "Structure",
    "SystemValue",
    "Text",
    "Truth",
    "Variant",
    "Wide",
    "content_of",
    "count_of",
    "length_of",
]


CARRIERS: Final[dict[str, str]] = {
    "CURRENCY": "i8",
    "DATE": "double",
    "FILETIME": "i8",
    "HRESULT": "i4",
    "OLE_COLOR": "u4",
}
"""System types that are a number for C, and its scalar (R12.11). GUID and DECIMAL are 16 bytes instead."""


class Count(Value):
    """How many elements a pointer has: a constant, plus another parameter's value (`*n` reads through a pointer)."""

    constant: int = 0
    parameter: str = ""
    dereference: bool = False


class Nothing(Value):
    """`void` as a result."""


class Integer(Value):
    """An integer scalar of the model. `unchecked`: the caller's numbers are taken modulo 2^n (R2.5)."""

    scalar: str
    unchecked: bool = False


class Enumeration(Value):
    """A C enum."""

    name: str
    scalar: str


class Floating(Value):
    """A floating scalar of the model."""

    scalar: str


class Boolean(Value):
    """`_Bool`."""


class Truth(Value):
    """`BOOL` or `VARIANT_BOOL` (R3.1). `lenient`: what C gives is true unless it is zero (R3.3)."""

    scalar: str
    lenient: bool = False


class Character(Value):
    """An integer scalar that is one character (R4). `best_fit`: of UTF-8, 8 bits take the first byte (R4.2)."""

    scalar: str
    best_fit: bool = False


class Complex(Value):
    """A complex scalar of the model."""

    scalar: str


class Structure(Value):
    """A struct's value."""

    record: str


class Raw(Value):
    """The bytes of a union, or of a struct whose members overlap."""

    record: str


class Series(Value):
    """An array inside a struct; `length` 0 is a flexible member and carries nothing (R19.14)."""

    element: Form
    length: int


class Codec(Value):
    """How `char` is text for the caller (R5.5); hosts pass the bytes. `raw`: it is `bytes`, and no text."""

    encoding: str = "utf_8"
    errors: str = "replace"
    raw: bool = False


class FixedText(Value):
    """`char[length]`, or an array of wider units, inside a struct (R5.16)."""

    length: int
    scalar: str = "char"
    codec: Codec = Codec()


class Text(Value):
    """`char *`. `free` names the function that releases what native code handed out; "" when it stays native's.

    `nul`: what is given may have NULs inside (R5.6).
    """

    free: str = ""
    codec: Codec = Codec()
    nul: bool = False


class Wide(Value):
    """`wchar_t *` or `char16_t *`: text in units of that scalar, in the host's byte order (R4.6, R5.4)."""

    scalar: str
    free: str = ""
    nul: bool = False


class EditedText(Value):
    """`[in, out, string] char *`, or of wider units: text that native code changes where it lies (R5.20)."""

    scalar: str
    codec: Codec = Codec()


class SystemValue(Value):
    """A system type of fixed size (R12.1). `option` is the attribute that changes its precision, "" for none."""

    name: str
    option: str = ""


class BStr(Value):
    """`BSTR`: UTF-16 text, or bytes, with its length in front (R5.7).

    `null_is_empty`: NULL comes back as "" (R5.3). `ansi`: text is UTF-8 instead (AnsiBStr in the table of R5).
    `wide`: a unit has the four bytes of `wchar_t`, and the block starts with its length, as some libraries have it.
    """

    null_is_empty: bool = False
    ansi: bool = False
    wide: bool = False


class Variant(Value):
    """`VARIANT`: any value with its type (R13). `keep_types`: numbers come back as what says their width.

    `wide`: texts in it are as in `BStr`. `small`: a PROPVARIANT, whose value has 8 bytes and may be a FILETIME.
    """

    keep_types: bool = False
    wide: bool = False
    small: bool = False


class SafeElements(Value):
    """`SAFEARRAY(element) *`. `bounds`: any rank and any lower bounds (R6.19), else a vector from 0."""

    element: Form
    bounds: bool = False


class Elements(Value):
    """A pointer to values: one without a count, else as many as it says. Of those, `length` travel (R1.22)."""

    element: Form
    count: Count | None = None
    nullable: bool = False
    length: Count | None = None


class Bytes(Value):
    """A pointer to `count` bytes. `text` when it was declared as `char *`, so that a str may be given."""

    count: Count
    text: bool = False
    length: Count | None = None
    codec: Codec = Codec()


class Allocated(Value):
    """An array that belongs to whoever holds it last (R6.7 to R6.9): behind `T **` for a parameter, `T *` as a result.

    `free` names the function that releases the block that native code handed out.
    """

    content: Elements | Bytes
    free: str


class Instance(Value):
    """`[copied] T **`: a struct behind two stars as a value, which is a layout class by reference (R1.9, R7.14).

    `free` names the function that releases what native code puts in its place; "" when that stays native's.
    """

    element: Structure | Raw
    free: str = ""


class Handle(Value):
    """A pointer to an opaque type. `closes`: the call ends the handle's life."""

    opaque: str
    closes: bool = False
    nullable: bool = False
    owned: bool = False
    """Whether what comes is the receiver's to end (R10.3)."""
    lent: bool = False
    """Whether it stands in a struct, where it only goes in (R10.5)."""
    scalar: str = ""
    """The integer that it is in C; "" for a pointer (R10.10)."""


class Address(Value):
    """A pointer whose target only native code reads; `target` is the model name of its type, "" for `void`."""

    target: str = ""


class Context(Value):
    """A `void *` that native code only carries back into a callback: any object of the caller (R9.13)."""


class Code(Value):
    """A function pointer. `keep`: native code may call it after the call that passed it."""

    delegate: str
    keep: bool = False


class InterfacePointer(Value):
    """A pointer to a COM interface (R14.9): an object of the host, or of the client, or NULL.

    `borrowed`: what native code gives is not counted, so it is not the receiver's to release. `iid_is` names the
    parameter whose GUID says which interface it really is (R1.23).
    """

    interface: str
    borrowed: bool = False
    iid_is: str = ""
    clsid: str = ""
    """The class that the declaration names, for which `interface` stands (R14.11)."""


class Offset(Value):
    """`[out, offset(s)] char **end`: a pointer into the text of parameter `s`, as a distance in bytes."""

    parameter: str


Form: TypeAlias = (
    Nothing
    | Integer
    | Enumeration
    | Floating
    | Boolean
    | Truth
    | Character
    | Complex
    | Structure
    | Raw
    | Series
    | FixedText
    | Text
    | Wide
    | EditedText
    | SystemValue
    | BStr
    | Variant
    | SafeElements
    | Elements
    | Bytes
    | Allocated
    | Instance
    | Handle
    | Address
    | Context
    | Code
    | InterfacePointer
    | Offset
)


def content_of(form: Form) -> Elements | Bytes | None:
    """What a pointer to values points to in the end; None for every other form."""
    content = form.content if isinstance(form, Allocated) else form
    return content if isinstance(content, Elements | Bytes) else None


def count_of(form: Form) -> Count | None:
    """The count of whatever has one."""
    content = content_of(form)
    return None if content is None else content.count


def length_of(form: Form) -> Count | None:
    """How many elements travel, where fewer may than there is room for."""
    content = content_of(form)
    return None if content is None else content.length
