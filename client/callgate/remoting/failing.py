"""What an object of this process raised, as it crosses to whoever called it (R11.8, R11.9)."""

from __future__ import annotations

from callgate.errors import Error
from callgate.failures import hr_for_exception
from callgate.refusals import told_of
from callgate_protocol.errors import FAULTS, Fault, LocalProtocolError, RemoteProtocolError
from callgate_protocol.rpccodes import Code

__all__ = ["Raised", "fault_of", "not_described"]

_NOT_REGISTERED = Code.REGDB_E_IIDNOTREG.signed


class Raised(Exception):
    """A method raised; its exception is the cause. What callgate itself raises crosses under its own name."""


def fault_of(error: BaseException) -> Fault:
    """Any exception as a fault. Exceptions of methods cross as their HRESULT with their text, never as themselves."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, Raised) and error.__cause__ is not None:
        return _failure(error.__cause__)
    if isinstance(error, LocalProtocolError):
        return Fault("MarshalError", f"the answer cannot be sent: {error}")
    if isinstance(error, RemoteProtocolError):
        return Fault("ProtocolError", str(error))
    return _own(error)


def _own(error: BaseException) -> Fault:
    """What callgate itself says."""
    name = next((base.__name__ for base in type(error).__mro__ if base.__name__ in FAULTS), "")
    if not isinstance(error, Error) or not name:
        return Fault("InternalError", f"{type(error).__name__}: {error}")
    if name == "ComError":  # the way to an object has failed on the way to this one (R11.14)
        return Fault(name, str(error), hresult=int(hr_for_exception(error)), transport=error.from_transport)
    own = error.__dict__.get("hresult")
    return Fault(name, str(error), **({"hresult": int(own)} if isinstance(own, int) else {}))


def _failure(error: BaseException) -> Fault:
    """R11.10, R11.13: the code of what an object raised, and what goes with it."""
    text, details = told_of(error)
    return Fault("ComError", text, **details)


def not_described(library: int, function: int) -> Fault:
    """R17.15: a method of an interface that this process does not know."""
    text = f"method {function} of library {library} belongs to no interface that its owner has described (R17.15)"
    return Fault("ComError", text, hresult=_NOT_REGISTERED, description=text)
