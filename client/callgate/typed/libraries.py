"""`@library`: a Protocol whose methods are the functions of a library, and what it declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from callgate.declare import Declarations
from callgate.declare.modes import Modes, apply_modes
from callgate.declare.python import Face, PythonSide
from callgate.errors import DeclarationError, MarshalDirectiveError, TypeLoadError
from callgate.memory import opaque_of
from callgate.sources import FromHeader, Paths, written
from callgate_protocol.blittable import check_result
from callgate_protocol.layout import LayoutError, check_records
from callgate_protocol.marshal import DirectiveError, members_of, resolve
from callgate_protocol.model import Function, OpaqueType, TypeLibrary
from callgate_protocol.value import Value

from .by_header import Headed, Method, says_c
from .callables import c_spelling, read_delegate, read_function, read_inline
from .members import read_record
from .prototypes import Prototype, read_prototypes
from .reading import read
from .scope import Scope, Unresolved, scope_of
from .space import Readers, Space
from .values import lower
from .where import Where

__all__ = ["LibrarySpec", "declarations_of", "library", "native", "prototype", "spec_of"]

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., object])

_READERS = Readers(lower, read_record, read_delegate, read_inline)


class LibrarySpec(Value):
    """What `@library` says about a class."""

    name: str
    modes: Modes
    scope: Scope
    types: tuple[Any, ...] = ()
    header: FromHeader | None = None


class _Native(Value):
    """What `@native` and `@prototype` say about a method."""

    entry_point: str = ""
    charset: str = ""
    throws: bool = False
    prototype: str = ""


def library(
    name: str,
    *,
    charset: str = "",
    strict: bool = False,
    raw: bool = False,
    compat_pin: bool = False,
    encoding: str = "",
    errors: str = "",
    types: Sequence[Any] = (),
    header: Paths = (),
    include_dirs: Paths = (),
    defines: str | Sequence[str] = (),
) -> Callable[[type[T]], type[T]]:
    """A Protocol whose methods are the functions of the library `name`; `callgate.load` makes it callable.

    `charset` is what `str` and `Char` mean ("ansi", "unicode", "auto": R5.1), `strict` wants every text and truth
    value marked (R1.25), `raw` allows only what needs no conversion (R1.24), `compat_pin` makes changes to plain
    arrays and layout classes visible, as pinning does (R1.10). `encoding` and `errors` are those of `char` text (R5.5).
    `types` are classes that no function mentions. With a `header`, C says what the methods are whose annotations do not
    (`def crc32(self, crc: int, buf: bytes, len: int) -> int`); `include_dirs` and `defines` are as for `callgate.load`.
    """
    source = written("", header, include_dirs, defines)
    modes = Modes(charset, strict, raw, compat_pin, encoding, errors)
    if not name:
        raise DeclarationError('a library is named by a file name: @library("libm.so.6")')

    def decorate(cls: type[T]) -> type[T]:
        spec = LibrarySpec(
            name, modes, scope_of(cls, 1), tuple(types), source if isinstance(source, FromHeader) else None
        )
        cls.__callgate_library__ = spec  # type: ignore[attr-defined]
        with suppress(Unresolved):  # what stands further below is there when the library is loaded
            declarations_of(cls)
        return cls

    return decorate


def native(*, entry_point: str = "", charset: str = "", throws: bool = False) -> Callable[[C], C]:
    """Options of one function: the name under which the library exports it (R2.11), its charset (R5.21).

    `throws` is for functions that return an HRESULT: failures are raised, and the result that the annotation names is
    the last of C's parameters, `[out, retval]` (R1.20, R11.6).
    """
    _check_entry_point(entry_point)
    return lambda method: _mark(method, _Native(entry_point, charset, throws))


def prototype(c: str, *, entry_point: str = "") -> Callable[[C], C]:
    """The function is what the C prototype says; the Python annotations are for type checkers only."""
    _check_entry_point(entry_point)
    return lambda method: _mark(method, _Native(entry_point, prototype=c))


def _check_entry_point(name: str) -> None:
    if name.startswith("#"):
        text = f"entry_point={name!r} is an ordinal, and libraries of this system have none; give the function's name"
        raise MarshalDirectiveError(f"{text} (R2.11)")


def _mark(method: C, options: _Native) -> C:
    method.__callgate_native__ = options  # type: ignore[attr-defined]
    return method


def spec_of(cls: Any) -> LibrarySpec:
    """What a class was decorated with. Raises TypeError when it was not."""
    found = vars(cls).get("__callgate_library__") if isinstance(cls, type) else None
    if not isinstance(found, LibrarySpec):
        shown = cls.__name__ if isinstance(cls, type) else repr(cls)
        raise TypeError(f"callgate.load takes a library's name, or a class with @callgate.library, not {shown}")
    return found


def declarations_of(cls: Any) -> Declarations:
    """What a decorated class declares. Raises DeclarationError and its children."""
    known = vars(cls).get("__callgate_declared__")
    if isinstance(known, Declarations):
        return known
    spec = spec_of(cls)
    declared = _declare(cls, spec)
    cls.__callgate_declared__ = declared
    return declared


def _declare(cls: Any, spec: LibrarySpec) -> Declarations:
    space = Space(cls.__name__, spec.modes, _READERS)
    functions: dict[str, Function] = {}
    names: dict[str, str] = {}
    texts: list[Prototype] = []
    plain: list[Method] = []
    for method_name, (method, scope) in _methods(cls, spec).items():
        options = getattr(method, "__callgate_native__", _Native())
        c_name = options.entry_point or c_spelling(method_name)
        if options.prototype or spec.header is not None:
            hints = scope.hints(method, f"{space.label}.{method_name}")
            if options.prototype or not says_c(hints):
                for hint in hints.values():
                    space.know(hint)
                texts += [Prototype(method_name, options.prototype, options.entry_point)] if options.prototype else []
                plain += [] if options.prototype else [Method(method_name, c_name, method)]
                continue
        _claim(space, functions, names, method_name, c_name)
        charset = options.charset or spec.modes.charset
        found = read_function(space, method, c_name, charset, scope, throws=options.throws)
        text = f"{method_name}{inspect.signature(method)}"
        functions[c_name] = Function(c_name, found.result, found.parameters, found.variadic, text)
        if found.face != Face():
            space.faces[c_name] = found.face
    for mentioned in spec.types:
        space.lower(read(mentioned), Where(space.label, f"type {mentioned!r}", "field", "", "", spec.modes))
    space.settle()
    if spec.header is None:
        read_prototypes(space, texts, functions, names)
        return _checked(space, functions, names)
    return _with_header(space, Headed(spec.name, spec.header, space.label), functions, names, texts, plain)


def _with_header(
    space: Space,
    headed: Headed,
    functions: dict[str, Function],
    names: dict[str, str],
    texts: list[Prototype],
    plain: list[Method],
) -> Declarations:
    """The library, with what the header says of the methods and types that Python does not describe."""
    told: dict[str, Function] = {}
    for each, function in headed.prototypes(space, texts):
        _claim(space, functions | told, names, each.method, function.name)
        told[function.name] = function
    for method in plain:
        _claim(space, functions | told, names, method.python, method.c_name)
        told[method.c_name], face = headed.function(method)
        if face != Face():
            space.faces[method.c_name] = face
    opaques = headed.adopt(space, told)
    declared = _checked(space, functions | told, names, opaques)
    return Declarations(declared.library, headed.constants, {}, headed.refused, declared.python)


def _claim(
    space: Space, functions: Mapping[str, Function], names: dict[str, str], method_name: str, c_name: str
) -> None:
    """Note what a method is called in C. Raises DeclarationError when another one is that function already."""
    if c_name in functions:
        raise DeclarationError(f"{space.label}.{method_name}: {c_name} is declared twice; keep one of them")
    names[method_name] = c_name


def _methods(cls: Any, spec: LibrarySpec) -> dict[str, tuple[Any, Scope]]:
    """The functions of a class and of the decorated classes it inherits from, in order."""
    found: dict[str, tuple[Any, Scope]] = {}
    for base in reversed(cls.__mro__):
        if base in (object, Generic, Protocol):
            continue
        own = vars(base).get("__callgate_library__", spec)
        for name, method in vars(base).items():
            if name.startswith("__") or (name.startswith("_") and not inspect.isfunction(method)):
                continue
            if isinstance(method, property | staticmethod | classmethod):
                raise DeclarationError(f"{cls.__name__}.{name}: a library has functions only; write a plain method")
            if inspect.isfunction(method) and not name.startswith("_abc_"):
                found[name] = (method, own.scope)
    return found


def _with_interfaces(space: Space, library: TypeLibrary, side: PythonSide) -> tuple[TypeLibrary, PythonSide]:
    """The library with the interfaces that its functions mention, and everything that those reach."""
    from callgate.com.closure import reach  # noqa: PLC0415 - most libraries have functions only

    reached = reach(space.interfaces.values(), space.label, library)
    return reached.library, side.replace(
        structs={**reached.python.structs, **side.structs},
        enums={**reached.python.enums, **side.enums},
        handles={**reached.python.handles, **side.handles},
        interfaces=reached.interfaces,
    )


def _checked(
    space: Space, functions: dict[str, Function], names: dict[str, str], others: Sequence[OpaqueType] = ()
) -> Declarations:
    opaques = {opaque.name: opaque for opaque in (*others, *map(opaque_of, space.handles.values()))}
    library = TypeLibrary(
        functions=tuple(functions[name] for name in sorted(functions)),
        records=tuple(space.records[name] for name in sorted(space.records)),
        enums=tuple(space.enums[name] for name in sorted(space.enums)),
        delegates=tuple(space.delegates[name] for name in sorted(space.delegates)),
        opaques=tuple(opaques[name] for name in sorted(opaques)),
        coclasses=tuple(space.coclasses[name] for name in sorted(space.coclasses)),
    )
    renamed = {python: c for python, c in names.items() if python != c}
    side = PythonSide(space.structs, space.enum_classes, space.handles, space.faces, names=renamed)
    if space.interfaces:
        library, side = _with_interfaces(space, library, side)
    library, side = apply_modes(library, side, space.modes, space.label)
    try:
        check_records(library)
        for record in library.records:
            members_of(library, record)
        for delegate in library.delegates:
            resolve(library, delegate)
        for function in library.functions:
            resolve(library, function)
            check_result(library, function)
    except LayoutError as error:
        raise TypeLoadError(f"{space.label}: {error}") from None
    except DirectiveError as error:
        raise MarshalDirectiveError(f"{space.label}: {error}") from None
    return Declarations(library, {}, {}, python=side)
