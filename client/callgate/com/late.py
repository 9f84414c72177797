"""Members called by name, through IDispatch (R14.21 to R14.25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from callgate.convert import CallContext, Mismatch
from callgate.errors import ComError, NotSupportedError
from callgate.failures import exception_for_hr
from callgate.values import Box
from callgate.variant import VariantWrapper
from callgate_protocol.dispatch import GET, METHOD, OWN_CODES, PROPERTY_PUT, PUT, PUTREF, UNKNOWN
from callgate_protocol.forms import BStr, Variant
from callgate_protocol.rpccodes import Code
from callgate_protocol.standard import IIDS
from callgate_protocol.system import HostFunction

from .described import Described
from .wellknown import wellknown

if TYPE_CHECKING:
    from .objects import ComObject

__all__ = [
    "LateMethod",
    "ask_late",
    "call_by_name",
    "call_late",
    "dispid_of",
    "invoke",
    "names_late",
    "read",
    "write",
]

_IID: Final = IIDS["IDispatch"]
_ARGUMENT_CODES: Final = frozenset({Code.DISP_E_TYPEMISMATCH, Code.DISP_E_PARAMNOTFOUND, Code.DISP_E_BADVARTYPE})
_NOT_A_VALUE: Final = frozenset(
    {
        Code.DISP_E_MEMBERNOTFOUND,
        Code.DISP_E_BADPARAMCOUNT,
        Code.DISP_E_PARAMNOTOPTIONAL,
        Code.DISP_E_PARAMNOTFOUND,
    }
)
"""What an object says of a method that is read as a property: no such member, or arguments are missing."""
_MASK: Final = (1 << 32) - 1


def _dispatch(proxy: ComObject) -> Described:
    """R14.25: the object as something that is called by name. Raises NotSupportedError."""
    from .objects import answers  # noqa: PLC0415 - it needs this module

    declared = wellknown("IDispatch")
    if not answers(proxy, declared):
        raise NotSupportedError(
            f"{proxy!r} does not implement IDispatch, so it has no members by name (R14.25, R19.37)"
        )
    return proxy._host.objects.describe(declared)  # noqa: SLF001 - proxies and their host belong together


def dispid_of(proxy: ComObject, name: str, parameters: Sequence[str] = ()) -> list[int]:
    """The DISPIDs of a member and of its parameters, case aside. `[DISPID=n]` is n (R14.24).

    Raises AttributeError for a member, TypeError for a parameter that the object does not know (R14.21).
    """
    if name.startswith("[DISPID=") and name.endswith("]"):
        return [int(name[8:-1])]
    known = proxy._members  # noqa: SLF001
    if name not in known or parameters:
        result, ids = names_late(proxy, [name, *parameters], 0)
        if result < 0:
            raise _unknown_name(proxy, name, parameters, result, ids)
        if parameters:
            return list(ids)
        known[name] = ids[0]
    return [known[name]]


def _unknown_name(proxy: ComObject, name: str, parameters: Sequence[str], result: int, ids: Sequence[int]) -> Exception:
    code = result & _MASK
    if code != Code.DISP_E_UNKNOWNNAME:
        return exception_for_hr(result, f"GetIDsOfNames({name!r}) of {proxy!r}") or ComError("failed")
    if ids[0] == UNKNOWN:
        return AttributeError(f"{proxy!r} has no member {name!r} (DISP_E_UNKNOWNNAME)", name=name, obj=proxy)
    missing = [parameter for parameter, number in zip(parameters, ids[1:], strict=True) if number == UNKNOWN]
    return TypeError(f"{name} of {proxy!r} has no parameter {', '.join(missing) or parameters} (DISP_E_UNKNOWNNAME)")


class Told(NamedTuple):
    """What an object says of its failure."""

    code: int
    source: str
    description: str
    help_link: str


class LateReply(NamedTuple):
    """One answer of Invoke."""

    code: int
    result: Any
    changed: list[tuple[int, Any]]
    """(index, value) of what went by reference: positional arguments, then those by name from the last to the first."""
    told: Told | None
    wrong: int
    """Which argument the object blames, from the end; -1 for none."""


def call_late(
    proxy: ComObject, member: int, flags: int, arguments: Sequence[Any], named: Mapping[int, Any], name: str
) -> Any:
    """Invoke a member. A `Box` among the arguments goes by reference and is updated (R13.8).

    Raises ComError and its children, MarshalError before the object is called.
    """
    reply = ask_late(proxy, member, flags, 0, arguments, list(named.items()), name)
    if reply.code < 0:
        raise _failure(reply.code, reply.told, reply.wrong, len(arguments), name)
    for index, value in reply.changed:
        if index < len(arguments) and isinstance(arguments[index], Box):
            arguments[index].value = value
    return reply.result


def ask_late(
    proxy: ComObject,
    member: int,
    flags: int,
    lcid: int,
    arguments: Sequence[Any],
    named: Sequence[tuple[int, Any]],
    name: str,
) -> LateReply:
    """What an object says to an Invoke, whatever it is. Raises MarshalError before it is called."""
    described = _dispatch(proxy)
    host, types = proxy._host, described.types  # noqa: SLF001
    encode, decode = types.encoder(Variant()), types.decoder(Variant())
    context = CallContext(host)
    if host.lends:
        context.depart()
    try:
        try:
            given = [_encoded(encode, value, context, name, index + 1) for index, value in enumerate(arguments)]
            pairs = [[number, _encoded(encode, value, context, name, 0)] for number, value in named]
        except BaseException:
            context.take_back()
            raise
        place = {"at": [proxy._check(), 0]}  # noqa: SLF001
        request = [place, described.number, member, flags, lcid, given, pairs, _IID]
        reply, payloads = host.ask(HostFunction.DISPATCH, request, context.payloads, name)
        context.received = payloads
        code, result, changed, exception, wrong = reply.result
        told = None if exception is None else _told(exception, types.decoder(BStr()), context)
        if code < 0:
            return LateReply(code, None, [], told, wrong)
        return LateReply(code, decode(result, context), [(at, decode(wire, context)) for at, wire in changed], told, -1)
    finally:
        context.finish()


def names_late(proxy: ComObject, names: Sequence[str], lcid: int) -> list[Any]:
    """What an object says to GetIDsOfNames: `[HRESULT, [DISPID, …]]`."""
    _dispatch(proxy)
    found: list[Any] = proxy._host.system(HostFunction.NAMES, {"at": [proxy._check(), 0]}, list(names), lcid, _IID)  # noqa: SLF001
    return found


def _encoded(encode: Any, value: Any, context: CallContext, name: str, position: int) -> Any:
    try:
        return encode(VariantWrapper(value.value) if isinstance(value, Box) else value, context)
    except Mismatch as fault:
        raise fault.kind(f"argument {position or 'by name'} of {name}{fault.path}: {fault.text}") from None


def _told(exception: Any, decode: Any, context: CallContext) -> Told:
    """R14.23: EXCEPINFO; its own small numbers stand for codes of the interface."""
    number, scode, source, description, help_file, help_context = exception
    texts = [decode(wire, context) or "" for wire in (source, description, help_file)]
    link = f"{texts[2]}#{help_context}" if texts[2] and help_context else texts[2]
    return Told(scode or OWN_CODES + number, texts[0], texts[1], link)


def _failure(code: int, told: Told | None, wrong: int, count: int, name: str) -> BaseException:
    """R14.23: what EXCEPINFO tells, or which argument is wrong: objects count from the last one."""
    unsigned = code & _MASK
    if told is not None and unsigned in (Code.DISP_E_EXCEPTION, told.code & _MASK):
        failure = exception_for_hr(told.code, name, told.description)
        if failure is not None:
            failure.source, failure.help_link = told.source, told.help_link
            return failure
    position = count - wrong if 0 <= wrong < count else 0
    where = f"argument {position} of {name}" if position and unsigned in _ARGUMENT_CODES else name
    made = exception_for_hr(code, where) or ComError(f"{name} failed", hresult=code)
    if position:
        made.add_note(f"argument {position} of {count} is meant")
    return made


class LateMethod:
    """A member of an object that is called by name."""

    __slots__ = ("__name__", "__self__", "_flags", "_member")

    def __init__(self, proxy: ComObject, member: int, name: str, flags: int = METHOD | GET) -> None:
        self._flags = flags
        self.__self__ = proxy
        self.__name__ = name
        self._member = member

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it; `callgate.Missing` stands for a middle argument that is left out."""
        if not named:
            return call_late(self.__self__, self._member, self._flags, arguments, {}, self.__name__)
        return call_by_name(self.__self__, self.__name__, self._flags, arguments, named)

    def __repr__(self) -> str:
        return f"<member {self.__name__} of {self.__self__!r}>"


def call_by_name(
    proxy: ComObject, name: str, flags: int, arguments: Sequence[Any], named: Mapping[str, Any] | None = None
) -> Any:
    """Invoke a member by name, with arguments by name too."""
    parameters = tuple(named or ())
    member, *ids = dispid_of(proxy, name, parameters)
    values = dict(zip(ids, (named or {}).values(), strict=True))
    return call_late(proxy, member, flags, arguments, values, name)


def read(proxy: ComObject, name: str) -> Any:
    """`proxy.Name`: the value of a property, or a method to call. An object is asked once which of the two it is."""
    member = dispid_of(proxy, name)[0]
    methods = proxy._late_methods  # noqa: SLF001
    if name in methods:
        return LateMethod(proxy, member, name)
    try:
        return call_late(proxy, member, GET, (), {}, name)
    except ComError as error:
        if (error.hresult or 0) & _MASK not in _NOT_A_VALUE:
            raise
    methods.add(name)
    return LateMethod(proxy, member, name)


def write(proxy: ComObject, name: str, value: Any) -> None:
    """`proxy.Name = value`: objects are put by reference (R14.22)."""
    from .objects import ComObject as Proxy  # noqa: PLC0415 - it needs this module

    member = dispid_of(proxy, name)[0]
    flags = PUTREF if isinstance(value, Proxy) else PUT
    call_late(proxy, member, flags, (), {PROPERTY_PUT: value}, name)


def invoke(proxy: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
    """Call a member by name whatever its kind: a method, or a property with arguments (R14.22).

    `proxy.Name(…)` does so too, but asks first whether `Name` is a property. `"[DISPID=n]"` is the member with that
    number. Raises NotSupportedError for an object without IDispatch (R14.25), AttributeError for an unknown member.
    """
    return call_by_name(proxy, name, METHOD | GET, arguments, named)
