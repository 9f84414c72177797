"""Declared interfaces between Python objects: what of their values crosses, and how their methods are called here."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from callgate.com.declared import Declared, declared_by_iid
from callgate.com.described import Described
from callgate.com.equivalence import refuse_difference
from callgate.com.wellknown import wellknown
from callgate.convert import TypeSpace
from callgate.convert.base import DECODERS, ENCODERS
from callgate.errors import NotSupportedError, TypeLoadError
from callgate_protocol.forms import Address, Code, Context, Form, Handle, Instance, InterfacePointer, Offset, Raw
from callgate_protocol.interfaces import method_places
from callgate_protocol.model import Enum, Record, TypeLibrary

from .methods import Method
from .own_abi import own_abi

if TYPE_CHECKING:
    from callgate.host import Host

__all__ = ["Numbers", "Spoken", "matching", "spoken"]

_NEEDS_MEMORY: Final = (Address, Code, Context, Handle, Instance, Offset, Raw)
"""Forms whose values are places in the memory of one process, which Python objects of another do not have."""


def _refuse(form: Form, types: TypeSpace) -> Any:
    raise NotSupportedError(
        f"{types.library}: a {type(form).__name__} names a place in one process; between Python objects values and "
        "interfaces cross (R16.11): write an array, a text or an interface"
    )


def _declared(form: InterfacePointer, types: TypeSpace) -> Declared:
    """The library's own interface of that name; VARIANTs hold objects whatever a library declares."""
    return types.interfaces.get(form.interface) or wellknown(form.interface)


def _encode_interface(form: InterfacePointer, types: TypeSpace) -> Any:
    declared = _declared(form, types)
    return lambda value, context: context.host.objects.give(value, declared, context)


def _decode_interface(form: InterfacePointer, types: TypeSpace) -> Any:
    declared = _declared(form, types)
    return lambda wire, context: context.host.objects.take(wire, declared, context)


_REFUSED: Final[dict[type[Form], Any]] = dict.fromkeys(_NEEDS_MEMORY, _refuse)
_ENCODERS: Final[dict[type[Form], Any]] = {**ENCODERS, **_REFUSED, InterfacePointer: _encode_interface}
_DECODERS: Final[dict[type[Form], Any]] = {**DECODERS, **_REFUSED, InterfacePointer: _decode_interface}


class Numbers:
    """Who knows by which numbers a peer calls declarations."""

    def number_of(self, declared: Declared) -> int:
        """The number of the library in which the peer has it."""
        raise NotImplementedError


class Spoken(Described):
    """A declaration whose methods have a Python object at the far or at this end."""

    def _introduce(self, host: Host) -> int:
        """A peer knows it already, or nobody needs to."""
        return host.objects.number_of(self.declared_interface) if isinstance(host.objects, Numbers) else 0

    def _make_types(self, host: Host) -> TypeSpace:
        types = super()._make_types(host)
        types.encoders, types.decoders = _ENCODERS, _DECODERS
        return types

    def slot(self, number: int) -> tuple[str, int]:
        """IID of the interface whose method it is, and which of its own methods."""
        method = self._methods[number]
        return self.declared.interface(method.interface).iid, method.index

    @cached_property
    def served(self) -> Mapping[tuple[str, int], Method]:
        """Its methods and those of its bases as they are called here, by IID and place in that interface (R14.1)."""
        found = {}
        for number, method in self._methods.items():
            found[self.slot(number)] = Method(method, self.signature(number), self)
        return found


_HERE: Final = cast("Host", SimpleNamespace(session=SimpleNamespace(abi=own_abi()), dead=False, objects=None))
"""Stands for a host: objects of this process are called without one."""
_SPOKEN: Final[dict[Declared, Spoken]] = {}
_MAKING: Final = threading.RLock()


def spoken(declared: Declared) -> Spoken:
    """A declaration as objects of this process are called through it. Raises DeclarationError."""
    known = _SPOKEN.get(declared)
    if known is None:
        with _MAKING:
            known = _SPOKEN.get(declared)
            if known is None:
                known = _SPOKEN[declared] = Spoken(_HERE, declared)
    return known


def matching(library: TypeLibrary) -> tuple[dict[int, Method], list[int]]:
    """The methods described here by the numbers that a peer's library gives them, and the numbers of the others.

    Raises TypeLoadError for an interface that is declared here in another way (R14.29, R17.15).
    """
    methods: dict[int, Method] = {}
    missing = list(range(len(library.functions)))
    iids = {interface.name: interface.iid for interface in library.interfaces}
    for interface in library.interfaces:
        declared = declared_by_iid(interface.iid)
        if declared is not None:
            mine = declared.interface
            refuse_difference(declared.label, mine, declared.iids, "its peer's", interface, iids)
            _check_types(declared, library)
    for place in method_places(library):
        declared = declared_by_iid(place.interface.iid)
        index = place.interface.methods.index(place.method)
        method = spoken(declared).served.get((place.interface.iid, index)) if declared is not None else None
        if method is None:
            missing.append(place.number)
        else:
            methods[place.number] = method
    return methods, missing


def _check_types(declared: Declared, library: TypeLibrary) -> None:
    ours = declared.library
    groups: Sequence[tuple[Sequence[Record | Enum], Sequence[Record | Enum]]] = (
        (ours.records, library.records),
        (ours.enums, library.enums),
    )
    for mine, theirs in groups:
        known = {each.name: each for each in mine}
        wrong = next((each.name for each in theirs if known.get(each.name, each) != each), None)
        if wrong is not None:
            raise TypeLoadError(f"{wrong} of {declared.label} has other members in the peer's declaration (R17.15)")
