"""What a type and its attributes mean in platform invoke (R1.1, R1.4): where declarations become conversions.

`resolve` reads a function or delegate and says for every parameter which form its value has on the wire (`forms`),
which way it travels, and whether the caller passes it. Client and host compile the same answer into their own code: the
client between Python values and wire values, the host between wire values and C.
"""

from __future__ import annotations

from typing import Final

from .copied import copied_target, refuse_copied
from .counting import check_counts, is_inner, read_count
from .directives import DirectiveError
from .failing import answerless, refuse_misplaced
from .forms import (
    Address,
    Allocated,
    Bytes,
    Code,
    Context,
    Count,
    Elements,
    Enumeration,
    Form,
    Handle,
    Instance,
    InterfacePointer,
    Nothing,
    Offset,
    Raw,
    SafeElements,
    Series,
    Structure,
)
from .handles import is_hidden, lived_member, lived_parameter, lived_result
from .interface_forms import interface_form, is_interface
from .layout import LayoutError, is_overlaid
from .model import (
    Array,
    Attribute,
    CType,
    Delegate,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    InterfaceType,
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
from .nulls import check_pointer_words, is_nullable, keeps_aliases
from .signatures import Direction, Member, ParameterPlan, Signature
from .system_forms import check_markers, retval_of, safe_element, system_form, throws
from .texts import bytes_form, check_text_words, edited_form, fixed_text_form, is_text, text_form
from .wording import Words, scalar_form

__all__ = ["DirectiveError", "LayoutError", "members_of", "resolve"]


_HIDDEN: Final[dict[type[Form], tuple[str, str]]] = {
    Handle: ("handle", "R10.3"),
    InterfacePointer: ("interface", "R14.3"),
    SafeElements: ("array", "R6.20"),
}
"""What only a pointer to is a value, by its form, and its rule."""


def resolve(library: TypeLibrary, entry: Function | Delegate) -> Signature:
    """Decide every parameter and the result. Raises DirectiveError naming the parameter and what to write instead."""
    names = {parameter.name: parameter for parameter in entry.parameters}
    parameters = tuple(
        lived_parameter(library, entry, parameter, _parameter(library, entry, index, parameter, names))
        for index, parameter in enumerate(entry.parameters)
    )
    result = lived_result(library, entry, _result(library, entry))
    on_error, oneway = answerless(entry, result, parameters)
    return Signature(entry.name, parameters, result, entry.variadic, on_error, oneway, throws(entry), retval_of(entry))


def members_of(library: TypeLibrary, record: Record) -> tuple[Member, ...]:
    """Decide every member of a struct."""
    members = (Member(field.name, _field_form(library, record, field)) for field in record.fields)
    return tuple(lived_member(library, record.name, member) for member in members)


def _parameter(
    library: TypeLibrary, entry: Function | Delegate, index: int, parameter: Parameter, names: dict[str, Parameter]
) -> ParameterPlan:
    where = f"parameter {index + 1} '{parameter.name}' of {entry.name}"
    refuse_misplaced(parameter, where)
    check_markers(parameter, where)
    check_pointer_words(parameter, where)
    direction = _direction(parameter, where)
    form = _parameter_form(library, parameter, direction, where)
    if isinstance(form, Offset) and form.parameter not in names:
        raise DirectiveError(f"{where}: offset({form.parameter}) does not name a parameter")
    check_counts(form, names, where)
    check_text_words(parameter.type, form, _words(parameter.attributes), where)
    if isinstance(form, Allocated) and isinstance(entry, Delegate):
        raise DirectiveError(f"{where}: a callback cannot hand out an array; declare the pointer as void *")
    fills = _counted(form) and direction.travels_out
    return ParameterPlan(
        index, parameter.name, direction, form, direction.travels_in or fills, fills, keeps_aliases(parameter, form)
    )


def _direction(parameter: Parameter, where: str) -> Direction:
    """R1.19: in unless it says otherwise; what comes out needs a pointer."""
    out, in_ = parameter.has("out"), parameter.has("in")
    if out and not isinstance(parameter.type, Pointer):
        raise DirectiveError(f"{where}: [out] needs a pointer, not {c_name(parameter.type)}")
    if out:
        return Direction.INOUT if in_ else Direction.OUT
    return Direction.IN


def _counted(form: Form) -> bool:
    return isinstance(form, Bytes) or (isinstance(form, Elements) and form.count is not None)


def _parameter_form(library: TypeLibrary, parameter: Parameter, direction: Direction, where: str) -> Form:
    ctype = parameter.type
    if isinstance(ctype, FunctionPointer):
        return Code(ctype.delegate, parameter.has("keep"))
    if parameter.has("copied"):
        return _copied(library, parameter, where)
    if not isinstance(ctype, Pointer):
        return _value(library, ctype, where, parameter.attributes)
    return _pointer_form(library, ctype, parameter, direction, where)


def _copied(library: TypeLibrary, parameter: Parameter, where: str) -> Form:
    """R1.9: what stands behind both stars."""
    element = _value(library, copied_target(parameter, where), where)
    assert isinstance(element, Structure | Raw)  # it is a struct
    return Instance(element, _words(parameter.attributes).get("free", ""))


def _pointer_form(library: TypeLibrary, ctype: Pointer, parameter: Parameter, direction: Direction, where: str) -> Form:
    if parameter.has("context"):
        return Context()
    if (offset := parameter.attribute("offset")) is not None:
        return _offset(ctype, offset, direction, where)
    words = _words(parameter.attributes)
    count = read_count(words)
    if direction.travels_out and (allocated := _allocated(library, ctype, parameter, count, where)) is not None:
        return allocated
    if is_inner(words):
        raise DirectiveError(f"{where}: size_is(, n) belongs to an array behind [out] T ** (R6.7)")
    if count is not None:
        return _counted_form(library, ctype, parameter, count, where)
    if "length_is" in words:
        raise DirectiveError(f"{where}: length_is(…) says how much of size_is(…) travels; give both (R1.22)")
    return _single_form(library, ctype, parameter, direction, where)


def _offset(ctype: Pointer, offset: Attribute, direction: Direction, where: str) -> Form:
    if not isinstance(ctype.target, Pointer) or direction is not Direction.OUT:
        raise DirectiveError(f"{where}: offset(…) belongs to an end pointer: [out, offset(s)] char **end")
    return Offset(offset.argument)


def _allocated(
    library: TypeLibrary, ctype: Pointer, parameter: Parameter, count: Count | None, where: str
) -> Form | None:
    """R6.7, R6.8: `[out] T **` is an array of native code's own if it is freed, or counted by the callee."""
    words = _words(parameter.attributes)
    if not isinstance(ctype.target, Pointer) or (
        is_hidden(library, ctype.target.target)
        or isinstance(ctype.target.target, SafeArray)
        or is_interface(ctype.target.target, parameter.attributes)
    ):
        return None
    inner = ctype.target
    owned = "free" in words or (count is not None and count.dereference)
    if not (is_inner(words) or (owned and not is_text(inner.target) and not isinstance(inner.target, Void))):
        return None
    if "length_is" in words:
        raise DirectiveError(f"{where}: length_is(…) goes with memory that the caller gives, not with T ** (R1.22)")
    return _owned(library, inner, parameter, count, where)


def _owned(library: TypeLibrary, ctype: Pointer, entry: Parameter, count: Count | None, where: str) -> Form:
    """The form of a block that is copied and freed; with `borrowed`, the texts in it are not (R8.5)."""
    free = _words(entry.attributes).get("free", "")
    if entry.has("borrowed"):
        entry = entry.replace(attributes=tuple(word for word in entry.attributes if word.name != "free"))
    if count is None:
        content: Form = Elements(_pointed(library, ctype.target, entry, where), nullable=True)
    else:
        content = _counted_form(library, ctype, entry, count, where)
        content = Elements(content.element, count, nullable=True) if isinstance(content, Elements) else content
    assert isinstance(content, Elements | Bytes)
    return Allocated(content, free)


def _counted_form(library: TypeLibrary, ctype: Pointer, parameter: Parameter, count: Count, where: str) -> Form:
    target, length = ctype.target, read_count(_words(parameter.attributes), "length_is")
    if is_interface(target, parameter.attributes):
        raise DirectiveError(f"{where}: an array of interfaces is an array of pointers; write one star more")
    if (binary := bytes_form(target, _words(parameter.attributes), count, length, where)) is not None:
        return binary
    if isinstance(target, Opaque) and is_hidden(library, target):
        raise DirectiveError(f"{where}: {target.name} is opaque, so an array of it has no element size")
    if isinstance(target, SafeArray):
        raise DirectiveError(f"{where}: a SAFEARRAY knows its own length (R6.18); leave size_is out")
    return Elements(_pointed(library, target, parameter, where), count, is_nullable(parameter), length)


def _single_form(library: TypeLibrary, ctype: Pointer, parameter: Parameter, direction: Direction, where: str) -> Form:
    target = ctype.target
    hidden = _behind_one_star(library, target, parameter.attributes, where)
    if hidden is not None and direction.travels_out:
        kind, rule = _HIDDEN[type(hidden)]
        raise DirectiveError(f"{where}: the type of an out {kind} is {c_name(ctype)}*, one star more ({rule})")
    if isinstance(hidden, Handle):
        return hidden.replace(closes=parameter.has("closes"), nullable=is_nullable(parameter))
    if hidden is not None:
        return hidden
    if isinstance(target, Void):
        if direction.travels_out:
            raise DirectiveError(f"{where}: [out] void * needs size_is(…), or a type")
        return Address()
    return _values_form(library, ctype, parameter, direction, where)


def _values_form(library: TypeLibrary, ctype: Pointer, parameter: Parameter, direction: Direction, where: str) -> Form:
    """A pointer to one value, or to text."""
    target, words = ctype.target, _words(parameter.attributes)
    edited = edited_form(target, words, where, out_only=direction is Direction.OUT) if direction.travels_out else None
    if edited is not None:
        return edited
    if direction is Direction.IN and (text := text_form(target, words, where)) is not None:
        return text
    if direction is Direction.IN and isinstance(target, Pointer) and isinstance(target.target, StructType):
        raise DirectiveError(
            f"{where}: {c_name(ctype)} has one star too many for a struct (R7.14, R7.15); write [out] or [in, out] for "
            "a pointer that comes back, [size_is(n)] for an array of pointers, or declare it as void *"
        )
    return Elements(_pointed(library, target, parameter, where), None, nullable=is_nullable(parameter))


def _pointed(library: TypeLibrary, target: CType, parameter: Parameter, where: str) -> Form:
    """The form of what a pointer parameter points to."""
    if isinstance(target, Array):
        return _array(library, target, parameter.attributes, where)
    if not isinstance(target, Pointer):
        return _value(library, target, where, parameter.attributes)
    inner = target.target
    if (hidden := _behind_one_star(library, inner, parameter.attributes, where)) is not None:
        return hidden
    if (text := text_form(inner, _words(parameter.attributes), where)) is not None:
        return text
    if isinstance(inner, Pointer):
        raise DirectiveError(f"{where}: three levels of pointers are not marshalled (R7.15); declare it as void *")
    return Address(_target_name(inner))


def _behind_one_star(
    library: TypeLibrary, target: CType, attributes: tuple[Attribute, ...], where: str
) -> InterfacePointer | SafeElements | Handle | None:
    """The form of a pointer to what is never a value itself; None for every other pointer."""
    if is_interface(target, attributes):
        return interface_form(library, target, attributes, where)
    if isinstance(target, SafeArray):
        return _safe_array(library, target, attributes, where)
    if isinstance(target, Opaque) and is_hidden(library, target):
        return Handle(target.name, nullable=True)
    return None


def _words(attributes: tuple[Attribute, ...]) -> Words:
    return {attribute.name: attribute.argument for attribute in attributes}


def _safe_array(library: TypeLibrary, ctype: SafeArray, attributes: tuple[Attribute, ...], where: str) -> SafeElements:
    kind = safe_element(library, ctype.element, where)
    if isinstance(kind, Pointer):
        element: Form = interface_form(library, kind.target, attributes, where)
    else:
        element = _value(library, kind, where, attributes)
    return SafeElements(element, any(attribute.name == "bounds" for attribute in attributes))


def _value(library: TypeLibrary, ctype: CType, where: str, attributes: tuple[Attribute, ...] = ()) -> Form:
    match ctype:
        case Void():
            return Nothing()
        case Scalar():
            return scalar_form(ctype, _words(attributes), where)
        case EnumType(name) | StructType(name):
            return _named(library, ctype, where)
        case FunctionPointer(delegate):
            return Code(delegate)
        case Opaque(name) if not is_hidden(library, ctype):
            closes = any(attribute.name == "closes" for attribute in attributes)
            return Handle(name, closes, scalar=library.opaque(name).base)
        case Opaque(name):
            raise DirectiveError(f"{where}: {name} is opaque, so only a pointer to it can be used")
        case InterfaceType(name):
            raise DirectiveError(f"{where}: {name} is an interface, so only a pointer to it is a value (R14.1)")
        case SystemType(name):
            return system_form(name, attributes)
        case SafeArray():
            raise DirectiveError(f"{where}: a SAFEARRAY is handled through a pointer; write {c_name(ctype)} *")
        case Array() | Pointer():
            raise DirectiveError(f"{where}: {c_name(ctype)} cannot be passed by value")


def _named(library: TypeLibrary, ctype: EnumType | StructType, where: str) -> Form:
    try:
        if isinstance(ctype, EnumType):
            return Enumeration(ctype.name, library.enum(ctype.name).base)
        return Raw(ctype.name) if is_overlaid(library, library.record(ctype.name)) else Structure(ctype.name)
    except KeyError:
        raise DirectiveError(f"{where}: the type {ctype.name} is named but not described") from None


def _result(library: TypeLibrary, entry: Function | Delegate) -> Form:
    where = f"the result of {entry.name}"
    refuse_copied(entry.result.attributes, where)
    check_markers(entry.result, where)
    form = _result_form(library, entry, where)
    check_text_words(entry.result.type, form, _words(entry.result.attributes), where)
    return form


def _result_form(library: TypeLibrary, entry: Function | Delegate, where: str) -> Form:
    ctype = entry.result.type
    if not isinstance(ctype, Pointer):
        return _value(library, ctype, where, entry.result.attributes)
    count, free = read_count(_words(entry.result.attributes)), entry.result.attribute("free")
    if free is not None and (count is not None or _is_value(ctype.target)):
        form = _owned(library, ctype, entry.result, count, where)
    elif count is not None:
        form = _counted_form(library, ctype, entry.result, count, where)
    else:
        return _loose(library, ctype, entry.result.attributes, where)
    check_counts(form, {parameter.name: parameter for parameter in entry.parameters}, where)
    return form


def _is_value(target: CType) -> bool:
    return not is_text(target) and not isinstance(target, Void | Opaque | Pointer | SafeArray | InterfaceType)


def _loose(library: TypeLibrary, ctype: Pointer, attributes: tuple[Attribute, ...], where: str) -> Form:
    """A pointer without a length, where native code is the owner: a result or a member."""
    target = ctype.target
    if (hidden := _behind_one_star(library, target, attributes, where)) is not None:
        return hidden
    if (text := text_form(target, _words(attributes), where)) is not None:
        return text
    return Address(_target_name(target))


def _target_name(ctype: CType) -> str:
    return "" if isinstance(ctype, Void) else c_name(ctype)


def _field_form(library: TypeLibrary, record: Record, field: Field) -> Form:
    where = f"member '{field.name}' of {record.name}"
    refuse_copied(field.attributes, where)
    form = _member_form(library, field, where)
    check_text_words(field.type, form, _words(field.attributes), where)
    return form


def _member_form(library: TypeLibrary, field: Field, where: str) -> Form:
    ctype = field.type
    if isinstance(ctype, Pointer):
        return _loose(library, ctype, field.attributes, where)
    if isinstance(ctype, Array):
        return _array(library, ctype, field.attributes, where)
    return _value(library, ctype, where, field.attributes)


def _array(library: TypeLibrary, ctype: Array, attributes: tuple[Attribute, ...], where: str) -> Form:
    element = ctype.element
    if (text := fixed_text_form(element, ctype.length, _words(attributes), where)) is not None:
        return text
    if isinstance(element, Array):
        return Series(_array(library, element, attributes, where), ctype.length)
    if isinstance(element, Pointer):
        return Series(_loose(library, element, attributes, where), ctype.length)
    return Series(_value(library, element, where, attributes), ctype.length)
