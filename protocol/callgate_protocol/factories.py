"""How an object is had from a library: the shapes of exported factory functions, as data (R16.1, R16.4)."""

from __future__ import annotations

from typing import Final

from .value import Value

__all__ = ["SHAPES", "FactoryShape"]


class FactoryShape(Value):
    """What a factory function takes and gives.

    `takes` names its parameters: `clsid` and `iid` are `const GUID *`, `out` is `void **`. Without `out` the interface
    pointer is the result, else the result is an HRESULT. `gives_factory`: what comes is the class object, which is
    asked for instances with IClassFactory.
    """

    takes: tuple[str, ...]
    function: str
    """The name that is exported when the registry does not say another."""
    gives_factory: bool = False
    borrowed: bool = False
    """Whether the pointer that comes as the result belongs to the library."""

    @property
    def prototype(self) -> str:
        """In C, for people."""
        words = {"clsid": "const GUID *clsid", "iid": "const GUID *iid", "out": "void **out"}
        result = "HRESULT " if "out" in self.takes else "void *"
        return f"{result}{self.function}({', '.join(words[each] for each in self.takes) or 'void'})"


SHAPES: Final[dict[str, FactoryShape]] = {
    "ClassObject": FactoryShape(("clsid", "iid", "out"), "DllGetClassObject", gives_factory=True),
    "CreateObject": FactoryShape(("clsid", "iid", "out"), "CreateObject"),
    "CreateByInterface": FactoryShape(("iid", "out"), "CreateInstance"),
    "Create": FactoryShape(("out",), "CreateInstance"),
    "Returns": FactoryShape((), "CreateInstance"),
    "ReturnsBorrowed": FactoryShape((), "GetFactory", borrowed=True),
}
"""By the word that stands as `Shape` in a registry: COM's own export first, then what other components export
(7-Zip and shader compilers CreateObject, DeckLink Returns, VST3 a factory that stays the library's)."""
