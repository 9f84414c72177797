"""A declared library and the host it is loaded in at the moment: started at first use, and again after a death."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import cache, cached_property, partial
from typing import Any

from callgate_protocol.layout import LayoutError, check_records, inside_first, is_overlaid
from callgate_protocol.marshal import DirectiveError, members_of, resolve
from callgate_protocol.model import Function, Record
from callgate_protocol.signatures import Signature
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import encode_library, library_hash

from .convert import TypeSpace
from .declare import Declarations
from .declare.python import PLAIN, Face, PythonSide
from .errors import BrokerLost, Error, HostLost, MarshalDirectiveError, ObjectGone, TypeLoadError
from .host import Host
from .lines import Opener
from .memory import Handle
from .overlays import Overlays
from .plan import DelegatePlan, FunctionPlan
from .process import current
from .records import enum_class, named_members, struct_class
from .unions import union_class

__all__ = ["Binding"]

_ATTEMPTS = 3
"""Starts of a host that dies, or whose broker does, before it has even said hello."""


class Binding:
    """One library of one client: its declaration, its plans, its host. Thread-safe."""

    def __init__(
        self,
        file: str,
        declarations: Declarations,
        opener: Opener,
        deadline: float | None,
        callbacks: Executor | None,
        apartment: str = "",
    ) -> None:
        self.file = file
        self.declared = declarations.library
        self.python = declarations.python
        """The user's own classes, and how functions look to a caller."""
        self.deadline = deadline
        self.apartment = apartment
        """"sta" for a library whose calls all run on one thread of its host."""
        self.numbers = _numbers(declarations)
        self.constants = declarations.constants
        """Named values of the declaration."""
        self.refused = declarations.refused
        """What a header declares and cannot be used, and why."""
        self.missing: frozenset[int] = frozenset()
        """Declared functions that the library does not have."""
        self.host: Host | None = None
        self.number = 0
        """The library's number in its host."""
        self.restarts = 0
        self._open = opener
        self._callbacks = callbacks
        self._closed = ""
        self._owner = os.getpid()
        self._lock = threading.RLock()
        self._plans: dict[int, FunctionPlan] = {}
        self._types: TypeSpace | None = None
        self._overlays = Overlays(self)
        with self._refusals():
            check_records(self.declared)

    @property
    def label(self) -> str:
        """The library's name, for people."""
        return self.file.rpartition("/")[2]

    def ready(self) -> Host:
        """The host, with the library loaded. Raises HostLost, DllNotFoundError, ObjectGone, BrokerLost."""
        host = self.host
        if host is not None and not host.session.dead:
            return host
        if self._owner != os.getpid():  # before the lock, which another thread may have held when the fork happened
            raise ObjectGone(f"{self.label} was loaded before this process was forked; load it again here")
        with self._lock:
            if self._closed:
                raise ObjectGone(f"{self.label} was closed; load it again")
            if self.host is None or self.host.session.dead:
                self.restarts += self.host is not None
                self.host = self._start()
            return self.host

    def plan(self, number: int) -> FunctionPlan:
        """The compiled plan of a function. Raises MarshalDirectiveError."""
        plan = self._plans.get(number)
        if plan is None:
            with self._lock:
                plan = self._plans[number] = FunctionPlan(self.signature(number), self.types, self.face(number))
        return plan

    def signature(self, number: int) -> Signature:
        """A function, decided. Raises MarshalDirectiveError."""
        with self._refusals():
            return resolve(self.declared, self.entry(number))

    def entry(self, number: int) -> Function:
        """What has that number."""
        return self.declared.functions[number]

    def whole_name(self, number: int) -> str:
        """What a person knows it by."""
        return self.entry(number).name

    def face(self, number: int) -> Face:
        """How a function looks to a caller where that differs from its signature."""
        return self.python.faces.get(self.entry(number).name, PLAIN)

    @property
    def types(self) -> TypeSpace:
        """The library's Python types, once a host has said what its scalars look like. Raises MarshalDirectiveError."""
        if self._types is None:
            with self._lock:
                if self._types is None:
                    self._types = self._make_types(self.ready())
        return self._types

    def _make_types(self, host: Host) -> TypeSpace:
        records = self.declared.records
        types = TypeSpace(
            self.label,
            host.session.abi,
            self.members,
            self.structs,
            self.enums,
            self.handles,
            self.delegates,
            {record.name for record in records if is_overlaid(self.declared, record)},
        )
        types.number, types.deadline, types.views = self.number, self.deadline, self._overlays.views
        types.interfaces = self.interfaces
        types.pointed = cache(lambda name: FunctionPlan(types.delegates[name].signature, types))
        self._overlays.types = types
        for delegate in self.delegates.values():
            delegate.compile(types)
        return types

    def layout(self, record: str) -> tuple[int, int, Sequence[Sequence[int]]]:
        """Size, alignment and places of the members of a struct or union in the host (R7.6)."""
        return self._overlays.layout(record)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """A declaration that cannot be marshalled is refused in the name of the library."""
        try:
            yield
        except LayoutError as error:
            raise TypeLoadError(f"{self.label}: {error}") from None
        except DirectiveError as error:
            raise MarshalDirectiveError(f"{self.label}: {error}") from None

    def close(self) -> None:
        """End the host and let nobody use the library again."""
        with self._lock:
            self._closed = "closed"
            host, self.host = self.host, None
        if host is not None:
            host.close("callgate.close was called")

    # -- Python types of the declaration -------------------------------------------------------------------------

    @cached_property
    def members(self) -> Mapping[str, Any]:
        """Members of every struct."""
        with self._refusals():
            return {record.name: members_of(self.declared, record) for record in self.declared.records}

    @cached_property
    def structs(self) -> Mapping[str, Any]:
        """Class of every struct."""
        classes: dict[str, Any] = dict(self.python.structs)
        for record in inside_first(self.declared.records):
            if record.name not in classes:
                classes[record.name] = self._class_of(record, classes)
            elif is_overlaid(self.declared, record):
                views = partial(self._overlays.views, record.name)
                classes[record.name].__callgate_views__ = staticmethod(views)
        return classes

    def _class_of(self, record: Record, classes: Mapping[str, Any]) -> type[Any]:
        members = self.members[record.name]
        if not is_overlaid(self.declared, record):
            return struct_class(record.name, members, classes)
        names, views = named_members(self.members, record.name), partial(self._overlays.views, record.name)
        return union_class(record.name, members, names, views, ordered=not record.union)

    @cached_property
    def enums(self) -> Mapping[str, Any]:
        """IntEnum of every enum."""
        given = self.python.enums
        return {enum.name: given.get(enum.name) or enum_class(enum) for enum in self.declared.enums}

    @cached_property
    def handles(self) -> Mapping[str, type[Handle]]:
        """Class of every opaque type."""
        given = self.python.handles
        names = [opaque.name for opaque in self.declared.opaques]
        return {name: given.get(name) or type(name, (Handle,), {"__slots__": ()}) for name in names}

    @cached_property
    def interfaces(self) -> Mapping[str, Any]:
        """Declaration of every interface."""
        if not self.declared.interfaces:
            return {}
        from .com.closure import family_of  # noqa: PLC0415 - most libraries have functions only

        given = self.python.interfaces
        return {
            name: given.get(name) or declared for name, declared in family_of(self.declared, self._python_side).items()
        }

    @property
    def _python_side(self) -> PythonSide:
        """The library's own classes, which its interfaces use as well."""
        return PythonSide(structs=self.structs, enums=self.enums, handles=self.handles)

    @cached_property
    def interface_classes(self) -> Mapping[str, Any]:
        """Class of every interface."""
        if not self.declared.interfaces:
            return {}
        from .com.modelled import interface_classes  # noqa: PLC0415 - most libraries have functions only

        return interface_classes(self.interfaces)

    @cached_property
    def delegates(self) -> Mapping[str, DelegatePlan]:
        """Plan of every callback shape."""
        delegates = self.declared.delegates
        with self._refusals():
            return {delegate.name: DelegatePlan(resolve(self.declared, delegate)) for delegate in delegates}

    @cached_property
    def encoded(self) -> tuple[bytes, bytes]:
        """The canonical type library and its hash."""
        encoded = encode_library(self.declared)
        return encoded, library_hash(encoded)

    # -- starting ------------------------------------------------------------------------------------------------

    def _start(self) -> Host:
        host = self.connect()
        self._load(host)
        return host

    def connect(self) -> Host:
        """A host in which nothing is loaded yet. Raises HostLost, BrokerLost and what the broker refuses."""
        failure: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                return self._connect()
            except (BrokerLost, ConnectionError, FileNotFoundError) as error:
                failure = error
        if isinstance(failure, Error):
            raise failure
        raise HostLost(f"no host could be started for {self.label}: {failure}", began=False) from failure

    def _connect(self) -> Host:
        opened = self._open(self.label)
        process = current()
        callbacks = self._callbacks
        host = Host(opened, self.label, process.callbacks if callbacks is None else lambda: callbacks)
        process.hosts.add(host)
        host.start()
        return host

    def _load(self, host: Host) -> None:
        encoded, digest = self.encoded
        try:
            self.number, missing = host.system(
                HostFunction.LOAD, self.file, digest, encoded, *filter(None, (self.apartment,))
            )
        except BaseException:
            host.close("loading failed")
            raise
        self.missing = frozenset(missing)


def _numbers(declarations: Declarations) -> dict[str, int]:
    """Functions by the names that a caller uses."""
    numbers = {function.name: number for number, function in enumerate(declarations.library.functions)}
    renamed = declarations.python.names
    taken = set(renamed.values())
    kept = {name: number for name, number in numbers.items() if name not in taken}
    return kept | {name: numbers[function] for name, function in renamed.items()}
