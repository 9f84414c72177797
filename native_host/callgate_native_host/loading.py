"""Libraries that were loaded: their declarations, their symbols, and plans compiled at first use."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from callgate_protocol.errors import Fault, RemoteProtocolError
from callgate_protocol.model import Delegate, TypeLibrary
from callgate_protocol.rpccodes import Code, refusal
from callgate_protocol.standard import STANDARD
from callgate_protocol.typelib import decode_library, library_hash
from callgate_transport.serving.single import here

from .backlog import Backlog
from .com.callables import Offered
from .com.methods import Answer, Methods
from .convert.pointers import ThunkSource
from .convert.space import Space, Tools
from .convert.table import MAKERS
from .delegates import DelegatePlan, Runner
from .plan import FunctionPlan
from .probing import Opened, open_library
from .thunks import Thunk

__all__ = ["Libraries", "Library", "Runners"]


class Runners(NamedTuple):
    """Where the calls of native code go."""

    function: Runner
    method: Answer


class Library:
    """One file with one set of declarations."""

    def __init__(self, tools: Tools, model: TypeLibrary, opened: Opened, number: int, runners: Runners) -> None:
        self.model = model
        self.number = number
        self.file = opened.file
        self.home = here() if opened.file else None
        """The single-threaded apartment that its functions are called in; None where any thread may call them."""
        self._backend = tools.backend
        self._handle = opened.handle
        self._run = runners.function
        self._lock = threading.RLock()
        self._functions: list[FunctionPlan | None] = [None] * len(model.functions)
        self._delegates: dict[str, DelegatePlan] = {}
        self._pointed: dict[str, FunctionPlan] = {}
        self._backlog = Backlog()
        self.space = Space(tools, model, self.symbol, self._thunk_source, MAKERS)
        self.methods = Methods(self.space, number, runners.method, self._backlog)
        self.missing = self._find_missing()
        """Numbers of declared functions that the file does not have (R2.11)."""

    def symbol(self, name: str, shape: Any) -> Any:
        """An exported function, called in this shape; None when the file does not have it."""
        return self._backend.load_function(self._handle, shape, name)

    def _find_missing(self) -> list[int]:
        any_shape = self._backend.function_type((), self._backend.void, variadic=False)
        found = (self.symbol(function.name, any_shape) for function in self.model.functions)
        return [number for number, symbol in enumerate(found) if symbol is None]

    def function(self, number: int) -> FunctionPlan:
        """The plan of a function. Raises Fault when it does not exist or cannot be called."""
        if not 0 <= number < len(self._functions):
            raise Fault("ProtocolError", f"{self.file} has no function number {number}")
        return self._functions[number] or self._compile(number)

    def is_method(self, number: int) -> bool:
        """Whether the number is that of a method of an interface."""
        return number >= len(self._functions)

    def _compile(self, number: int) -> FunctionPlan:
        function = self.model.functions[number]
        with self._lock:
            plan = self._functions[number]
            if plan is None:
                plan = FunctionPlan(self.space, self.space.signature(function), self.symbol)
                self._functions[number] = plan
            return plan

    def delegate(self, name: str) -> DelegatePlan:
        """The plan of a delegate. Raises Fault."""
        with self._lock:
            plan = self._delegates.get(name)
            if plan is None:
                plan = DelegatePlan(self.space, self.space.signature(self._declared(name)), self._run, self._backlog)
                self._delegates[name] = plan
            return plan

    def pointed(self, name: str) -> FunctionPlan:
        """How functions of a delegate's shape are called, wherever they are. Raises Fault."""
        with self._lock:
            plan = self._pointed.get(name)
            if plan is None:
                plan = self._pointed[name] = FunctionPlan(self.space, self.space.signature(self._declared(name)), None)
            return plan

    def _declared(self, name: str) -> Delegate:
        try:
            return self.model.delegate(name)
        except KeyError:
            raise Fault("TypeLoadError", f"{name} is no callback of {self.file}") from None

    def _thunk_source(self, delegate: str) -> ThunkSource:
        """Looked up at each use, because a delegate may take a delegate of its own shape."""
        return ThunkSource(
            lambda session, number, once: self.delegate(delegate).pool.acquire(session, number, once=once),
            lambda address: self.delegate(delegate).pool.at(address),  # noqa: PLW0108 - the plan is not made yet
        )

    @property
    def thunks_alive(self) -> int:
        """How many function pointers of this library can be called."""
        return sum(len(plan.pool) for plan in list(self._delegates.values()))

    @property
    def stale_callbacks(self) -> int:
        """How often retired function pointers were called (R9.6)."""
        return sum(plan.pool.stale_calls for plan in list(self._delegates.values()))

    @property
    def dropped_callbacks(self) -> int:
        """How many `[oneway]` callbacks found no room."""
        return self._backlog.dropped


class Libraries:
    """All libraries of the host, numbered from 1 in the order in which they were loaded."""

    def __init__(self, tools: Tools, runners: Runners) -> None:
        self._tools = tools
        self._runners = runners
        self._lock = threading.Lock()
        self._loaded: list[Library] = []
        self._numbers: dict[tuple[str, bytes], int] = {}
        self._found: dict[str, tuple[int, list[Any]]] = {}
        """Name → how many libraries there were when it was looked up, and the functions of that name."""
        self._models: dict[bytes, TypeLibrary] = {}

    def offered(self, iid: str) -> Offered:
        """How a client's object is called through an interface, by its IID. Raises Fault when nobody described it."""
        for library in reversed(self.all()):
            for index, interface in enumerate(library.model.interfaces):
                if interface.iid == iid:
                    return library.methods.offered(index)
        text = f"the interface {iid} was not described to this host (R17.15)"
        raise Fault("ComError", text, hresult=Code.REGDB_E_IIDNOTREG.signed)

    def standard_space(self) -> Space:
        """Converters that belong to no library: for what every object has."""
        thunks = ThunkSource(lambda *_: _no_delegates(), lambda _address: None)
        return Space(self._tools, STANDARD, lambda _name, _shape: None, lambda _name: thunks, MAKERS)

    def all(self) -> list[Library]:
        """The libraries that were loaded."""
        return list(self._loaded)

    def symbols(self, name: str, shape: Any) -> list[Any]:
        """The exported functions of that name, each once, in whatever libraries they are."""
        found = self._found.get(name)
        if found is None or found[0] != len(self._loaded):
            loaded = self.all()
            functions = (each.symbol(name, shape) for each in loaded if each.file)
            unique = {self._tools.backend.address_of(each): each for each in functions if each is not None}
            found = self._found[name] = len(loaded), list(unique.values())
        return found[1]

    def get(self, number: int) -> Library:
        """A library by number. Raises Fault."""
        if not 0 < number <= len(self._loaded):
            raise Fault("ProtocolError", f"library {number} was not loaded here")
        return self._loaded[number - 1]

    def look(self, number: Any) -> Library | None:
        """A library by number, if there is one."""
        return self._loaded[number - 1] if type(number) is int and 0 < number <= len(self._loaded) else None

    def load(self, file: str, content: bytes, encoded: bytes | None) -> tuple[int, Library] | None:
        """Load a file with declarations known by their hash. None when the hash is not known and nothing was given."""
        with self._lock:
            number = self._numbers.get((file, content))
            if number is not None:
                return number, self._at_home(self._loaded[number - 1])
            model = self._models.get(content) or self._learn(content, encoded)
            if model is None:
                return None
            opened = open_library(self._tools.backend, file) if file else _opened_nothing(model)
            for each in self._loaded:
                if each.file == opened.file:
                    self._at_home(each)
            number = self._numbers[file, content] = len(self._loaded) + 1
            library = Library(self._tools, model, opened, number, self._runners)
            self._loaded.append(library)
            return number, library

    @staticmethod
    def _at_home(library: Library) -> Library:
        """R15.2: a library is bound to a thread or it is not. Raises Fault (RPC_E_CHANGED_MODE)."""
        if not library.file or library.home is here():
            return library
        where = "for one thread" if library.home else "for any thread"
        raise refusal(Code.RPC_E_CHANGED_MODE, f"{library.file} was loaded {where} in this host, and cannot be both")

    def _learn(self, content: bytes, encoded: bytes | None) -> TypeLibrary | None:
        if encoded is None:
            return None
        if library_hash(encoded) != content:
            raise Fault("ArgumentError", "the declarations are not those that the hash names")
        try:
            model = decode_library(encoded)
        except RemoteProtocolError as error:
            raise Fault("DeclarationError", str(error)) from error
        self._models[content] = model
        return model


def _opened_nothing(model: TypeLibrary) -> Opened:
    """Interfaces are described without a file: their methods are found in the objects themselves."""
    if model.functions:
        raise Fault("DllNotFoundError", "functions were declared without the name of a library")
    return Opened(None, "")


def _no_delegates() -> Thunk:
    raise Fault("InternalError", "the standard interfaces have no function pointers")
