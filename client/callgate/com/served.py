"""Python objects called by name: what IDispatch of an object of this process answers (R14.15, R14.21 to R14.24)."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from callgate.convert import Mismatch
from callgate.errors import InvalidCastError
from callgate.failures import hr_for_exception
from callgate.values import Box
from callgate.variant import UnknownWrapper
from callgate_protocol.automation import OBJECT_MEMBERS
from callgate_protocol.dispatch import (
    FIRST_OWN_DISPID,
    GET,
    METHOD,
    NEW_ENUM,
    PROPERTY_PUT,
    PUTREF,
    PUTS,
    UNKNOWN,
    VALUE,
)
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import BStr, Variant
from callgate_protocol.rpccodes import Code
from callgate_protocol.system import HostFunction
from callgate_protocol.vartypes import BYREF

from .classes import class_interface_of, declared_interfaces, visible_members, words_of
from .coercion import coerced
from .declared import Declared, Method
from .delegates import MEMBERS, DelegateObject, members_of
from .implemented import Offer, class_interfaces
from .object_members import is_of_object, object_member
from .objects import ComObject
from .wellknown import wellknown

if TYPE_CHECKING:
    from callgate.convert import CallContext
    from callgate.convert.base import TypeSpace

__all__ = ["Refusal", "Table", "failed", "perform", "table_of"]

_UNKNOWN_NAME: Final = Code.DISP_E_UNKNOWNNAME.signed
_OBJECT: Final = members_of(OBJECT_MEMBERS)


class Refusal(Exception):
    """A call that does not reach the object: the HRESULT, and which argument is wrong."""

    def __init__(self, code: Code, argument: int = -1) -> None:
        super().__init__(code)
        self.code = code.signed
        self.argument = argument


class Member(NamedTuple):
    """One member of a class as native code sees it."""

    name: str
    dispid: int
    kind: str
    """"method" or "property"."""
    method: Method | None = None
    """Its declaration, when an interface has it."""
    of_object: bool = False
    accessors: Mapping[str, Method] = {}
    """By kind, of a property with arguments: methods of the Python object."""


class Table:
    """The members of a class by name and by DISPID."""

    def __init__(self, members: Sequence[Member], *, iterates: bool = False) -> None:
        self.iterates = iterates
        """Whether whoever asks may go through its elements (R14.8), which no interface declares."""
        self._by_name: dict[str, Member] = {}
        self._folded: dict[str, Member] = {}
        self._by_id: dict[int, Member] = {}
        for member in members:
            self._by_name.setdefault(member.name, member)
            self._folded.setdefault(member.name.casefold(), member)
            self._by_id.setdefault(member.dispid, member)

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, name: str) -> Member | None:
        """R14.21: the exact name, else the first declared that differs by case only."""
        return self._by_name.get(name) or self._folded.get(name.casefold())

    def get(self, dispid: int) -> Member | None:
        """The member of that number."""
        return self._by_id.get(dispid)


_TABLES: Final[dict[tuple[type[Any], Declared | None, bool], Table]] = {}


def table_of(cls: type[Any], declared: Declared | None, *, native: bool = True) -> Table:
    """What an object of a class answers through one of its interfaces; DISPIDs of a declaration come first.

    Native code that this process has given the object sees the public members as well; other processes see those of a
    class that says so itself: nothing else of it is declared (R18.1).
    """
    known = _TABLES.get((cls, declared, native))
    if known is None:
        shows = class_interface_of(cls) == "dispatch" and (native or bool(words_of(cls).class_interface))
        made = Table(_members(cls, declared, shows=shows), iterates=native)
        known = _TABLES.setdefault((cls, declared, native), made)
    return known


def _members(cls: type[Any], declared: Declared | None, *, shows: bool) -> list[Member]:
    if cls is DelegateObject:
        return [Member(name, number, kind) for name, (number, kind) in MEMBERS.items()]
    interfaces = [*([declared] if declared else []), *declared_interfaces(cls)]
    if class_interface_of(cls) == "dual":
        interfaces += class_interfaces(cls)
    found = [member for each in interfaces for member in _declared_members(each)]
    if not shows:
        return found
    own = visible_members(cls)
    found += [Member(name, FIRST_OWN_DISPID + index, kind) for index, (name, kind) in enumerate(own.items())]
    return found + [
        Member(name, number, kind, of_object=True) for name, (number, kind) in _OBJECT.items() if name not in own
    ]


def _declared_members(declared: Declared) -> list[Member]:
    members = []
    indexed: dict[int, dict[str, Method]] = {}
    for method in declared.methods.values():
        number = method.dispid
        if number is None:
            continue
        if is_of_object(method):
            members.append(Member(method.python, number, "method", of_object=True))
        elif method.kind != "method" and method.manner == "method":
            accessors = indexed.setdefault(number, {})
            accessors[method.kind] = method
            members.append(Member(method.function.name, number, "property", method, accessors=accessors))
        else:
            kind = "method" if method.kind == "method" else "property"
            members.append(Member(method.python, number, kind, method))
    return members


# -- what native code asks ---------------------------------------------------------------------------------------------


def perform(
    target: Any,
    question: int,
    request: Sequence[Any],
    table: Table,
    types: TypeSpace,
    context: CallContext,
) -> Any:
    """Answer a question about an object of this process, which has these members for whoever asks.

    A proxy is asked where its object lives: whoever asks cannot reach that (R17.11).
    """
    if isinstance(target, ComObject):
        from .passed import perform_passed  # noqa: PLC0415 - most objects are reached directly

        return perform_passed(target, question, request, types, context)
    if question == HostFunction.NAMES and len(request) == 3:
        return _names(table, request[1])
    if question == HostFunction.DISPATCH and len(request) == 6:
        return _Call(target, request, table, types, context).answer()
    raise RemoteProtocolError("native code asked IDispatch of an object for something that it does not have")


def _names(table: Table, names: Any) -> list[Any]:
    if type(names) is not list or not names or not all(type(name) is str for name in names):
        raise RemoteProtocolError("expected names")
    member = table.find(names[0])
    if member is None:
        return [_UNKNOWN_NAME, [UNKNOWN] * len(names)]
    parameters = [name.casefold() for name in _parameters(member)]
    numbers = [member.dispid]
    for name in names[1:]:
        folded = name.casefold()
        numbers.append(parameters.index(folded) if folded in parameters else UNKNOWN)
    return [_UNKNOWN_NAME if UNKNOWN in numbers[1:] else 0, numbers]


def _parameters(member: Member) -> list[str]:
    """Names of a member's parameters, where they are known: their DISPIDs are their places."""
    if member.method is not None:
        return [parameter.name for parameter in member.method.function.parameters]
    return []


def failed(error: BaseException, types: TypeSpace, context: CallContext) -> list[Any]:
    """R14.23: what Invoke says of an exception, with EXCEPINFO."""
    text = types.encoder(BStr())
    source = str(getattr(error, "source", "") or type(error).__name__)
    told = [source, str(error), str(getattr(error, "help_link", "") or "")]
    wires = [text(each, context) for each in told]
    return [Code.DISP_E_EXCEPTION.signed, [0, None], [], [int(hr_for_exception(error)), *wires, 0], -1]


class _Call:
    """One Invoke."""

    def __init__(
        self, target: Any, request: Sequence[Any], table: Table, types: TypeSpace, context: CallContext
    ) -> None:
        _iid, self._dispid, self._flags, _lcid, self._wires, self._named = request
        self._target = target
        self._types = types
        self._context = context
        self._table = table
        self._encode = types.encoder(Variant())
        self._boxes: dict[int, Box[Any]] = {}
        """What came by reference, by the index of its parameter."""
        self._places: dict[int, int] = {}
        """Where each of them stood among the arguments."""

    def answer(self) -> list[Any]:
        """`[HRESULT, result, [[index, changed VARIANT], …], exception or nil, index of a wrong argument or -1]`."""
        try:
            result = self._perform()
            encoded = self._encode(result, self._context)
            changed = [
                [self._places[index], self._encode(box.value, self._context)] for index, box in self._boxes.items()
            ]
            self._context.result = result, self._boxes
        except Refusal as refusal:
            return [refusal.code, [0, None], [], None, refusal.argument]
        except Mismatch as fault:
            return failed(InvalidCastError(f"the result cannot be sent: {fault.text}"), self._types, self._context)
        except BaseException as error:  # R14.20: whatever it is, it must not unwind native code
            return failed(error, self._types, self._context)
        return [0, encoded, changed, None, -1]

    def _perform(self) -> Any:
        if self._dispid == NEW_ENUM and self._flags & (METHOD | GET) and self._table.iterates:
            return _enumerator(self._target)
        if isinstance(self._target, DelegateObject) and self._dispid == VALUE and self._flags & METHOD:
            return self._bound(self._target.function, [self._decoded(wire) for wire in self._wires], {})
        member = self._table.get(self._dispid)
        if member is None:
            raise Refusal(Code.DISP_E_MEMBERNOTFOUND)
        return self._accessed(member) if member.accessors else self._reached(member)

    def _reached(self, member: Member) -> Any:
        arguments, named = self._arguments(member)
        if member.of_object:
            return object_member(self._target, member.name, arguments)
        if self._flags & PUTS:
            return self._put(member, arguments)
        if member.kind == "property":
            value = getattr(self._target, member.name)
            return value if not arguments else self._bound(value, arguments, named)
        return self._spread(member, self._bound(getattr(self._target, member.name, None), arguments, named))

    def _accessed(self, member: Member) -> Any:
        """A property with arguments: a method of the Python object for each access."""
        kinds = ("putref", "put") if self._flags & PUTREF else ("put", "putref") if self._flags & PUTS else ("get",)
        accessor = next((member.accessors[kind] for kind in kinds if kind in member.accessors), None)
        if accessor is None:
            raise Refusal(Code.DISP_E_MEMBERNOTFOUND)
        arguments, named = self._arguments(member._replace(method=accessor))
        return self._bound(getattr(self._target, accessor.python, None), arguments, named)

    def _decoded(self, wire: Any) -> Any:
        return self._types.decoder(Variant())(wire, self._context)

    def _put(self, member: Member, arguments: list[Any]) -> None:
        if member.kind != "property":
            raise Refusal(Code.DISP_E_MEMBERNOTFOUND)
        if len(arguments) != 1:
            raise Refusal(Code.DISP_E_BADPARAMCOUNT)
        setattr(self._target, member.name, arguments[0])

    def _arguments(self, member: Member) -> tuple[list[Any], dict[str, Any]]:
        decode = self._types.decoder(Variant())
        values = [self._coerced(member, index, index, wire, decode) for index, wire in enumerate(self._wires)]
        names = _parameters(member)
        named: dict[str, Any] = {}
        for place, (number, wire) in enumerate(self._named, len(self._wires)):
            if number == PROPERTY_PUT:
                values.append(self._coerced(member, len(values), place, wire, decode))
            elif 0 <= number < len(names):
                named[names[number]] = self._coerced(member, number, place, wire, decode)
            else:
                raise Refusal(Code.DISP_E_PARAMNOTFOUND, place)
        return values, named

    def _coerced(self, member: Member, index: int, place: int, wire: Any, decode: Any) -> Any:
        """R14.24: the declared type, by the rules of VariantChangeType; a reference where nothing is declared.

        It is for parameter `index`, and came as argument `place`.
        """
        try:
            value = coerced(decode(wire, self._context), member.method, index, Refusal)
        except Mismatch as fault:
            raise Refusal(Code.DISP_E_TYPEMISMATCH, place) from fault
        except Refusal as refusal:
            refusal.argument = place
            raise
        is_reference = type(wire) is list and type(wire[0]) is int and wire[0] & BYREF
        if is_reference:
            self._boxes[index], self._places[index] = Box(value), place
            return value if member.method is not None else self._boxes[index]
        return value

    def _bound(self, function: Any, arguments: list[Any], named: Mapping[str, Any]) -> Any:
        if not callable(function):
            raise Refusal(Code.DISP_E_MEMBERNOTFOUND)
        try:
            inspect.signature(function).bind(*arguments, **named)
        except TypeError:
            raise Refusal(Code.DISP_E_BADPARAMCOUNT) from None
        except ValueError:
            pass  # a function of C that does not say what it takes
        return function(*arguments, **named)

    def _spread(self, member: Member, result: Any) -> Any:
        """What a declared member gives: its result, then what goes back through references (section 0 of the rules)."""
        if member.method is None or not self._boxes:
            return result
        parameters = member.method.function.parameters
        outs = [index for index, each in enumerate(parameters) if each.has("out") and not each.has("retval")]
        has_result = any(each.has("retval") for each in parameters)
        values = list(result) if isinstance(result, tuple) else [result]
        for index, value in zip(outs, values[has_result:], strict=False):
            if index in self._boxes:
                self._boxes[index].value = value
        return values[0] if has_result else None


# -- enumeration -------------------------------------------------------------------------------------------------------


class _Enumerator:
    """IEnumVARIANT over what a Python object gives (R14.8, R14.15)."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._next = 0

    def Next(self, count: int) -> tuple[int, list[Any], int]:  # noqa: N802 - COM's names
        """So many elements, fewer at the end, which S_FALSE says."""
        found = list(self._values[self._next : self._next + count])
        self._next += len(found)
        return int(len(found) < count), found, len(found)

    def Skip(self, count: int) -> int:  # noqa: N802 - COM's names
        """Pass over elements."""
        self._next += count
        return int(self._next > len(self._values))

    def Reset(self) -> None:  # noqa: N802 - COM's names
        """Begin again."""
        self._next = 0

    def Clone(self) -> Offer:  # noqa: N802 - COM's names
        """Another one that stands at the same element."""
        copy = _Enumerator(self._values)
        copy._next = self._next
        return Offer(copy, wellknown("IEnumVARIANT"))


def _enumerator(target: Any) -> UnknownWrapper:
    if not hasattr(type(target), "__iter__"):
        raise Refusal(Code.DISP_E_MEMBERNOTFOUND)
    return UnknownWrapper(Offer(_Enumerator(list(target)), wellknown("IEnumVARIANT")))
