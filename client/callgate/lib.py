"""A library as a Python object: its attributes are the library's own functions, and nothing else."""

from __future__ import annotations

import difflib
from types import TracebackType
from typing import Any, Self

from .binding import Binding
from .errors import EntryPointNotFoundError
from .functions import NativeFunction

__all__ = ["Lib", "binding_of"]


class Lib:
    """A loaded library. Operations on it are functions of the module: `callgate.close(lib)`, `callgate.info(lib)`."""

    def __init__(self, binding: Binding) -> None:
        self.__dict__["__callgate__"] = binding

    def __getattr__(self, name: str) -> NativeFunction:
        binding: Binding = self.__dict__["__callgate__"]
        number = binding.numbers.get(name)
        if number is None and name.endswith("_"):
            number = binding.numbers.get(name[:-1])
        if number is None:
            raise EntryPointNotFoundError(_undeclared(binding, name), name=name, obj=self)
        if number in binding.missing:
            symbol = binding.declared.functions[number].name
            text = f"{binding.label} has no function {symbol!r}"
            raise EntryPointNotFoundError(text if symbol == name else f"{text}, for {name}", name=name, obj=self)
        function = NativeFunction(binding, number)
        self.__dict__[name] = function
        return function

    def __dir__(self) -> list[str]:
        binding: Binding = self.__dict__["__callgate__"]
        return [name for name, number in binding.numbers.items() if number not in binding.missing]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        binding_of(self).close()

    def __repr__(self) -> str:
        binding: Binding = self.__dict__["__callgate__"]
        host = binding.host
        where = (
            f"host process {host.session.process}" if host is not None and not host.dead else "no host at the moment"
        )
        return f"<library {binding.file}: {len(binding.numbers)} functions, {where}>"


def binding_of(lib: Any) -> Binding:
    """The binding behind a library object. Raises TypeError for anything else."""
    binding = getattr(lib, "__dict__", {}).get("__callgate__")
    if not isinstance(binding, Binding):
        raise TypeError(f"expected a library that callgate.load gave, got {type(lib).__name__}")
    return binding


def _undeclared(binding: Binding, name: str) -> str:
    reason = binding.refused.get(name) or binding.refused.get(name.removesuffix("_"))
    if reason:
        return f"{name!r} of the header of {binding.label} cannot be used: {reason}"
    close = difflib.get_close_matches(name, binding.numbers, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"no prototype for {name!r} was given to callgate.load({binding.file!r}, …){hint}"
