"""Library 0: what a host can be asked for itself, and what a broker can. Numbers never change their meaning."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["OF_OBJECTS", "BrokerFunction", "HostFunction"]


class HostFunction(IntEnum):
    """Functions of library 0 of a host. Arguments and results are given as `(wire, …) -> wire`."""

    LOAD = 1
    """(file, hash, type library or nil[, apartment]) -> [number, missing function numbers].

    Without a type library the answer is nil if the hash is not known. The apartment is "sta" for a library whose calls
    all run on one thread.
    """
    NEW = 2
    """(library, type name, extra bytes) -> {"ref": …}: a zeroed struct that stays at one address."""
    BUFFER = 3
    """(length, initial bytes or nil) -> {"ref": …}: memory that stays at one address."""
    FREE = 4
    """({"at": …}) -> nil: frees what NEW or BUFFER made, or closes what CALLBACK made."""
    READ = 5
    """({"at": …}, length) -> bytes."""
    WRITE = 6
    """({"at": …}, bytes) -> nil."""
    STRING = 7
    """({"at": …}, limit) -> bytes up to the first NUL, at most `limit`."""
    GET = 8
    """(library, type name, {"at": …}, path) -> field value; a path is names and indexes, empty for all."""
    SET = 9
    """(library, type name, {"at": …}, path, value) -> nil."""
    CALLBACK = 10
    """(library, delegate name, delegate number) -> {"ref": …}: a function pointer that lives until FREE."""
    SIZE = 11
    """(library, type name) -> bytes."""
    INFO = 12
    """() -> {"channels": …, "objects": …, "allocations": …}: counts, for tests and for people."""
    LAYOUT = 13
    """(library, type name) -> [size, alignment, [[offset, size, first bit, bits], …]], in the order of the members."""
    INVOKE = 14
    """(library, delegate name, {"at": …}, arguments) -> what the function at that address gives; outs as in a call."""
    CLOSE = 15
    """({"at": …}) -> nil: ends a handle; the object ends now, or when the calls that use it are over."""

    ALLOC = 16
    """(length, initial bytes or nil) -> {"ref": …}: a block of libc's heap, which FREE or native code frees."""
    STORE = 17
    """(library, type name, {"at": …}, value, delete old) -> nil: a struct, whose owned texts are the struct's own."""
    DESTROY = 18
    """(library, type name, {"at": …}) -> nil: frees what the members of a struct own, and zeroes it."""
    QUERY = 19
    """({"at": …}, [IID, …]) -> [HRESULT, …]: QueryInterface of an object; what it answers is kept for its methods."""
    WRAP = 20
    """({"at": …}, library, interface, counted) -> {"ref": …}: the object behind a pointer that came as plain memory."""
    RELEASE = 21
    """(object, count) -> nil: as the message RELEASE, but what nobody holds any more has ended when this comes back."""
    NAMES = 22
    """({"at": …}, [name, …], LCID, IID) -> [HRESULT, [DISPID, …]]: GetIDsOfNames of that interface."""
    DISPATCH = 23
    """({"at": …}, library or 0, DISPID, flags, LCID, [VARIANT, …], [[DISPID, VARIANT], …], IID) -> [HRESULT, VARIANT,
    [[index, VARIANT], …], [code, scode, source, description, help file, help context] or nil, index of a wrong argument
    from the end or -1]: Invoke of that interface, which is IDispatch or derives from it."""

    ACTIVATE = 24
    """(library, [shape, function], CLSID, [[library, interface], …], options) -> [{"ref": …} or nil, [HRESULT, …]]."""

    WHERE = 25
    """({"at": …}, number) -> [kind, number, thread id, number of mine]: the apartment of an object.

    The kind is "sta", "mta" or "neutral", the last two with zeroes. The argument is a client's own STA, or 0; what it
    is called here stands last, 0 if it has no apartment here.
    """
    LEAVE = 26
    """(number) -> nil: a thread of the client that was an STA has ended, and its apartment here ends with it."""

    RAW_OPEN = 32
    """(file or nil, flags) -> handle: dlopen. All RAW functions are for a host that serves one session's addresses."""
    RAW_SYMBOL = 33
    """(handle, name) -> address or nil: dlsym."""
    RAW_RESERVE = 34
    """(length, [address given back, …]) -> address of zeroed memory; 0 for a length of 0."""
    RAW_READ = 35
    """(address, length) -> bytes."""
    RAW_WRITE = 36
    """([address, bytes, address, bytes, …]) -> nil."""
    RAW_TEXT = 37
    """(address, width, limit) -> bytes up to the first NUL of that width; a negative limit is none."""
    RAW_CALL = 38
    """(address, shape, [argument, …], errno or nil) -> [result, errno]."""
    RAW_THUNK = 39
    """(shape, delegate number, [delegate number given back, …]) -> address of a function pointer."""
    RAW_MOVE = 40
    """(directory, [name, value, name, value, …]) -> nil: the working directory and the whole environment."""

    NAMED = 48
    """(key, IID) -> {"ref": …} or nil: the object that was exported under a key, which the broker hands on."""
    DESCRIBE = 49
    """(IID) -> type library or nil: how an interface is declared where its object lives."""
    MAKE = 50
    """(class, [directory, …], IID) -> {"ref": …}: an object of `module:Class`, imported from there (R16.17)."""
    HAND_OVER = 51
    """({"at": …}, IID, purpose) -> token: a reference for a third process, which gives the token to CLAIM (R17.12)."""
    CLAIM = 52
    """(token) -> {"ref": …}: the reference that was handed over, as this session's own (R17.13)."""
    WITHDRAW = 53
    """(token) -> nil: nobody claims the reference any more (R17.6, R17.14)."""


OF_OBJECTS: Final = frozenset(
    {
        HostFunction.QUERY,
        HostFunction.WRAP,
        HostFunction.RELEASE,
        HostFunction.NAMES,
        HostFunction.DISPATCH,
        HostFunction.ACTIVATE,
        HostFunction.WHERE,
        HostFunction.NAMED,
        HostFunction.DESCRIBE,
        HostFunction.MAKE,
        HostFunction.HAND_OVER,
        HostFunction.CLAIM,
    }
)
"""Those that are about objects with interfaces."""


class BrokerFunction(IntEnum):
    """Functions of library 0 of a broker. Each takes one map and gives one map, as `docs/protocol.md` lists them."""

    START = 1
    RECORD = 2
    STOP = 3
    LIST = 4
    RESOLVE = 5
    ACTIVATE = 10
    """Classes of programs (R16.5 to R16.7) and the table of running objects (R16.16): `desk` of the broker."""
    REGISTER_CLASS = 11
    RESUME_CLASSES = 12
    SUSPEND_CLASSES = 13
    REVOKE_CLASS = 14
    REGISTER_RUNNING = 15
    REVOKE_RUNNING = 16
    FIND_RUNNING = 17
    LIST_RUNNING = 18
    FIND_CLASS = 19
