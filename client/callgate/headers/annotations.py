"""Types of the model as annotations of typed Python: what `callgate.typed` reads, it reads back as the same model."""

from __future__ import annotations

import json
import keyword
from collections.abc import Mapping
from typing import Final

from callgate_protocol.model import (
    Array,
    CType,
    EnumType,
    Field,
    FunctionPointer,
    Opaque,
    Parameter,
    Pointer,
    Scalar,
    StructType,
    Void,
)

__all__ = ["Annotations", "Unwritable", "spelled"]

_SCALARS: Final[dict[str, str]] = {
    **{name: name for name in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "char", "schar", "uchar", "short")},
    **{name: name for name in ("ushort", "uint", "ulong", "llong", "ullong", "ldouble", "cfloat", "cdouble")},
    "int": "int_",
    "long": "long_",
    "float": "f4",
    "double": "f8",
    "bool": "Bool8",
    "BOOL": "Bool",
    "VARIANT_BOOL": "VBool",
    "size": "size_t",
    "ssize": "ssize_t",
    "ptrdiff": "ptrdiff_t",
    "iptr": "ptr",
    "uptr": "uptr",
    "wchar": "wchar_t",
    "char16": "char16_t",
    "char32": "char32_t",
}
"""Scalars of the model and what they are called in typed declarations."""

_TEXTS: Final = {"char": "LPStr", "char16": "LPWStr", "wchar": "LPWCharStr"}
_IN_OUT: Final = frozenset({"in", "out"})


class Unwritable(Exception):
    """No annotation says this; the message says what it is."""


class Annotations:
    """Writes annotations; `used` are the names of callgate that they need."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self.used: set[str] = set()
        self._classes = classes
        """Name of a type in the model → name of its class."""

    def use(self, name: str) -> str:
        """A name of callgate."""
        self.used.add(name)
        return name

    def scalar(self, name: str) -> str:
        """A number. Raises Unwritable."""
        if name not in _SCALARS:
            raise Unwritable(f"the scalar {name}")
        return self.use(_SCALARS[name])

    def value(self, ctype: CType) -> str:
        """Something passed by value. Raises Unwritable."""
        match ctype:
            case Void():
                return "None"
            case Scalar(name):
                return self.scalar(name)
            case EnumType(name) | StructType(name):
                return self._class(name)
            case FunctionPointer(name):
                return f"{self._class(name)} | None"
            case _:
                raise Unwritable(str(ctype))

    def result(self, parameter: Parameter) -> str:
        """The result of a function."""
        ctype = parameter.type
        if not isinstance(ctype, Pointer):
            return self.value(ctype)
        words = {each.name: each.argument for each in parameter.attributes}
        if (unit := _text_unit(ctype)) and "size_is" not in words:
            text = self.use(_TEXTS[unit])
            free = words.pop("free", "")
            text = self._marked(text, [f'{self.use("free_with")}("{free}")']) if free else self._word("Borrowed", text)
            return f"{self._constness(text, ctype, default=not free)} | None"
        if "size_is" in words and not isinstance(ctype.target, Void):
            return self._many(ctype, words)
        if words:
            raise Unwritable(f"a result with {', '.join(words)}")
        return self._loose(ctype)

    def _many(self, ctype: Pointer, words: dict[str, str]) -> str:
        """An array that a function returns."""
        level = self._constness(self._word("Array", self._element(ctype.target)), ctype, default=False)
        marks = [self._size(words)]
        free = words.pop("free", "")
        if free:
            marks.append(f'{self.use("free_with")}("{free}")')
        else:
            level = self._word("Borrowed", level)
        if words:
            raise Unwritable(f"a result with {', '.join(words)}")
        return f"{self._marked(level, marks)} | None"

    def _size(self, words: dict[str, str]) -> str:
        count = words.pop("size_is").removeprefix("*")
        return f"{self.use('size_is')}({count if count.isdigit() else json.dumps(count)})"

    def parameter(self, parameter: Parameter) -> str:
        """A parameter that is passed."""
        ctype = parameter.type
        words = {each.name: each.argument for each in parameter.attributes}
        if isinstance(ctype, FunctionPointer):
            shape = self.value(ctype)
            return (
                f"{self._word('Keep', shape.removesuffix(' | None'))} | None"
                if words.pop("keep", None) == ""
                else shape
            )
        if not isinstance(ctype, Pointer):
            return self.value(ctype)
        if "context" in words:
            return self.use("Context")
        written = self._counted(ctype, words) if "size_is" in words else self._single(ctype, words)
        optional = words.pop("unique", None) is not None
        if words:
            raise Unwritable(f"a parameter with {', '.join(words)}")
        return f"{written} | None" if optional and not written.endswith("| None") else written

    def out(self, parameter: Parameter, index: int | None) -> str:
        """A value that only comes back. `index` is its place among C's parameters; None when it is the last."""
        ctype = parameter.type
        words = {each.name: each.argument for each in parameter.attributes if each.name not in ("out", "free")}
        text = words.pop("offset", "")
        if words or not isinstance(ctype, Pointer):
            raise Unwritable(f"an out with {', '.join(words)}")
        free = next((each.argument for each in parameter.attributes if each.name == "free"), "")
        inner = ctype.target
        marks = [f'{self.use("named")}("{parameter.name}")']
        marks += [f"{self.use('at_position')}({index})"] if index is not None else []
        if text:
            marks.append(f'{self.use("offset_in")}("{text}")')
            written = self._constness("int", inner, default=False) if isinstance(inner, Pointer) else "int"
        elif isinstance(inner, Pointer) and (unit := _text_unit(inner)):
            written = self.use(_TEXTS[unit])
            if free:
                marks.append(f'{self.use("free_with")}("{free}")')
            else:
                written = self._word("Borrowed", written)
            written = f"{self._constness(written, inner, default=not free)} | None"
        else:
            written = self._element(inner)
        return self._marked(self._word("Out", written), marks)

    def back(self, parameter: Parameter) -> str:
        """The final value of a parameter that is passed and comes back."""
        assert isinstance(parameter.type, Pointer)
        return self._word("InOut", self._element(parameter.type.target))

    def field(self, field: Field) -> str:
        """A member of a struct."""
        ctype = field.type
        if isinstance(ctype, Array):
            written = self._array(ctype)
        elif isinstance(ctype, Pointer):
            written = self._member_pointer(ctype)
        else:
            written = self.value(ctype)
        marks = [f"{self.use('bits')}({field.bits})"] if field.bits else []
        if field.attributes:
            raise Unwritable("a member with attributes")
        return self._marked(written, marks) if marks else written

    # -- pointers ----------------------------------------------------------------------------------------------------

    def _counted(self, ctype: Pointer, words: dict[str, str]) -> str:
        size = self._size(words)
        both = _take(words, _IN_OUT)
        target = ctype.target
        if isinstance(target, Void):
            # The length of bytes is theirs, so NULL needs no word.
            written = self._constness("bytes", ctype, default=True) if not both else self._word("InOut", "bytearray")
            return self._marked(f"{written} | None", [size])
        if both and words.pop("string", None) is not None:
            return self._marked(f"{self.use('StrBuf')} | None", [size])
        level = self._word("Array", self._element(target))
        if both:
            return self._marked(self._word("InOut", level), [size])
        return self._marked(self._constness(self._word("In", level), ctype, default=True), [size])

    def _single(self, ctype: Pointer, words: dict[str, str]) -> str:
        target = ctype.target
        if isinstance(target, Opaque):
            handle = self._constness(self._class(target.name), ctype, default=False)
            return self._word("Closes", handle) if words.pop("closes", None) == "" else handle
        if isinstance(target, Void):
            return self._constness(f"{self._word('Ptr', 'None')}", ctype, default=False)
        if _text_unit(ctype) and not _IN_OUT & set(words):
            text = self._constness(self.use(_TEXTS[_text_unit(ctype)]), ctype, default=True)
            unique = words.pop("unique", None) is not None  # NULL is allowed for text in any case
            return (
                self._marked(f"{text} | None", [f'{self.use("attribute")}("unique")']) if unique else f"{text} | None"
            )
        both = _take(words, _IN_OUT)
        level = self._word("Ref", self._element(target))
        if both:
            return self._constness(level, ctype, default=False)
        default = not (isinstance(target, Pointer) and _text_unit(target))
        return self._constness(self._word("In", level), ctype, default=default)

    def _loose(self, ctype: Pointer) -> str:
        """A pointer that a function returns."""
        if isinstance(ctype.target, Opaque):
            return f"{self._constness(self._class(ctype.target.name), ctype, default=False)} | None"
        return f"{self._constness(self._pointing(ctype.target), ctype, default=False)} | None"

    def _pointing(self, target: CType) -> str:
        pointer = self.use("NativePtr")
        if isinstance(target, Void):
            return pointer
        return self._marked(pointer, [f"{self.use('points_to')}({self._target(target)})"])

    def _target(self, ctype: CType) -> str:
        """What a plain pointer points to."""
        if not isinstance(ctype, Pointer):
            return self.value(ctype).removesuffix(" | None") or "None"
        if isinstance(ctype.target, Opaque):
            return self._constness(self._class(ctype.target.name), ctype, default=False)
        return self._constness(self._word("Ptr", self._target(ctype.target)), ctype, default=False)

    def _element(self, ctype: CType) -> str:
        """One value that a pointer leads to."""
        if isinstance(ctype, FunctionPointer):
            return self._class(ctype.delegate)
        if not isinstance(ctype, Pointer):
            return self.value(ctype)
        if isinstance(ctype.target, Opaque):
            return self._constness(self._class(ctype.target.name), ctype, default=False)
        if unit := _text_unit(ctype):
            return self._constness(self.use(_TEXTS[unit]), ctype, default=False)
        return self._constness(self._pointing(ctype.target), ctype, default=False)

    def _member_pointer(self, ctype: Pointer) -> str:
        if isinstance(ctype.target, Opaque):
            return f"{self._constness(self._class(ctype.target.name), ctype, default=False)} | None"
        if unit := _text_unit(ctype):
            return f"{self._constness(self.use(_TEXTS[unit]), ctype, default=False)} | None"
        return self._constness(self._word("Ptr", self._target(ctype.target)), ctype, default=False)

    def _array(self, ctype: Array) -> str:
        element = ctype.element
        if isinstance(element, Scalar) and element.name in ("char", "uchar"):
            python, mark = ("str", "FixedText") if element.name == "char" else ("bytes", "FixedArray")
            return self._marked(python, [f"{self.use(mark)}({ctype.length})"])
        inner = self._array(element) if isinstance(element, Array) else self._element(element)
        return self._marked(f"list[{inner}]", [f"{self.use('FixedArray')}({ctype.length})"])

    # -- words -------------------------------------------------------------------------------------------------------

    def _class(self, name: str) -> str:
        if name not in self._classes:
            raise Unwritable(f"{name}, which is not described")
        return self._classes[name]

    def _word(self, word: str, inner: str) -> str:
        return f"{self.use(word)}[{inner}]"

    def _marked(self, inner: str, marks: list[str]) -> str:
        return f"Annotated[{inner}, {', '.join(marks)}]"

    def _constness(self, written: str, ctype: Pointer, *, default: bool) -> str:
        """`Const` or `Mutable` where C says otherwise than the annotation would be taken for."""
        if ctype.const == default:
            return written
        return self._word("Const" if ctype.const else "Mutable", written)


def _text_unit(ctype: Pointer) -> str:
    target = ctype.target
    return target.name if isinstance(target, Scalar) and target.name in _TEXTS else ""


def _take(words: dict[str, str], wanted: frozenset[str]) -> bool:
    """Take attributes that only make sense together. Raises Unwritable when one stands alone."""
    found = wanted & set(words)
    if found and found != wanted:
        raise Unwritable(f"a parameter with {', '.join(found)} alone")
    for word in found:
        del words[word]
    return bool(found)


def spelled(name: str) -> str:
    """A name of C as Python spells it: keywords get an underscore behind them."""
    return f"{name}_" if keyword.iskeyword(name) else name
