"""The interfaces that this process knows by their IID: only what is described here crosses (R17.15)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from callgate.binding import Binding
from callgate.convert import TypeSpace
from callgate.declare import Declarations
from callgate.declare.python import C_ONLY, PythonSide
from callgate.errors import MarshalDirectiveError, NotSupportedError
from callgate.lines import Opened
from callgate_protocol.forms import Address, Code, Context, Form, Handle, Instance, InterfacePointer, Offset, Raw
from callgate_protocol.interfaces import chain_of, method_places
from callgate_protocol.marshal import resolve
from callgate_protocol.model import Enum, Interface, Record, TypeLibrary
from callgate_protocol.typelib import encode_library, library_hash

from .methods import Method
from .own_abi import own_abi

__all__ = ["KNOWN", "Contract", "Contracts", "same"]

_NEEDS_MEMORY: Final = (Address, Code, Context, Handle, Instance, Offset, Raw)
"""Forms whose values are places in the memory of one process, which Python objects of another do not have."""


class Contract(TypeSpace):
    """One described library: its types as Python sees them, and its methods as they are called here."""

    def __init__(self, library: TypeLibrary, python: PythonSide = C_ONLY) -> None:
        binding = Binding("", Declarations(library, {}, {}, python=python), _nowhere, None, None)
        overlaid: set[str] = set()
        super().__init__(
            "a Python object", own_abi(), binding.members, binding.structs, binding.enums, {}, {}, overlaid
        )
        self.described = library

    @cached_property
    def encoded(self) -> tuple[bytes, bytes]:
        """The canonical type library and its hash."""
        encoded = encode_library(self.described)
        return encoded, library_hash(encoded)

    @cached_property
    def _methods(self) -> dict[str, list[Method]]:
        found: dict[str, list[Method]] = {}
        for place in method_places(self.described):
            method = Method(place, resolve(self.described, place.method), self)
            found.setdefault(place.interface.iid, []).append(method)
        return found

    def methods_of(self, iid: str) -> list[Method]:
        """An interface's own methods, in their order (R14.1)."""
        return self._methods.get(iid, [])

    def encoder(self, form: Form) -> Any:
        """See `TypeSpace`: interfaces go the way of whoever serves."""
        if isinstance(form, InterfacePointer):
            return lambda value, context: context.host.give(value, self.iid_of(form.interface), context)
        self._refuse(form)
        return super().encoder(form)

    def decoder(self, form: Form) -> Any:
        """See `TypeSpace`."""
        if isinstance(form, InterfacePointer):
            return lambda wire, context: context.host.take(wire, self.iid_of(form.interface), context)
        self._refuse(form)
        return super().decoder(form)

    def iid_of(self, name: str) -> str:
        """The IID of an interface of this library."""
        return self.described.interface(name).iid

    def _refuse(self, form: Form) -> None:
        if isinstance(form, _NEEDS_MEMORY):
            raise NotSupportedError(
                f"a {type(form).__name__} names a place in one process; between Python objects only values and "
                "interfaces cross (R16.11): write an array, a text or an interface"
            )


def _nowhere(label: str) -> Opened:
    raise NotSupportedError(f"{label} has no host")


class Contracts:
    """By IID. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Contract] = {}

    def add(self, contract: Contract) -> None:
        """Know the interfaces of a library. Raises MarshalDirectiveError for an IID that is known with other slots."""
        with self._lock:
            for interface in contract.described.interfaces:
                known = self._known.setdefault(interface.iid, contract)
                if known is not contract and not same(known.described, contract.described, interface):
                    raise MarshalDirectiveError(
                        f"{interface.name} {interface.iid} is declared here with other methods already (R17.15)"
                    )

    def find(self, iid: str) -> Contract | None:
        """Where an interface is described; None when it is not known here."""
        return self._known.get(iid)

    def matching(self, library: TypeLibrary) -> tuple[dict[int, Method], list[int]]:
        """The methods described here by the numbers that a peer's library gives them, and the numbers of the others.

        Raises MarshalDirectiveError for an interface that is described here in another way (R17.15).
        """
        methods: dict[int, Method] = {}
        missing = list(range(len(library.functions)))
        for place in method_places(library):
            contract = self.find(place.interface.iid)
            if contract is None:
                missing.append(place.number)
                continue
            if not same(contract.described, library, place.interface):
                text = f"{place.interface.name} {place.interface.iid} is another interface to its owner (R17.15)"
                raise MarshalDirectiveError(text)
            index = next(at for at, method in enumerate(place.interface.methods) if method is place.method)
            methods[place.number] = contract.methods_of(place.interface.iid)[index]
        return methods, missing


KNOWN: Final = Contracts()
"""What this process has described."""


def same(one: TypeLibrary, other: TypeLibrary, interface: Interface) -> bool:
    """Whether an interface means the same in two libraries: same slots, and same types behind them (R17.15)."""
    try:
        mine = next(each for each in one.interfaces if each.iid == interface.iid)
        theirs = next(each for each in other.interfaces if each.iid == interface.iid)
        chains = [
            [(each.iid, each.methods, each.attributes) for each in chain_of(library, found)]
            for library, found in ((one, mine), (other, theirs))
        ]
    except StopIteration:
        return False
    return chains[0] == chains[1] and _agree(one.records, other.records) and _agree(one.enums, other.enums)


def _agree(ours: Sequence[Record | Enum], theirs: Sequence[Record | Enum]) -> bool:
    known = {each.name: each for each in ours}
    return all(known.get(each.name, each) == each for each in theirs)
