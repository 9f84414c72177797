"""Conversions without a host around them: plans of a library, run on the thread of the test."""

from __future__ import annotations

import weakref
from typing import Any

from callgate_native_host.backend import Backend
from callgate_native_host.com.callables import Callables
from callgate_native_host.com.error_objects import ErrorObjects
from callgate_native_host.com.foreign import Foreign
from callgate_native_host.com.handing import Handing
from callgate_native_host.com.service import Com
from callgate_native_host.com.wrapped import Wrappers
from callgate_native_host.convert.places import Places
from callgate_native_host.convert.space import Tools
from callgate_native_host.delegates import DelegatePlan
from callgate_native_host.libc import Libc
from callgate_native_host.loading import Libraries, Library, Runners
from callgate_native_host.objects import Objects
from callgate_native_host.scope import Scope
from callgate_native_host.thunks import Thunk
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.model import TypeLibrary
from callgate_protocol.typelib import encode_library, library_hash
from callgate_transport.serving.roles import Gone
from callgate_transport.serving.session import Session


class CountingBackend(Backend):
    """Knows which pieces of memory it has handed out are alive."""

    def __init__(self) -> None:
        super().__init__()
        self._newp = self.newp
        self.alive: set[weakref.ref[Any]] = set()
        self.newp = self._counted

    def _counted(self, *arguments: Any) -> Any:
        memory = self._newp(*arguments)
        self.alive.add(weakref.ref(memory, self.alive.discard))
        return memory


class CountingLibc(Libc):
    """Knows how many of its copies were not freed by us."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.copies = 0

    def copy(self, data: bytes) -> int:
        self.copies += 1
        return super().copy(data)

    def free(self, address: int) -> None:
        self.copies -= 1
        super().free(address)


def _no_errors() -> ErrorObjects:
    raise NotImplementedError("functions have no error objects")


def _nobody(*_: Any) -> Any:
    raise Gone


class Bench:
    """One library, one session, and calls that happen at once."""

    def __init__(self, file: str, model: TypeLibrary) -> None:
        self.backend = CountingBackend()
        self.libc = CountingLibc(self.backend)
        self.objects = Objects(bytes(16))
        self.session = Session(bytes(16), DEFAULT_LIMITS, lambda: None)
        wrappers = Wrappers(self.backend, self.objects)
        callables = Callables(self.backend, wrappers.unknown, lambda _session, _references: None)
        com = Com(
            wrappers,
            callables,
            lambda number, index: libraries.get(number).methods.offered(index),
            lambda: (),
            _no_errors,
            Foreign(lambda number: libraries.get(number), lambda iid: libraries.offered(iid)),  # noqa: PLW0108 - there are none yet
            Handing(_nobody),
            lambda iid: libraries.offered(iid),  # noqa: PLW0108 - there are none yet
            bytes(16),
            "",
        )
        self.tools = Tools(self.backend, self.libc, self.objects, Places(self.objects), com)
        libraries = Libraries(self.tools, Runners(self._called_back, lambda plan, *_: plan.zero))
        encoded = encode_library(model)
        loaded = libraries.load(file, library_hash(encoded), encoded)
        assert loaded is not None
        self.library: Library = loaded[1]
        self.index = {function.name: index for index, function in enumerate(model.functions)}
        self.bulk: list[Any] = []

    @staticmethod
    def _called_back(plan: DelegatePlan, _thunk: Thunk, _natives: Any) -> Any:
        return plan.zero

    def __call__(self, name: str, *wires: Any, payloads: list[Any] | None = None) -> Any:
        """Call a function: the wire result, or (result, outs) when there are outs."""
        plan = self.library.function(self.index[name])
        scope = Scope(self.session, payloads or [])
        try:
            natives = plan.enter(wires, scope)
            scope.hand_over()
            result, outs = plan.leave(plan.function(*natives), natives, scope)
        finally:
            scope.end()
        self.bulk = [bytes(each) for each in scope.bulk]
        return (result, outs) if outs else result
