"""What interfaces promise (R14.4, R14.26, R19.33): the checks of a declaration before anything is called through it.

An interface is *remotable* unless it says `[local]`: its methods return HRESULT, and every parameter means something in
another process. `[preserve_sig]` lets one method have another result. Whoever declares interfaces calls
`check_contracts`; whoever puts a class into a process of its own calls `check_surrogate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .automation import DELEGATE, WELL_KNOWN
from .automation_types import refuse_for_automation
from .directives import DirectiveError
from .interfaces import chain_of
from .model import (
    Array,
    CType,
    Function,
    FunctionPointer,
    Interface,
    InterfaceType,
    Opaque,
    Parameter,
    Pointer,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
    c_name,
)
from .system_forms import retval_of
from .value import Value

__all__ = ["NOTHING_SAID", "ContractBroken", "Said", "as_delegate", "check_contracts", "check_surrogate", "needs_local"]

_HRESULT: Final = SystemType("HRESULT")
_ACCESSORS: Final = ("propget", "propput", "propputref")


class ContractBroken(DirectiveError):
    """An interface that breaks a rule of interfaces; `index` is that of its own method, -1 for the whole."""

    def __init__(self, message: str, interface: str, index: int = -1) -> None:
        super().__init__(message)
        self.interface = interface
        self.index = index


class Said(Value):
    """What a declaration says beside the model: the model keeps what a call needs, and these change no call."""

    local: frozenset[str] = frozenset()
    """Interfaces that stay in one process."""
    automation: frozenset[str] = frozenset()
    """Interfaces for late binding that are not dual."""
    preserved: frozenset[tuple[str, int]] = frozenset()
    """Methods, by their interface and index, of which `[preserve_sig]` says that the result is so."""


NOTHING_SAID: Final = Said()


def check_contracts(library: TypeLibrary, said: Said = NOTHING_SAID) -> None:
    """Raise ContractBroken for the first interface of the library that breaks a rule."""
    owners: dict[str, str] = {}
    for interface in library.interfaces:
        other = owners.setdefault(interface.iid, interface.name)
        if other != interface.name:
            message = f"{interface.name} and {other} have one IID, {interface.iid}; each interface has its own (R14.4)"
            raise ContractBroken(message, interface.name)
        if WELL_KNOWN.get(interface.name) != interface:
            _check_interface(library, interface, said)


def check_surrogate(library: TypeLibrary, interface: Interface) -> None:
    """R16.11, R19.27: raise ContractBroken for what cannot be called from another process, `[local]` or not."""
    for index, method in enumerate(interface.methods):
        for where, parameter in _places(interface, method):
            reason = _not_remotable(parameter) or _raw_callback(parameter.type)
            if reason:
                message = f"{where}: {reason}; its class cannot live in a process of its own (R16.11, R19.27)"
                raise ContractBroken(message, interface.name, index)
    for base in chain_of(library, interface)[:-1]:
        if WELL_KNOWN.get(base.name) != base:
            check_surrogate(library, base)


def needs_local(interface: Interface) -> bool:
    """Whether some parameter means something in one process only, which `[local]` interfaces may have."""
    return any(_not_remotable(parameter) for method in interface.methods for parameter in method.parameters)


def as_delegate(parameter: Parameter) -> Parameter:
    """R9.1 to R9.3: in an interface a delegate is an object with `_Delegate`, unless it is a `[function]`."""
    kept = tuple(word for word in parameter.attributes if word.name != "function")
    if len(kept) != len(parameter.attributes):
        return parameter.replace(attributes=kept)
    return parameter.replace(type=_with_delegates(parameter.type))


def _with_delegates(ctype: CType) -> CType:
    match ctype:
        case FunctionPointer():
            return Pointer(InterfaceType(DELEGATE))
        case Pointer(FunctionPointer()):
            return Pointer(Pointer(InterfaceType(DELEGATE)))
        case _:
            return ctype


# -- one interface -----------------------------------------------------------------------------------------------------


def _check_interface(library: TypeLibrary, interface: Interface, said: Said) -> None:
    words = {word.name for word in interface.attributes}
    chain = [each.name for each in chain_of(library, interface)]
    if words & {"dual", "dispatch"} and "IDispatch" not in chain[:-1]:
        kind = "dual" if "dual" in words else "a dispinterface"
        raise ContractBroken(f"{interface.name} is {kind}, so it derives from IDispatch (R14.1)", interface.name)
    _refuse_overloads(interface)
    checks = [_check_shape, _check_order, _check_layouts, _check_iid_is]
    if interface.name not in said.local:
        checks.append(_check_pointers)
    if words & {"dual", "dispatch"} or interface.name in said.automation:
        checks.append(refuse_for_automation)
    for index, method in enumerate(interface.methods):
        where = f"{interface.name}.{method.name}"
        try:
            if interface.name not in said.local and (interface.name, index) not in said.preserved:
                _check_result(method, where)
            for check in checks:
                check(library, method, where)
        except DirectiveError as error:
            raise ContractBroken(str(error), interface.name, index) from None


def _refuse_overloads(interface: Interface) -> None:
    """R14.4: one name is one method, or the ways to read and write one property."""
    seen: set[tuple[str, str]] = set()
    kinds: dict[str, bool] = {}
    for index, method in enumerate(interface.methods):
        accessor = next((word for word in _ACCESSORS if method.result.has(word)), "")
        mixed = kinds.setdefault(method.name, bool(accessor)) != bool(accessor)
        if mixed or (method.name, accessor) in seen:
            message = f"{interface.name} has two methods {method.name!r}; interfaces have no overloads (R14.4, R19.33)"
            raise ContractBroken(message, interface.name, index)
        seen.add((method.name, accessor))


def _check_shape(library: TypeLibrary, method: Function, where: str) -> None:  # noqa: ARG001 - checks share a shape
    if method.variadic:
        raise DirectiveError(f"{where}: methods take no variable arguments; write SAFEARRAY(VARIANT) (R19.31)")
    retval_of(method)
    for number, parameter in enumerate(method.parameters, 1):
        only_out = parameter.has("out") and not parameter.has("in")
        word = next((word for word in ("unique", "ptr") if parameter.has(word)), "")
        if only_out and word:
            raise DirectiveError(
                f"{where}, parameter {number} '{parameter.name}': [out] needs storage, so [{word}] does not go with "
                "it; write [in, out] or leave it out (R1.19)"
            )


_RANKS: Final = ("retval", "lcid", "optional", "defaultvalue")
_RANK_OF: Final = {"retval": 3, "lcid": 2, "optional": 1, "defaultvalue": 1}


def _check_order(library: TypeLibrary, method: Function, where: str) -> None:  # noqa: ARG001
    """R1.20: required, then optional, then the locale, then the result."""
    highest = 0
    for number, parameter in enumerate(method.parameters, 1):
        spot = f"{where}, parameter {number} '{parameter.name}'"
        if parameter.has("retval") and parameter.has("optional"):
            raise DirectiveError(f"{spot}: [retval] is never [optional] (R1.20)")
        rank = next((_RANK_OF[word] for word in _RANKS if parameter.has(word)), 0)
        if rank < highest:
            order = "required ones, optional ones, [lcid], [retval]"
            raise DirectiveError(f"{spot}: it stands too late; the order is {order} (R1.20)")
        highest = rank


def _check_iid_is(library: TypeLibrary, method: Function, where: str) -> None:  # noqa: ARG001
    """R1.23: the parameter that says which interface comes back is an IID."""
    types = {parameter.name: parameter.type for parameter in method.parameters}
    for number, parameter in enumerate(method.parameters, 1):
        word = parameter.attribute("iid_is")
        if word is None:
            continue
        spot = f"{where}, parameter {number} '{parameter.name}'"
        ctype = types.get(word.argument)
        target = ctype.target if isinstance(ctype, Pointer) else ctype
        if target != SystemType("GUID"):
            raise DirectiveError(f"{spot}: iid_is({word.argument}) names no REFIID of the method (R1.23)")
        if not isinstance(_pointee(parameter.type), Void | InterfaceType):
            raise DirectiveError(f"{spot}: iid_is(…) goes with an interface or void * (R1.23)")


def _check_result(method: Function, where: str) -> None:
    if method.result.type != _HRESULT:
        raise DirectiveError(
            f"{where}: the result is {c_name(method.result.type)}, and methods return HRESULT (R14.4, R19.33); write "
            "'HRESULT … [out, retval]', or [preserve_sig] if it is so, or [local] on the interface"
        )


def _check_pointers(library: TypeLibrary, method: Function, where: str) -> None:  # noqa: ARG001
    for number, parameter in enumerate(method.parameters, 1):
        if reason := _not_remotable(parameter):
            spot = f"{where}, parameter {number} '{parameter.name}'"
            raise DirectiveError(f"{spot}: {reason}; [local] on the interface keeps it in one process (R14.4, R19.33)")


def _check_layouts(library: TypeLibrary, method: Function, where: str) -> None:
    """R7.22, R19.6: a type library cannot say offsets."""
    for number, parameter in enumerate((method.result, *method.parameters)):
        for name in _records(library, parameter.type, set()):
            if any(field.offset >= 0 for field in library.record(name).fields):
                spot = f"{where}, parameter {number} '{parameter.name}'" if number else f"the result of {where}"
                raise DirectiveError(
                    f"{spot}: {name} has an explicit layout, which no type library can say; explicit layouts are for "
                    "functions, not for interfaces (R7.22, R19.6)"
                )


# -- what parameters are -----------------------------------------------------------------------------------------------


def _places(interface: Interface, method: Function) -> Iterator[tuple[str, Parameter]]:
    for number, parameter in enumerate(method.parameters, 1):
        yield f"{interface.name}.{method.name}, parameter {number} '{parameter.name}'", parameter
    yield f"the result of {interface.name}.{method.name}", method.result


def _not_remotable(parameter: Parameter) -> str:
    """R14.4: why its value means nothing elsewhere; "" when it does."""
    if parameter.has("iid_is") or parameter.has("size_is"):
        return ""
    match _pointee(parameter.type):
        case Void() if isinstance(parameter.type, Pointer):
            return "void * means nothing in another process; write [iid_is(riid)], [size_is(n)], or its type"
        case Opaque(name):
            return f"{name} is opaque, and its address means nothing in another process; write an interface"
        case _:
            return ""


def _raw_callback(ctype: CType) -> str:
    if isinstance(_pointee(ctype), FunctionPointer):
        return "a function pointer is an address of one process; hand over a delegate or an interface"
    return ""


def _pointee(ctype: CType) -> CType:
    while isinstance(ctype, Pointer | Array):
        ctype = ctype.target if isinstance(ctype, Pointer) else ctype.element
    return ctype


def _records(library: TypeLibrary, ctype: CType, seen: set[str]) -> Iterator[str]:
    """The structs that a type holds or points to, and those inside them."""
    target = _pointee(ctype)
    if not isinstance(target, StructType) or target.name in seen:
        return
    seen.add(target.name)
    yield target.name
    for field in library.record(target.name).fields:
        yield from _records(library, field.type, seen)
