"""Structs that live in a host: `callgate.new(zlib, "z_stream")` (fields are read and written there)."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from callgate_protocol.forms import Form, Raw, Series, Structure
from callgate_protocol.signatures import Member
from callgate_protocol.system import HostFunction

# ruff: noqa: SLF001 - a view and the memory it shows belong together
from .convert import CallContext, Mismatch, TypeSpace
from .errors import ArgumentError
from .host import Host
from .memory import Addressable, Memory, Remote
from .records import python_name

__all__ = ["HostStruct", "HostView", "StructMemory"]


class HostView(Addressable):
    """A struct or array inside a host-owned struct. Attributes and items are read and written in the host."""

    __slots__ = ("__weakref__", "_form", "_offset", "_owner", "_path", "_space")

    def __init__(
        self,
        owner: Memory,
        space: tuple[int, str, TypeSpace],
        form: Form,
        path: tuple[str | int, ...],
        offset: int = 0,
    ) -> None:
        object.__setattr__(self, "_owner", owner)
        object.__setattr__(self, "_space", space)
        object.__setattr__(self, "_form", form)
        object.__setattr__(self, "_path", path)
        object.__setattr__(self, "_offset", offset)

    def __getattr__(self, name: str) -> Any:
        return self._get(*self._member(name))

    def __setattr__(self, name: str, value: Any) -> None:
        self._set(*self._member(name), value)

    def __getitem__(self, index: int) -> Any:
        return self._get(*self._element(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._set(*self._element(index), value)

    def __len__(self) -> int:
        if not isinstance(self._form, Series):
            raise TypeError(f"{self!r} is a struct and has no length")
        return self._form.length

    def __dir__(self) -> list[str]:
        return list(self._members())

    def _place(self) -> tuple[Remote, int]:
        raise ArgumentError(f"{self!r} is a part of a struct; only whole structs have an address that can be passed")

    def __repr__(self) -> str:
        _, record, _ = self._space
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self._path)
        return f"<{record}{path} in {self._owner!r}>"

    def _members(self) -> dict[str, tuple[str, Form]]:
        if not isinstance(self._form, Structure | Raw):
            return {}
        return _members_of(self._space[2].members, self._form.record)

    def _member(self, name: str) -> tuple[str, Form]:
        members = self._members()
        if name not in members:
            raise AttributeError(f"{self!r} has no member {name!r}; it has {', '.join(members) or 'none'}")
        return members[name]

    def _element(self, index: int) -> tuple[int, Form]:
        if not isinstance(self._form, Series):
            raise TypeError(f"{self!r} is no array")
        if self._form.length == 0 and index >= 0:
            return index, self._form.element  # R6.15: the host knows how much memory lies behind the struct
        position = index + self._form.length if index < 0 else index
        if not 0 <= position < self._form.length:
            raise IndexError(f"index {index} is outside {self!r}, which has {self._form.length} elements")
        return position, self._form.element

    def _get(self, step: str | int, form: Form) -> Any:
        if isinstance(form, Structure | Raw | Series):
            return HostView(self._owner, self._space, form, (*self._path, step), self._offset)
        library, record, types = self._space
        host: Host = self._owner._host
        place = {"at": [self._owner._check(), self._offset]}
        name = f"{record}.{step}"
        arguments = [library, record, place, [*self._path, step]]
        reply, payloads = host.ask(HostFunction.GET, arguments, [], name)
        return types.decoder(form)(reply.result, CallContext(host, payloads))

    def _set(self, step: str | int, form: Form, value: Any) -> None:
        library, record, types = self._space
        host: Host = self._owner._host
        place = {"at": [self._owner._check(), self._offset]}
        context = CallContext(host)
        try:
            wire = types.encoder(form)(value, context)
        except Mismatch as fault:
            text = f"member '{step}'{fault.path} of {record}: {fault.text}"
            raise fault.kind(text, library=types.library, path=f"'{step}'{fault.path}") from None
        arguments = [library, record, place, [*self._path, step], wire]
        host.ask(HostFunction.SET, arguments, context.payloads, f"{record}.{step}")


def _members_of(members: Mapping[str, tuple[Member, ...]], record: str) -> dict[str, tuple[str, Form]]:
    """Members by their Python names; those of unnamed members as if they were the record's own."""
    found: dict[str, tuple[str, Form]] = {}
    for member in members[record]:
        if member.name:
            found[python_name(member.name)] = member.name, member.form
        elif isinstance(member.form, Structure | Raw):
            found |= _members_of(members, member.form.record)
    return found


class StructMemory(Memory):
    """The memory of a host-owned struct; knows the object that the user holds for it."""

    __slots__ = ("_holder",)

    def __init__(self, host: Host, number: int) -> None:
        super().__init__(host, number)
        self._holder: weakref.ref[HostStruct] | None = None

    @property
    def _face(self) -> Any:
        holder = self._holder() if self._holder is not None else None
        return self if holder is None else holder


class HostStruct(HostView):
    """A whole struct at one address in the host; passed by pointer, freed by `callgate.free` or when collected."""

    __slots__ = ()

    def __init__(self, owner: StructMemory, library: int, record: str, types: TypeSpace) -> None:
        super().__init__(owner, (library, record, types), Structure(record), ())
        owner._holder = weakref.ref(self)

    def _place(self) -> tuple[Remote, int]:
        return self._owner, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner._free()
