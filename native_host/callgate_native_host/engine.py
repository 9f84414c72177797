"""What performs calls: converters, libraries, objects, callbacks. No thread, socket or process belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from callgate_protocol.interfaces import PLAIN
from callgate_protocol.standard import IIDS
from callgate_transport.serving.roles import Ask, Notify, Tell

from .apartments import Homes
from .backend import Backend
from .callbacks import Callbacks
from .calls import Caller
from .census import Census
from .com.callables import Callables, GiveBack, Offered
from .com.foreign import Foreign
from .com.handing import Handing
from .com.service import Com
from .com.vtables import Vtable
from .com.wrapped import Contract, Wrappers
from .convert.places import Places
from .convert.space import Space, Tools
from .fields import Fields
from .libc import Libc
from .loading import Libraries, Runners
from .memory import Memory
from .objects import Objects
from .pointers import Pointers
from .raw import Raw
from .system import System

if TYPE_CHECKING:
    from .com.activation import Activation
    from .com.error_objects import ErrorObjects
    from .com.functions import ObjectFunctions

__all__ = ["Engine", "Ways", "make_engine"]


class Ways(NamedTuple):
    """How a session is reached beside its calls."""

    ask: Ask
    tell: Tell
    notify: Notify
    give_back: GiveBack


class Engine(NamedTuple):
    """The parts of a host that do not know how messages reach it."""

    caller: Caller
    callbacks: Callbacks
    libraries: Libraries
    objects: Objects
    census: Census


def make_engine(backend: Backend, libc: Libc, incarnation: bytes, ways: Ways, route: str = "") -> Engine:
    """Join them. `route` is how other processes on this machine reach this one."""
    objects = Objects(incarnation)
    wrappers = Wrappers(backend, objects)

    def offered(iid: str) -> Offered:
        return callables.services[iid] if iid == IIDS["IDispatch"] else libraries.offered(iid)

    foreign = Foreign(lambda number: libraries.get(number), offered)  # noqa: PLW0108 - there are none yet
    callables = Callables(backend, wrappers.unknown, ways.give_back)
    callbacks = Callbacks(objects, callables, ways.ask, ways.tell, ways.notify, lambda told: errors().publish(told))
    places = Places(objects)

    @cache
    def standard() -> Space:
        return libraries.standard_space()

    @cache
    def dispatch() -> Sequence[Any]:
        from .com.served import Served  # noqa: PLC0415 - brings VARIANTs in, which few libraries need

        return Served(backend, wrappers.unknown, callables, standard(), callbacks.run_method).methods()

    @cache
    def errors() -> ErrorObjects:
        from .com.error_objects import ErrorObjects  # noqa: PLC0415 - for interfaces only
        from .convert.bstr import BStrConverter  # noqa: PLC0415 - as above

        return ErrorObjects(
            backend,
            wrappers.unknown,
            callables,
            BStrConverter(backend, libc, places),
            lambda name, shape: libraries.symbols(name, shape),  # noqa: PLW0108 - there are none yet
        )

    com = Com(
        wrappers,
        callables,
        lambda library, index: libraries.get(library).methods.offered(index),
        dispatch,
        errors,
        foreign,
        Handing(ways.ask),
        offered,
        incarnation,
        route,
    )

    @cache
    def class_info() -> Vtable:
        from .com.class_info import ClassInfo  # noqa: PLC0415 - for objects of coclasses only

        return ClassInfo(backend, wrappers.unknown, callables).provider()

    _offer_standard(callables, dispatch, errors, class_info)
    libraries = Libraries(Tools(backend, libc, objects, places, com), Runners(callbacks.run, callbacks.run_method))
    homes = Homes(libraries, objects, callbacks.register, ways.notify)
    census = _census(objects, callables, libraries, homes)
    memory = Memory(backend, libc, objects, places, libraries)
    raw = Raw(backend, callbacks.run, lambda: bool(libraries.all()))
    fields = Fields(backend, places, libraries)

    @cache
    def activation() -> Activation:
        from .com.activation import Activation  # noqa: PLC0415 - for classes only

        return Activation(backend, libc, places, com, libraries)

    @cache
    def functions() -> ObjectFunctions:
        from .com.functions import ObjectFunctions  # noqa: PLC0415 - for interfaces only

        return ObjectFunctions(
            backend, com, places, objects, lambda number: libraries.get(number).space if number else standard()
        )

    system = System(libraries, memory, fields, functions, activation, census, raw, homes)
    return Engine(
        Caller(backend, libraries, objects, callables, system, Pointers(libraries, places), homes),
        callbacks,
        libraries,
        objects,
        census,
    )


def _offer_standard(
    callables: Callables,
    dispatch: Callable[[], Sequence[Any]],
    errors: Callable[[], ErrorObjects],
    class_info: Callable[[], Vtable],
) -> None:
    """What every object of a client answers beside its own interfaces; made when it is first asked for."""
    offers: list[tuple[dict[str, Offered], str, Callable[[], Vtable]]] = [
        (callables.services, "IDispatch", cache(lambda: callables.vtables.make(dispatch(), PLAIN))),
        (callables.services, "ISupportErrorInfo", cache(lambda: errors().support())),
        (callables.class_services, "IProvideClassInfo", class_info),
    ]
    for services, name, vtable in offers:
        contract = Contract(name, IIDS[name], IIDS["IUnknown"], PLAIN)
        services[contract.iid] = Offered(contract, [], vtable)


def _census(objects: Objects, callables: Callables, libraries: Libraries, homes: Homes) -> Census:
    """What a host counts of itself."""
    census = Census()
    census.watch(
        {
            "objects": lambda: len(objects),
            "allocations": lambda: objects.blocks_alive + objects.kept(),
            "delegates": lambda: sum(library.thunks_alive for library in libraries.all()),
            "client_objects": lambda: len(callables),
            "handles": lambda: len(objects.lives),
            "stale_callbacks": lambda: (
                callables.stale_calls + sum(library.stale_callbacks for library in libraries.all())
            ),
            "dropped_callbacks": lambda: sum(library.dropped_callbacks for library in libraries.all()),
            "apartments": lambda: len(homes),
            "moved": lambda: homes.moved,
        }
    )
    return census
