"""Interface pointers: proxies, and objects of this process that native code calls (R14.9, R14.14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from callgate.com.declared import Declared, declared_by_iid
from callgate.com.delegates import is_wanted, object_of
from callgate.com.implemented import Offer, interfaces_of, wrapper_class
from callgate.com.objects import ComObject, answers, no_interface
from callgate.com.wellknown import wellknown
from callgate.errors import InvalidCastError
from callgate.memory import place_of
from callgate.values import Constant
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import InterfacePointer
from callgate_protocol.references import read_reference

from .base import CallContext, Decoder, Encoder, Mismatch, TypeSpace, wrong_type

__all__ = ["decode_interface", "encode_interface"]

_PLAIN: Final = (int, float, complex, str, bytes, bytearray, memoryview, list, tuple, dict, set, frozenset)
"""Values that nobody means when an object is asked for."""


def _declared(form: InterfacePointer, types: TypeSpace) -> Declared:
    """The library's own interface of that name; VARIANTs hold objects whatever a library declares."""
    return types.interfaces.get(form.interface) or wellknown(form.interface)


def encode_interface(form: InterfacePointer, types: TypeSpace) -> Encoder:
    """None, a proxy, or any object that has methods of the interface (R14.14)."""
    declared = _declared(form, types)

    def encode(value: Any, context: CallContext) -> Any:
        if value is None:
            return None
        if isinstance(value, ComObject):
            return _proxy(value, declared, context, chosen=bool(form.iid_is))
        if isinstance(value, Offer):
            if answers(value.value, value.declared):  # another process's object, which is called there (R17.11)
                return _proxy(value.value, value.declared, context, chosen=False)
            return context.host.objects.lend(value.value, [value.declared], context)
        if is_wanted(declared.iid, value):
            if not callable(value):
                raise wrong_type("a callable for the delegate (_Delegate, R9.2), or None", value)
            return context.host.objects.lend(object_of(value), [declared], context)
        if isinstance(value, (*_PLAIN, type, Constant)):
            raise wrong_type(f"an object with the interface {declared.name}, or None", value)
        interfaces = interfaces_of(value, declared)
        if not interfaces and declared.methods:
            methods = ", ".join(list(declared.methods)[:3])
            raise wrong_type(f"an object with the methods of {declared.name} ({methods}…)", value)
        return context.host.objects.lend(value, interfaces, context)

    return encode


def _proxy(value: ComObject, declared: Declared, context: CallContext, *, chosen: bool) -> Any:
    if value._host is not context.host:  # noqa: SLF001 - proxies are made here
        return _foreign(value, declared, context, chosen=chosen)
    wire = place_of(value, context.host)
    if not chosen and not answers(value, declared):
        raise Mismatch(InvalidCastError, str(no_interface(value, declared)))
    return wire


def _foreign(value: ComObject, declared: Declared, context: CallContext, *, chosen: bool) -> Any:
    """R17.11: who can connect gets a reference of its own; for others this process passes calls on."""
    if not chosen and not answers(value, declared):
        raise Mismatch(InvalidCastError, str(no_interface(value, declared)))
    known = [each for each in value._interfaces if each is not declared]  # noqa: SLF001
    from callgate.remoting.handing import can_reach, hand_over, undelivered  # noqa: PLC0415 - few programs need it

    if not can_reach(context.host, value, declared):
        return context.host.objects.lend(value, [declared, *known], context)
    wire = hand_over(value, declared)
    context.cleanups.append(lambda: undelivered(value, wire))
    if context.host.session.serves != "python":
        wire["interfaces"] = context.host.objects.described([declared, *known])
    return wire


def decode_interface(form: InterfacePointer, types: TypeSpace) -> Decoder:
    """The one proxy of a native object, or the very object of this process (R14.9)."""
    declared = _declared(form, types)
    known: Mapping[str, Declared] = {each.iid: each for each in types.interfaces.values()}
    named = (form.clsid,) if form.clsid else ()

    def decode(wire: Any, context: CallContext) -> Any:
        if wire is None:
            return None
        if type(wire) is dict and "object" in wire:
            return _home(wire["object"], context)
        reference, _ = read_reference(wire)
        classes = [*named, *_classes(wire)]
        host = context.host
        if reference.token is not None and reference.incarnation != host.session.incarnation:
            from callgate.remoting.handing import arrived  # noqa: PLC0415 - few programs are handed objects

            return arrived(reference, declared, host)
        if "lent" in wire:
            from callgate.remoting.handing import met_as_peer  # noqa: PLC0415 - few programs call each other's objects

            if (other_way := met_as_peer(host, reference.object, wire["lent"])) is not None:
                return other_way
        proxy = host.holdings.proxy(reference, lambda: wrapper_class(classes)(host, reference.object), prompt=True)
        if reference.interface == declared.iid:
            proxy._learn(declared)  # noqa: SLF001 - native code said so
        elif (other := known.get(reference.interface) or declared_by_iid(reference.interface)) is not None:
            proxy._learn(other)  # noqa: SLF001
        return proxy

    return decode


def _classes(wire: dict[str, Any]) -> list[str]:
    classes = wire.get("classes", [])
    if type(classes) is not list or not all(type(each) is str for each in classes):
        raise RemoteProtocolError("the classes of an object are GUIDs")
    return classes


def _home(number: Any, context: CallContext) -> Any:
    try:
        return context.host.objects.lent.find(number)
    except (KeyError, TypeError):
        raise RemoteProtocolError(f"object {number!r} came back, which was not lent or was given back") from None
