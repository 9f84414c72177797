"""Making objects of a library's classes: its factory function, class objects, licences (R16.1, R16.20)."""

from __future__ import annotations

from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_native_host.convert.places import Places
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.libc import Libc
from callgate_native_host.loading import Libraries
from callgate_native_host.scope import Scope
from callgate_protocol.activation_codes import CODES
from callgate_protocol.errors import Fault
from callgate_protocol.factories import SHAPES, FactoryShape
from callgate_protocol.guids import read_guid
from callgate_protocol.interfaces import Shape
from callgate_protocol.placement import ThreadingModel
from callgate_protocol.rpccodes import Code, signed
from callgate_protocol.standard import IIDS

from .service import Com
from .wrapped import Contract

__all__ = ["Activation"]

_MOST: Final = 256
_CREATE_INSTANCE, _CREATE_INSTANCE_LIC = 3, 7
_E_NOINTERFACE: Final = Code.E_NOINTERFACE.signed


class Activation:
    """`HostFunction.ACTIVATE`. Objects are made on the thread of the call; no class object is kept."""

    def __init__(self, backend: Backend, libc: Libc, places: Places, com: Com, libraries: Libraries) -> None:
        self._backend = backend
        self._com = com
        self._libraries = libraries
        self._libc = libc
        self._places = places
        pointer, result = backend.pointer, backend.primitive("int32_t")
        self._cell = backend.pointer_to(pointer)
        self._shapes = {
            shape: backend.function_type(
                [pointer] * len(shape.takes), result if "out" in shape.takes else pointer, False
            )
            for shape in SHAPES.values()
        }
        self._create = backend.function_type([pointer] * 4, result, False)
        self._create_licensed = backend.function_type([pointer] * 6, result, False)

    def activate(
        self, scope: Scope, library: Any, factory: Any, clsid: Any, interfaces: Any, options: Any
    ) -> list[Any]:
        """R16.1: one object and what it answers for each interface: `[{"ref": …} or nil, [HRESULT, …]]`.

        The object is asked for as the first interface that it can be made as: some factories know no IUnknown. Raises
        Fault (`ComError`) with the code of the factory, or CO_E_ERRORINDLL for a library that exports none.
        """
        contracts = self._contracts(interfaces)
        if type(options) is not dict:
            raise expected("a map of options", options)
        makers = self._maker(scope, library, factory, _guid(clsid), options)
        codes: list[int] = []
        for contract in contracts:
            result, pointer = makers(contract)
            if result < 0:
                codes.append(result)
                if result != _E_NOINTERFACE:
                    raise self._failed(library, result)
                continue
            wire = self._com.wrappers.take(pointer, contract, scope, counted=not makers.borrowed)
            entry = self._com.wrappers.use(wire["ref"].object, scope)
            entry.agile = entry.agile or options.get("threading") == ThreadingModel.NEUTRAL.value
            rest = contracts[len(codes) + 1 :]
            return [wire, [*codes, result, *(self._com.wrappers.ask(entry, each.iid) for each in rest)]]
        return [None, codes]

    def _contracts(self, interfaces: Any) -> list[Contract]:
        if type(interfaces) is not list or not 0 < len(interfaces) <= _MOST:
            raise expected(f"1 to {_MOST} interfaces", interfaces)
        contracts = []
        for pair in interfaces:
            if type(pair) is not list or len(pair) != 2 or not all(type(each) is int for each in pair):
                raise expected("the numbers of a library and an interface", pair)
            contracts.append(self._com.offered(*pair).contract)
        return contracts

    def _maker(self, scope: Scope, library: Any, factory: Any, clsid: str, options: dict[str, Any]) -> _Maker:
        if type(library) is not int or type(factory) is not list or [type(each) for each in factory] != [str, str]:
            raise expected("a library, and the shape and name of its factory", [library, factory])
        shape = SHAPES.get(factory[0])
        if shape is None:
            raise Mismatch(
                f"{factory[0]!r:.80} is no shape of a factory: there are {', '.join(SHAPES)}", "ArgumentError"
            )
        name = factory[1] or shape.function
        loaded = self._libraries.get(library)
        function = loaded.symbol(name, self._shapes[shape])
        if function is None:
            text = f"{loaded.file} exports no {name} ({shape.prototype}); see Factory and Shape of its registration"
            raise Fault("ComError", text, hresult=_signed("CO_E_ERRORINDLL"), description=f"{text} (R16.3)")
        return _Maker(self, shape, function, clsid, self._licence(scope, options), bool(options.get("class_object")))

    def _licence(self, scope: Scope, options: dict[str, Any]) -> int | None:
        """R16.20: the licence as a BSTR of the host, freed when the call is over."""
        given = options.get("licence")
        if given is None:
            return None
        from callgate_native_host.convert.bstr import BStrConverter  # noqa: PLC0415 - few classes need a licence

        return BStrConverter(self._backend, self._libc, self._places).from_wire(given, scope)

    def _failed(self, library: int, result: int) -> Fault:
        file = self._libraries.get(library).file
        text = f"the factory of {file} failed with {result & 0xFFFFFFFF:#010x}"
        return Fault("ComError", text, hresult=result, description=f"the factory of {file} gave no object (R16.1)")

    # -- for makers ------------------------------------------------------------------------------------------------

    def call(self, shape: FactoryShape, function: Any, clsid: str, iid: str, binary: Shape) -> tuple[int, int]:
        """Call a factory function: its HRESULT, and the pointer that it gave."""
        unknown, out = self._com.wrappers.unknown, self._backend.newp(self._cell)
        places = {"clsid": lambda: unknown.iid_address(clsid, binary), "iid": lambda: unknown.iid_address(iid, binary)}
        places["out"] = lambda: self._backend.address_of(out)
        result = function(*(places[each]() for each in shape.takes))
        if "out" not in shape.takes:
            return (0, int(result)) if result else (Code.E_POINTER.signed, 0)
        return _checked(result, out[0])

    def create(self, factory: int, iid: str, binary: Shape, licence: int | None) -> tuple[int, int]:
        """IClassFactory::CreateInstance, or IClassFactory2::CreateInstanceLic with a licence. Nothing is aggregated."""
        unknown, out = self._com.wrappers.unknown, self._backend.newp(self._cell)
        place = self._backend.address_of(out)
        if licence is None:
            address = unknown.slot(factory, _CREATE_INSTANCE, binary)
            result = self._backend.at(self._create, address)(factory, 0, unknown.iid_address(iid, binary), place)
        else:
            address = unknown.slot(factory, _CREATE_INSTANCE_LIC, binary)
            method = self._backend.at(self._create_licensed, address)
            result = method(factory, 0, 0, unknown.iid_address(iid, binary), licence, place)
        return _checked(result, out[0])

    def release(self, pointer: int, binary: Shape) -> None:
        """Give a class object back."""
        self._com.wrappers.unknown.release(pointer, binary)


class _Maker:
    """One activation: asked for an interface, it makes an object."""

    def __init__(
        self,
        activation: Activation,
        shape: FactoryShape,
        function: Any,
        clsid: str,
        licence: int | None,
        class_object: bool,
    ) -> None:
        self.borrowed = shape.borrowed
        self._activation = activation
        self._shape = shape
        self._function = function
        self._clsid = clsid
        self._licence = licence
        self._direct = class_object or not shape.gives_factory
        if licence is not None and self._direct:
            text = "a licence is for class objects with IClassFactory2, which this factory does not give (R16.20)"
            raise Fault("ComError", text, hresult=_signed("CLASS_E_NOTLICENSED"), description=text)

    def __call__(self, contract: Contract) -> tuple[int, int]:
        """The HRESULT, and a pointer that is the caller's unless it is borrowed."""
        activation, binary = self._activation, contract.shape
        if self._direct:
            return activation.call(self._shape, self._function, self._clsid, contract.iid, binary)
        factory_iid = IIDS["IClassFactory" if self._licence is None else "IClassFactory2"]
        result, factory = activation.call(self._shape, self._function, self._clsid, factory_iid, binary)
        if result < 0:
            licensed = self._licence is not None and result == _E_NOINTERFACE
            return (_signed("CLASS_E_NOTLICENSED") if licensed else result), 0
        try:
            return activation.create(factory, contract.iid, binary, self._licence)
        finally:
            activation.release(factory, binary)


def _checked(result: int, pointer: int) -> tuple[int, int]:
    """A success without a pointer is a broken factory's."""
    if result < 0:
        return result, 0
    return (result, pointer) if pointer else (Code.E_POINTER.signed, 0)


def _signed(name: str) -> int:
    return signed(CODES[name])


def _guid(wire: Any) -> str:
    try:
        return read_guid(wire)
    except ValueError as error:
        raise Mismatch(str(error), "ArgumentError") from None
