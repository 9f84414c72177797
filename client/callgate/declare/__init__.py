"""C prototypes to the signature model: what users type becomes a `TypeLibrary`.

The language is C's declarations with attributes in brackets, and IDL's interfaces beside them (`docs/idl.md`). No
preprocessor, no expressions beyond integer constants; sizes are the host's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callgate.declare.errors import PrototypeError
from callgate.declare.lowering import Lowering
from callgate.declare.parser import read
from callgate.declare.python import C_ONLY, PythonSide
from callgate_protocol.identity import UNNAMED, Identity
from callgate_protocol.model import CType, TypeLibrary

__all__ = ["Declarations", "PrototypeError", "parse", "parse_declarations"]


class Declarations:
    """Everything that a text or header declares: the library's types and functions, constants and typedefs by name.

    A typedef of a function type stands for the pointer to it, as the model has no function values. `refused` is what a
    header declares and cannot be used, and why.
    """

    __slots__ = ("constants", "identity", "library", "order", "python", "refused", "typedefs")

    def __init__(
        self,
        library: TypeLibrary,
        constants: Mapping[str, Any],
        typedefs: dict[str, CType],
        refused: Mapping[str, str] | None = None,
        python: PythonSide = C_ONLY,
        order: Mapping[str, int] | None = None,
        identity: Identity = UNNAMED,
    ) -> None:
        self.library = library
        self.constants = constants
        self.typedefs = typedefs
        self.refused = refused or {}
        self.order = order or {}
        """Where in a header each name is declared first."""
        self.identity = identity
        """What a `library` block of IDL says of the whole."""
        self.python = python
        """The user's own classes, and how functions look to a caller: for typed declarations."""


def parse_declarations(text: str, *, idl: bool = False) -> Declarations:
    r"""Parse prototypes; PrototypeError says what is wrong, where, and what to do. With `idl`, types are IDL's.

    >>> parse_declarations("#define LIMIT 4\nint f(int v[LIMIT]);").constants
    {'LIMIT': 4}
    """
    state = read(text, idl=idl)
    lowering = Lowering(state)
    constants = {name: value for name, (value, _) in state.values.items()}
    return Declarations(lowering.library, constants, lowering.typedefs, identity=state.identity)


def parse(text: str) -> TypeLibrary:
    """The types and functions that prototypes declare; PrototypeError when they cannot be understood.

    >>> parse("double cos(double x);").functions[0].name
    'cos'
    """
    return parse_declarations(text).library
