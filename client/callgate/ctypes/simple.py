"""Numbers, characters, and the pointers that Python sees as text or as numbers: `c_int`, `c_char_p` and so on."""

from __future__ import annotations

from typing import Any, Final

from .cdata import CArg, CData, CDataType, Layout, as_parameter, keep, layout_of, pointer_bytes, read_address, wire_of
from .memory import Block, address_of_number, home, home_of_bytes, life_of
from .refusals import refuse
from .standard import std
from .world import current, of_life

__all__ = ["SimpleType", "_SimpleCData", "wide_block"]

_NUMBERS: Final = {
    "b": std.c_byte,
    "B": std.c_ubyte,
    "h": std.c_short,
    "H": std.c_ushort,
    "i": std.c_int,
    "I": std.c_uint,
    "l": std.c_long,
    "L": std.c_ulong,
    "q": std.c_longlong,
    "Q": std.c_ulonglong,
    "f": std.c_float,
    "d": std.c_double,
    "g": std.c_longdouble,
    "?": std.c_bool,
    "c": std.c_char,
    "v": std.wintypes.VARIANT_BOOL,
    "u": std.c_wchar,
}
_POINTERS: Final = "PzZO"
_SHAPES: Final = {"?": "B", "c": "B", "u": "i", "v": "h", "z": "P", "Z": "P", "O": "P"}
"""Codes that cross as another one."""
_NO_OBJECTS: Final = (
    "Python objects live in this process, and native code in another; pass the value itself, or an integer as a token"
)


class _Codec:
    """What a code means between memory and Python."""

    def __init__(self, mirror: Any) -> None:
        self.mirror = mirror

    def get(self, block: Block, offset: int) -> Any:
        """The Python value."""
        return self.mirror.from_buffer_copy(block.read(offset, std.sizeof(self.mirror))).value

    def put(self, value: Any) -> tuple[bytes, int, Any]:
        """The bytes, the life of an address in them, and what to keep alive."""
        return bytes(self.mirror(value)), 0, None


class _Pointer(_Codec):
    """`void *`: a number."""

    def __init__(self) -> None:
        super().__init__(std.c_void_p)

    def get(self, block: Block, offset: int) -> Any:
        return read_address(block, offset) or None

    def put(self, value: Any) -> tuple[bytes, int, Any]:
        if value is not None and not isinstance(value, int):
            raise TypeError("cannot be converted to pointer")
        return pointer_bytes(value or 0), life_of(value or 0), None


class _Text(_Codec):
    """`char *` or `wchar_t *`: text, which gets a home in the host."""

    def __init__(self, width: int) -> None:
        super().__init__(std.c_char_p if width == 1 else std.c_wchar_p)
        self._width = width
        self._kind: Any = bytes if width == 1 else str
        self._words = "bytes" if width == 1 else "unicode string"

    def get(self, block: Block, offset: int) -> Any:
        address = read_address(block, offset)
        return text_at(address, self._width) if address else None

    def put(self, value: Any) -> tuple[bytes, int, Any]:
        if value is None or isinstance(value, int):
            return pointer_bytes(value or 0), life_of(value or 0), None
        if not isinstance(value, self._kind):
            text = f"{self._words} or integer address expected instead of {type(value).__name__} instance"
            raise TypeError(text)
        block = home_of_bytes(value) if self._width == 1 else wide_block(value)
        world = home([block])
        return pointer_bytes(block.address), world.life, value if self._width == 1 else block


class _Object(_Codec):
    """`PyObject *`: refused."""

    def __init__(self) -> None:
        super().__init__(std.py_object)

    def get(self, _block: Block, _offset: int) -> Any:
        refuse("py_object", _NO_OBJECTS)

    def put(self, _value: Any) -> tuple[bytes, int, Any]:
        refuse("py_object", _NO_OBJECTS)


def text_at(address: int, width: int, limit: int = -1) -> Any:
    """The text at an address of the host."""
    number = address_of_number(address)
    life = life_of(address)
    world = of_life(life, "this text") if life else current()
    data = world.text(number, width, limit)
    return data if width == 1 else decode_wide(data)


_WIDE: Final = "utf-32-le" if bytes(std.c_short(1)) == b"\1\0" else "utf-32-be"


def decode_wide(data: bytes) -> str:
    """`wchar_t` as text."""
    return data.decode(_WIDE, "surrogatepass")


def wide_block(text: str) -> Block:
    """A block with text as `wchar_t`, NUL-terminated."""
    data = bytearray((text + "\0").encode(_WIDE, "surrogatepass"))
    return Block(len(data), data)


_SWAPPED: Final = "its bytes are in the other order than this machine's"

_CODECS: Final[dict[str, _Codec]] = {code: _Codec(mirror) for code, mirror in _NUMBERS.items()} | {
    "P": _Pointer(),
    "z": _Text(1),
    "Z": _Text(4),
    "O": _Object(),
}


class SimpleType(CDataType):
    """The type of `c_int` and its like, and of their subclasses."""

    _type_: str
    _codec_: _Codec
    _plain_: bool

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        """Check the declaration and lay it out."""
        _check_bases(bases)
        made: Any = super().__new__(mcs, name, bases, body)
        if not any(isinstance(base, SimpleType) for base in bases):
            return made
        code = getattr(made, "_type_", None)
        if code is None:
            raise AttributeError("class must define a '_type_' attribute")
        if not isinstance(code, str):
            raise TypeError("class must define a '_type_' string attribute")
        if len(code) != 1:
            raise ValueError("class must define a '_type_' attribute which must be a string of length 1")
        if code not in _CODECS:
            raise AttributeError(
                "class must define a '_type_' attribute which must be\na single character string "
                "containing one of 'cbBhHiIlLfuzZqQPXOv?g'."
            )
        made._plain_ = bases[0] is _SimpleCData
        if "_codec_" not in body:
            made._codec_ = _CODECS[code]
            made._layout_ = Layout(made._codec_.mirror, _SHAPES.get(code, code), code in _POINTERS)
        if made._plain_ and code not in _POINTERS and "_codec_" not in body:
            _add_swapped(made, name, code)
        return made

    def _get_(cls: Any, block: Block, offset: int) -> Any:
        return cls._codec_.get(block, offset)

    def _set_(cls: Any, block: Block, offset: int, value: Any) -> Any:
        data, life, kept = cls._codec_.put(value)
        block.write(offset, data, life)
        return kept

    def _assign_(cls: Any, _block: Block, _offset: int, value: CData) -> Any:
        raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {cls.__name__} instance")

    def from_param(cls: Any, value: Any) -> Any:
        """What a parameter of this type accepts."""
        layout = layout_of(cls)
        if isinstance(value, cls):
            return value
        special = _FROM_PARAM.get(cls._type_)
        if special is not None:
            found = special(cls, value)
            return as_parameter(cls, value, "wrong type") if found is NotImplemented else found
        if cls._type_ == "O":
            refuse("py_object", _NO_OBJECTS)
        try:
            data, _, _ = cls._codec_.put(value)
        except TypeError as error:
            return as_parameter(cls, value, str(error))
        return CArg(layout.shape, wire_of(layout.shape, data), value, code=cls._type_)


def _check_bases(bases: tuple[type, ...]) -> None:
    if len(bases) > 1 and bases[0] is object:
        raise TypeError("Cannot create a consistent method resolution order (MRO)")


def _add_swapped(made: Any, name: str, code: str) -> None:
    """The same type in either byte order."""
    mirror = _NUMBERS[code]
    if not hasattr(mirror, "__ctype_be__"):
        return
    for word in ("__ctype_be__", "__ctype_le__"):
        other = getattr(mirror, word)
        if other is mirror:
            setattr(made, word, made)
            continue
        swapped = SimpleType(
            name,
            (_SimpleCData,),
            {"_type_": code, "_codec_": _Codec(other), "_layout_": Layout(other, None, False, _SWAPPED)},
        )
        setattr(made, word, swapped)
        setattr(swapped, word, swapped)
        setattr(swapped, "__ctype_le__" if word == "__ctype_be__" else "__ctype_be__", made)


_NOTHING: Final = object()


class _SimpleCData(CData, metaclass=SimpleType):
    """Base of all simple types."""

    __slots__ = ()

    _compound_ = False
    _plain_ = False
    _type_: str
    _codec_: _Codec

    def __init__(self, value: Any = _NOTHING) -> None:
        if value is not _NOTHING:
            self.value = value

    @property
    def value(self) -> Any:
        """The Python value."""
        return self._codec_.get(self._block_, self._offset_)

    @value.setter
    def value(self, value: Any) -> None:
        data, life, kept = self._codec_.put(value)
        self._block_.write(self._offset_, data, life)
        keep(self, 0, kept)

    @value.deleter
    def value(self) -> None:
        raise TypeError("can't delete attribute")

    def __ctypes_from_outparam__(self) -> Any:
        return self.value if type(self)._plain_ else self

    def __bool__(self) -> bool:
        return any(self._bytes_())

    def __repr__(self) -> str:
        if not type(self)._plain_:
            return f"<{type(self).__name__} object at {id(self):#x}>"
        return f"{type(self).__name__}({self.value!r})"


def _text_param(cls: Any, value: Any) -> Any:
    """`char *` and `wchar_t *`."""
    from .arrays import Array  # noqa: PLC0415
    from .pointers import _Pointer as Pointer  # noqa: PLC0415

    code = cls._type_
    if value is None:
        return None
    if code == "z" and isinstance(value, bytes):
        return CArg("P", 0, value, home_of_bytes(value), code=code)
    if code == "Z" and isinstance(value, str):
        return CArg("P", 0, value, wide_block(value), code=code)
    element = "c" if code == "z" else "u"
    if isinstance(value, Array | Pointer) and getattr(value._type_, "_type_", None) == element:
        return value
    if isinstance(value, CArg) and isinstance(value._obj, _SimpleCData) and value._obj._type_ == element:
        return value
    return NotImplemented


def _void_param(_cls: Any, value: Any) -> Any:
    """`void *` takes every pointer there is."""
    from .arrays import Array  # noqa: PLC0415
    from .functions import _CFuncPtr  # noqa: PLC0415
    from .pointers import _Pointer as Pointer  # noqa: PLC0415

    if value is None:
        return None
    if isinstance(value, int):
        return CArg("P", address_of_number(value), value)
    if isinstance(value, bytes):
        return CArg("P", 0, value, home_of_bytes(value), code="z")
    if isinstance(value, str):
        return CArg("P", 0, value, wide_block(value), code="Z")
    if isinstance(value, Array | Pointer | _CFuncPtr):
        return value
    if isinstance(value, CArg) and value.tag == "P":
        return value
    if isinstance(value, _SimpleCData) and value._type_ in "zZP":
        return value
    return NotImplemented


_FROM_PARAM: Final = {"z": _text_param, "Z": _text_param, "P": _void_param}
