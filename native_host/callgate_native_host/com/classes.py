"""What an object says its class is (R14.9, steps 4 and 5)."""

from __future__ import annotations

from typing import Any, Final

from callgate_native_host.backend import Backend
from callgate_protocol.interfaces import PLAIN, Shape
from callgate_protocol.standard import IID_NULL, IIDS

from .unknown import Unknown

__all__ = ["ClassQuestions"]

_GET_CLASS_INFO, _GET_GUID = 3, 4
_GET_TYPE_ATTR, _RELEASE_TYPE_ATTR = 3, 19
_DEFAULT_SOURCE: Final = 1


class ClassQuestions:
    """Asks objects for their class. Those of families with a binary shape of their own have no answer."""

    def __init__(self, backend: Backend, unknown: Unknown) -> None:
        pointer, result, number = backend.pointer, backend.primitive("int32_t"), backend.primitive("uint32_t")
        self._backend = backend
        self._unknown = unknown
        self._out = backend.function_type((pointer, pointer), result, variadic=False)
        self._kind_and_out = backend.function_type((pointer, number, pointer), result, variadic=False)
        self._give_back = backend.function_type((pointer, pointer), backend.void, variadic=False)
        self._cell = backend.pointer_to(pointer)

    def classes_of(self, identity: int, shape: Shape) -> list[str]:
        """GUIDs that may be the CLSID of an object: what IProvideClassInfo2.GetGUID gives, then its type description's.

        The first is the interface of the object's events by contract, and some objects give their class instead (Q3 of
        the rule book): whoever knows the registered classes decides.
        """
        if shape != PLAIN:
            return []
        found = [
            self._ask(identity, "IProvideClassInfo2", self._guid_of_events),
            self._ask(identity, "IProvideClassInfo", self._guid_of_type),
        ]
        return [guid for guid in found if guid and guid != IID_NULL]

    def _ask(self, identity: int, interface: str, question: Any) -> str:
        result, pointer = self._unknown.query(identity, IIDS[interface], PLAIN)
        if result < 0:
            return ""
        try:
            answer: str = question(pointer)
            return answer
        finally:
            self._unknown.release(pointer, PLAIN)

    def _method(self, pointer: int, index: int, shape: Any) -> Any:
        return self._backend.at(shape, self._unknown.slot(pointer, index, PLAIN))

    def _guid_of_events(self, pointer: int) -> str:
        memory, address = self._backend.allocate(16)
        failed = self._method(pointer, _GET_GUID, self._kind_and_out)(pointer, _DEFAULT_SOURCE, address) < 0
        text = "" if failed else self._unknown.read_iid(address, PLAIN)
        del memory
        return text

    def _guid_of_type(self, pointer: int) -> str:
        description = self._out_of(pointer, _GET_CLASS_INFO)
        if not description:
            return ""
        try:
            attributes = self._out_of(description, _GET_TYPE_ATTR)
            if not attributes:
                return ""
            text = self._unknown.read_iid(attributes, PLAIN)  # the GUID is the first member of TYPEATTR
            self._method(description, _RELEASE_TYPE_ATTR, self._give_back)(description, attributes)
            return text
        finally:
            self._unknown.release(description, PLAIN)

    def _out_of(self, pointer: int, index: int) -> int:
        """What a method without arguments gives through its one out pointer; 0 when it fails."""
        out = self._backend.newp(self._cell)
        failed = self._method(pointer, index, self._out)(pointer, self._backend.address_of(out)) < 0
        return 0 if failed else int(out[0])
