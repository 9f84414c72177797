"""What a type and its attributes mean: the one place that turns a declaration into conversions.

`resolve` reads a function or delegate and says for every parameter which form its value has on the wire (`forms`),
which way it travels, and whether the caller passes it. Client and host compile the same answer into their own code: the
client between Python values and wire values, the host between wire values and C.
"""

from __future__ import annotations

from .directives import DirectiveError
from .failing import answerless, refuse_misplaced
from .forms import (
    Address,
    Boolean,
    Bytes,
    Code,
    Complex,
    Context,
    Count,
    Direction,
    Elements,
    Enumeration,
    FixedText,
    Floating,
    Form,
    Handle,
    Integer,
    Member,
    Nothing,
    Offset,
    ParameterPlan,
    Raw,
    SafeElements,
    Series,
    Signature,
    Structure,
    Text,
    Wide,
)
from .layout import LayoutError, is_overlaid
from .model import (
    COMPLEX,
    FLOATS,
    Array,
    Attribute,
    CType,
    Delegate,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    Opaque,
    Parameter,
    Pointer,
    Record,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
    c_name,
)
from .system_forms import check_markers, retval_of, safe_element, system_form, throws

__all__ = ["DirectiveError", "LayoutError", "members_of", "resolve"]


_WIDE = frozenset({"wchar", "char16"})
_LATER = ("length_is",)
"""Attributes of the language that nothing acts on yet: to ignore them would be to do something else than was asked."""
_BYTES = frozenset({"char", "schar", "uchar", "i1", "u1"})


def resolve(library: TypeLibrary, entry: Function | Delegate) -> Signature:
    """Decide every parameter and the result. Raises DirectiveError naming the parameter and what to write instead."""
    names = {parameter.name: parameter for parameter in entry.parameters}
    parameters = tuple(
        _parameter(library, entry.name, index, parameter, names) for index, parameter in enumerate(entry.parameters)
    )
    result = _result(library, entry)
    on_error, oneway = answerless(entry, result, parameters)
    return Signature(entry.name, parameters, result, entry.variadic, on_error, oneway, throws(entry), retval_of(entry))


def members_of(library: TypeLibrary, record: Record) -> tuple[Member, ...]:
    """Decide every member of a struct."""
    return tuple(Member(field.name, _field_form(library, record, field)) for field in record.fields)


def _parameter(
    library: TypeLibrary, function: str, index: int, parameter: Parameter, names: dict[str, Parameter]
) -> ParameterPlan:
    where = f"parameter {index + 1} '{parameter.name}' of {function}"
    _refuse_later(parameter, where)
    refuse_misplaced(parameter, where)
    check_markers(parameter, where)
    direction = _direction(parameter, where)
    form = _parameter_form(library, parameter, direction, where)
    if isinstance(form, Offset) and form.parameter not in names:
        raise DirectiveError(f"{where}: offset({form.parameter}) does not name a parameter")
    _check_count(form, names, where)
    fills = _counted(form) and direction.travels_out
    return ParameterPlan(index, parameter.name, direction, form, direction.travels_in or fills, fills)


def _refuse_later(parameter: Parameter, where: str) -> None:
    for name in _LATER:
        if parameter.has(name):
            raise DirectiveError(f"{where}: [{name}] is understood but not marshalled yet; leave it out")


def _direction(parameter: Parameter, where: str) -> Direction:
    out, in_ = parameter.has("out"), parameter.has("in")
    if out and not isinstance(parameter.type, Pointer):
        raise DirectiveError(f"{where}: [out] needs a pointer, not {c_name(parameter.type)}")
    if out:
        return Direction.INOUT if in_ else Direction.OUT
    return Direction.IN


def _counted(form: Form) -> bool:
    return isinstance(form, Bytes) or (isinstance(form, Elements) and form.count is not None)


def _check_count(form: Form, names: dict[str, Parameter], where: str) -> None:
    count = form.count if isinstance(form, Elements | Bytes) else None
    if count is None or not count.parameter:
        return
    if count.parameter not in names:
        raise DirectiveError(f"{where}: size_is({count.parameter}) does not name a parameter")
    ctype = names[count.parameter].type
    ctype = ctype.target if count.dereference and isinstance(ctype, Pointer) else ctype
    if not isinstance(ctype, Scalar | EnumType) or (isinstance(ctype, Scalar) and ctype.name in FLOATS | COMPLEX):
        raise DirectiveError(f"{where}: size_is({count.parameter}) must name an integer (R6.6), not {c_name(ctype)}")


def _parameter_form(library: TypeLibrary, parameter: Parameter, direction: Direction, where: str) -> Form:
    ctype = parameter.type
    if isinstance(ctype, FunctionPointer):
        return Code(ctype.delegate, parameter.has("keep"))
    if not isinstance(ctype, Pointer):
        return _value(library, ctype, where, parameter.attributes)
    if parameter.has("context"):
        return Context()
    if (offset := parameter.attribute("offset")) is not None:
        return _offset(ctype, offset, direction, where)
    count = _count(parameter.attribute("size_is"))
    if count is not None:
        return _counted_form(library, ctype, parameter, count, where)
    return _single_form(library, ctype, parameter, direction, where)


def _offset(ctype: Pointer, offset: Attribute, direction: Direction, where: str) -> Form:
    if not isinstance(ctype.target, Pointer) or direction is not Direction.OUT:
        raise DirectiveError(f"{where}: offset(…) belongs to an end pointer: [out, offset(s)] char **end")
    return Offset(offset.argument)


def _count(attribute: Attribute | None) -> Count | None:
    if attribute is None:
        return None
    if attribute.argument.isascii() and attribute.argument.isdigit():
        return Count(constant=int(attribute.argument))
    return Count(parameter=attribute.argument.lstrip("*"), dereference=attribute.argument.startswith("*"))


def _counted_form(library: TypeLibrary, ctype: Pointer, parameter: Parameter, count: Count, where: str) -> Form:
    target = ctype.target
    if isinstance(target, Void) or (isinstance(target, Scalar) and target.name in _BYTES):
        return Bytes(count, text=isinstance(target, Scalar) and target.name == "char")
    if isinstance(target, Opaque):
        raise DirectiveError(f"{where}: {target.name} is opaque, so an array of it has no element size")
    if isinstance(target, SafeArray):
        raise DirectiveError(f"{where}: a SAFEARRAY knows its own length (R6.18); leave size_is out")
    return Elements(_pointed(library, target, parameter, where), count, nullable=parameter.has("unique"))


def _single_form(library: TypeLibrary, ctype: Pointer, parameter: Parameter, direction: Direction, where: str) -> Form:
    target = ctype.target
    if isinstance(target, Opaque):
        if direction.travels_out:
            raise DirectiveError(f"{where}: the type of an out handle is {target.name} **, one star more")
        return Handle(target.name, parameter.has("closes"), parameter.has("unique"))
    if isinstance(target, SafeArray):
        if direction.travels_out:
            raise DirectiveError(f"{where}: the type of an out array is {c_name(ctype)}*, one star more (R6.20)")
        return _safe_array(library, target, parameter.attributes, where)
    if isinstance(target, Void):
        if direction.travels_out:
            raise DirectiveError(f"{where}: [out] void * needs size_is(…), or a type")
        return Address()
    if direction is Direction.IN and (text := _text(target, None)) is not None:
        return text
    return Elements(_pointed(library, target, parameter, where), None, nullable=parameter.has("unique"))


def _pointed(library: TypeLibrary, target: CType, parameter: Parameter, where: str) -> Form:
    """The form of what a pointer parameter points to."""
    if not isinstance(target, Pointer):
        return _value(library, target, where, parameter.attributes)
    inner = target.target
    if isinstance(inner, SafeArray):
        return _safe_array(library, inner, parameter.attributes, where)
    if isinstance(inner, Opaque):
        return Handle(inner.name, nullable=True)
    if (text := _text(inner, parameter.attribute("free"))) is not None:
        if isinstance(text, Wide) and parameter.has("in") and parameter.has("out"):
            raise DirectiveError(f"{where}: wide text that the library replaces is not marshalled; use [out]")
        return text
    if isinstance(inner, Pointer):
        raise DirectiveError(f"{where}: three levels of pointers are not marshalled (R7.15); declare it as void *")
    return Address(_target_name(inner))


def _safe_array(library: TypeLibrary, ctype: SafeArray, attributes: tuple[Attribute, ...], where: str) -> Form:
    element = _value(library, safe_element(library, ctype.element, where), where, attributes)
    return SafeElements(element, any(attribute.name == "bounds" for attribute in attributes))


def _value(library: TypeLibrary, ctype: CType, where: str, attributes: tuple[Attribute, ...] = ()) -> Form:
    match ctype:
        case Void():
            return Nothing()
        case Scalar(name):
            return _scalar(name)
        case EnumType(name) | StructType(name):
            return _named(library, ctype, where)
        case FunctionPointer(delegate):
            return Code(delegate)
        case Opaque(name):
            raise DirectiveError(f"{where}: {name} is opaque, so only a pointer to it can be used")
        case SystemType(name):
            return system_form(name, attributes)
        case SafeArray():
            raise DirectiveError(f"{where}: a SAFEARRAY is handled through a pointer; write {c_name(ctype)} *")
        case Array() | Pointer():
            raise DirectiveError(f"{where}: {c_name(ctype)} cannot be passed by value")


def _scalar(name: str) -> Form:
    if name == "bool":
        return Boolean()
    if name in COMPLEX:
        return Complex(name)
    return Floating(name) if name in FLOATS else Integer(name)


def _named(library: TypeLibrary, ctype: EnumType | StructType, where: str) -> Form:
    try:
        if isinstance(ctype, EnumType):
            return Enumeration(ctype.name, library.enum(ctype.name).base)
        return Raw(ctype.name) if is_overlaid(library, library.record(ctype.name)) else Structure(ctype.name)
    except KeyError:
        raise DirectiveError(f"{where}: the type {ctype.name} is named but not described") from None


def _result(library: TypeLibrary, entry: Function | Delegate) -> Form:
    ctype, where = entry.result.type, f"the result of {entry.name}"
    check_markers(entry.result, where)
    if not isinstance(ctype, Pointer):
        return _value(library, ctype, where, entry.result.attributes)
    count = _count(entry.result.attribute("size_is"))
    if count is not None:
        form = _counted_form(library, ctype, entry.result, count, where)
        _check_count(form, {parameter.name: parameter for parameter in entry.parameters}, where)
        return form
    return _loose(library, ctype, entry.result.attributes, where)


def _loose(library: TypeLibrary, ctype: Pointer, attributes: tuple[Attribute, ...], where: str) -> Form:
    """A pointer without a length, where native code is the owner: a result or a member."""
    target = ctype.target
    free = next((attribute for attribute in attributes if attribute.name == "free"), None)
    if isinstance(target, SafeArray):
        return _safe_array(library, target, attributes, where)
    if isinstance(target, Opaque):
        return Handle(target.name, nullable=True)
    if (text := _text(target, free)) is not None:
        return text
    return Address(_target_name(target))


def _text(unit: CType, free: Attribute | None) -> Text | Wide | None:
    """The form of a terminated text of such units; None when they are no characters."""
    name, deallocator = unit.name if isinstance(unit, Scalar) else "", free.argument if free else ""
    if name == "char":
        return Text(deallocator)
    return Wide(name, deallocator) if name in _WIDE else None


def _target_name(ctype: CType) -> str:
    return "" if isinstance(ctype, Void) else c_name(ctype)


def _field_form(library: TypeLibrary, record: Record, field: Field) -> Form:
    where = f"member '{field.name}' of {record.name}"
    ctype = field.type
    if isinstance(ctype, Pointer):
        return _loose(library, ctype, field.attributes, where)
    if isinstance(ctype, Array):
        return _array(library, ctype, where)
    return _value(library, ctype, where, field.attributes)


def _array(library: TypeLibrary, ctype: Array, where: str) -> Form:
    element = ctype.element
    if isinstance(element, Scalar) and element.name == "char":
        return FixedText(ctype.length)
    if isinstance(element, Array):
        return Series(_array(library, element, where), ctype.length)
    if isinstance(element, Pointer):
        return Series(_loose(library, element, (), where), ctype.length)
    return Series(_value(library, element, where), ctype.length)
