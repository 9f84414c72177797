"""In which apartment an object is made (R15.5 to R15.7), and what a call of it costs (R15.1, R15.6)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from .apartments import NEUTRAL, Apartment, Kind
from .rpccodes import Code, refusal

__all__ = [
    "Access",
    "Creator",
    "Home",
    "Placement",
    "ThreadingModel",
    "creator_of",
    "hops",
    "one_model",
    "place",
]


class ThreadingModel(Enum):
    """What a class says of its objects."""

    SINGLE = "Single"
    """Nothing was said: the main STA, for code that knows of no threads."""
    APARTMENT = "Apartment"
    FREE = "Free"
    BOTH = "Both"
    """Python classes that are exported are registered as this (R15.5)."""
    NEUTRAL = "Neutral"

    @classmethod
    def named(cls, text: str, what: str) -> ThreadingModel:
        """The model of a registration. Raises Fault (REGDB_E_BADTHREADINGMODEL) for what is none (R15.7)."""
        words = {"": cls.SINGLE, "none": cls.SINGLE} | {each.value.lower(): each for each in cls}
        model = words.get(text.lower())
        if model is None:
            known = ", ".join(each.value for each in cls)
            raise refusal(
                Code.REGDB_E_BADTHREADINGMODEL, f"{what} has the threading model {text!r}; it is one of {known}"
            )
        return model


class Creator(Enum):
    """Who makes an object: a row of R15.7."""

    MAIN_STA = "main STA"
    STA = "other STA"
    MTA = "MTA"
    NEUTRAL_ON_STA = "neutral, on the thread of an STA"
    NEUTRAL_ON_MTA = "neutral, on a thread of the MTA"


class Home(Enum):
    """Where the object lives then."""

    MAIN_STA = "main STA"
    """Made by the runtime as a host STA if the process has none."""
    THIS_STA = "the creator's STA"
    HOST_STA = "host STA"
    """One STA of the runtime's own for all such objects."""
    MTA = "MTA"
    NEUTRAL = "neutral"


class Access(Enum):
    """How the creator reaches it."""

    DIRECT = "direct"
    PROXY = "proxy"
    """Calls change the thread."""
    CROSSING = "proxy, on the same thread if it is the right one"
    """A context is left all the same."""
    LIGHT = "light proxy"
    """Calls stay on the thread."""


class Placement(NamedTuple):
    """One cell of R15.7."""

    home: Home
    access: Access


_MAIN_D = Placement(Home.MAIN_STA, Access.DIRECT)
_MAIN_P = Placement(Home.MAIN_STA, Access.PROXY)
_MAIN_C = Placement(Home.MAIN_STA, Access.CROSSING)
_THIS_D = Placement(Home.THIS_STA, Access.DIRECT)
_THIS_C = Placement(Home.THIS_STA, Access.CROSSING)
_HOST_P = Placement(Home.HOST_STA, Access.PROXY)
_MTA_D = Placement(Home.MTA, Access.DIRECT)
_MTA_P = Placement(Home.MTA, Access.PROXY)
_MTA_C = Placement(Home.MTA, Access.CROSSING)
_NTA_D = Placement(Home.NEUTRAL, Access.DIRECT)
_NTA_L = Placement(Home.NEUTRAL, Access.LIGHT)

_TABLE: Final = {
    Creator.MAIN_STA: (_MAIN_D, _MAIN_D, _MTA_P, _MAIN_D, _NTA_L),
    Creator.STA: (_MAIN_P, _THIS_D, _MTA_P, _THIS_D, _NTA_L),
    Creator.MTA: (_MAIN_P, _HOST_P, _MTA_D, _MTA_D, _NTA_L),
    Creator.NEUTRAL_ON_STA: (_MAIN_C, _THIS_C, _MTA_P, _NTA_D, _NTA_D),
    Creator.NEUTRAL_ON_MTA: (_MAIN_P, _HOST_P, _MTA_C, _NTA_D, _NTA_D),
}
"""R15.7, with the columns in the order of `ThreadingModel`."""

_COLUMNS: Final = {model: column for column, model in enumerate(ThreadingModel)}


def place(creator: Creator, model: ThreadingModel) -> Placement:
    """R15.7 for one class. R15.5 is its column `BOTH`: the creator's own apartment."""
    return _TABLE[creator][_COLUMNS[model]]


def creator_of(apartment: Apartment, main: Apartment | None, *, neutral: bool = False) -> Creator:
    """The row of a thread of this apartment; `neutral` when it is inside a neutral object at the moment."""
    if apartment.kind is Kind.STA:
        if neutral:
            return Creator.NEUTRAL_ON_STA
        return Creator.MAIN_STA if apartment == main else Creator.STA
    return Creator.NEUTRAL_ON_MTA if neutral else Creator.MTA


def hops(caller: Apartment, owner: Apartment) -> int:
    """R15.1, R15.6: 0 where converting values is all, 1 where the call changes its thread as well."""
    return 0 if owner in (caller, NEUTRAL) else 1


def one_model(library: str, models: Iterable[ThreadingModel]) -> ThreadingModel:
    """The threading model of a library's classes, which is one (R15.7). Raises Fault."""
    found = set(models)
    if len(found) > 1:
        names = ", ".join(sorted(each.value for each in found))
        text = f"the classes of {library} have the threading models {names}; classes of one library have one"
        raise refusal(Code.REGDB_E_BADTHREADINGMODEL, text)
    return found.pop() if found else ThreadingModel.SINGLE
