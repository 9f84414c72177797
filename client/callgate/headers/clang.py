"""libclang at work: a header becomes a translation unit, and clang evaluates what its macros stand for."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from callgate.errors import DeclarationError
from callgate.headers.extra import bring
from callgate.headers.locate import builtin_directories

__all__ = ["Compiler", "Number"]

Number: TypeAlias = int | float | str
_NAME: Final = "callgate_header.c"
_VALUE, _ADDRESS = "callgate_value_", "callgate_address_"
_INTEGER, _FLOATING = 1, 2
"""Kinds of `CXEvalResult`."""
_ERROR: Final = 3


class Compiler:
    """Clang with the options of one header."""

    def __init__(self, includes: Sequence[str], include_dirs: Iterable[str], defines: Iterable[str]) -> None:
        self.cindex: Any = bring("clang.cindex", "reading a C header")
        self._index = _index(self.cindex)
        self._source = "".join(f'#include "{path}"\n' for path in includes)
        self._arguments = ["-x", "c", "-std=gnu17", "-ferror-limit=0", "-Wno-everything", "-fno-builtin"]
        self._arguments += [f"-I{path}" for path in include_dirs]
        self._arguments += [f"-D{word}" for word in defines]
        for path in builtin_directories():
            self._arguments += ["-isystem", path]

    def parse(self) -> Any:
        """The translation unit. Raises DeclarationError when the header does not compile."""
        kinds = self.cindex.TranslationUnit
        options = kinds.PARSE_DETAILED_PROCESSING_RECORD | kinds.PARSE_SKIP_FUNCTION_BODIES
        unit = self._parse(self._source, options)
        faults = [found for found in unit.diagnostics if found.severity >= _ERROR]
        if faults:
            more = f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else ""
            place = faults[0].location
            where = f"{place.file.name}, line {place.line}: " if place.file else ""
            raise DeclarationError(
                f"clang cannot read the header: {where}{faults[0].spelling}{more}; "
                "include_dirs=[…] says where other headers are, defines=[…] sets macros"
            )
        return unit

    def values(self, macros: Sequence[str]) -> dict[str, tuple[str, Number]]:
        """What macros stand for that are constants: `("value", 3)`, `("value", "text")`, `("address", -1)`.

        Each becomes a variable; those that do not compile are no constants, and clang says so on their line.
        """
        lines = [f"__auto_type {_VALUE}{name} = ({name});" for name in macros]
        lines += [f"long long {_ADDRESS}{name} = (long long)({name});" for name in macros]
        unit = self._parse(self._source + "\n".join(lines) + "\n", 0)
        wrong = {found.location.line for found in unit.diagnostics if found.severity >= _ERROR}
        found: dict[str, tuple[str, Number]] = {}
        for cursor in unit.cursor.get_children():
            prefix = next((word for word in (_VALUE, _ADDRESS) if cursor.spelling.startswith(word)), "")
            if not prefix or cursor.location.line in wrong:
                continue
            name = cursor.spelling.removeprefix(prefix)
            value = self._value(cursor) if prefix == _VALUE else self._integer(cursor)
            if value is not None and name not in found:
                found[name] = ("value" if prefix == _VALUE else "address", value)
        return found

    def takes_arguments(self, macro: Any) -> bool:
        """Whether a macro is one with arguments."""
        return bool(self.cindex.conf.lib.clang_Cursor_isMacroFunctionLike(macro))

    def _parse(self, source: str, options: int) -> Any:
        try:
            return self._index.parse(_NAME, self._arguments, [(_NAME, source)], options)
        except self.cindex.TranslationUnitLoadError as error:
            raise DeclarationError(f"clang cannot read the header: {error}") from None

    def _value(self, cursor: Any) -> Number | None:
        """The value of a variable's initialiser: a number, or a text."""
        kinds = self.cindex.TypeKind
        kind = cursor.type.get_canonical()
        if kind.kind == kinds.POINTER:
            return self._text(cursor) if kind.get_pointee().kind == kinds.CHAR_S else None
        return self._evaluate(cursor)

    def _integer(self, cursor: Any) -> int | None:
        value = self._evaluate(cursor)
        return value if isinstance(value, int) else None

    def _text(self, cursor: Any) -> str | None:
        literals = self.cindex.CursorKind.STRING_LITERAL
        found = next((each for each in cursor.walk_preorder() if each.kind == literals), None)
        if found is None or not found.spelling.startswith('"'):
            return None
        with contextlib.suppress(UnicodeError):
            return str(found.spelling[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape"))
        return None

    def _evaluate(self, cursor: Any) -> int | float | None:
        library = self.cindex.conf.lib
        result = library.clang_Cursor_Evaluate(cursor)
        if not result:
            return None
        try:
            kind = library.clang_EvalResult_getKind(result)
            if kind == _FLOATING:
                return float(library.clang_EvalResult_getAsDouble(result))
            if kind != _INTEGER:
                return None
            if library.clang_EvalResult_isUnsignedInt(result):
                return int(library.clang_EvalResult_getAsUnsigned(result))
            return int(library.clang_EvalResult_getAsLongLong(result))
        finally:
            library.clang_EvalResult_dispose(result)


def _index(cindex: Any) -> Any:
    """An index, with the functions of libclang that its Python package leaves out."""
    index = cindex.Index.create()
    library = cindex.conf.lib
    library.clang_Cursor_Evaluate.argtypes = [cindex.Cursor]
    library.clang_Cursor_Evaluate.restype = ctypes.c_void_p
    for name, result in _EVALUATION.items():
        function = getattr(library, f"clang_EvalResult_{name}")
        function.argtypes = [ctypes.c_void_p]
        function.restype = result
    library.clang_Cursor_isMacroFunctionLike.argtypes = [cindex.Cursor]
    library.clang_Cursor_isMacroFunctionLike.restype = ctypes.c_uint
    return index


_EVALUATION: Final[dict[str, Any]] = {
    "getKind": ctypes.c_int,
    "getAsLongLong": ctypes.c_longlong,
    "getAsUnsigned": ctypes.c_ulonglong,
    "getAsDouble": ctypes.c_double,
    "isUnsignedInt": ctypes.c_uint,
    "dispose": None,
}
