"""The codes of activation by name (R16.3): what a failing `create` says, here and on the wire."""

from __future__ import annotations

from typing import Final

__all__ = ["CODES", "SUCCESSES", "ActivationRefused"]

CODES: Final[dict[str, int]] = {
    "E_NOTIMPL": 0x80004001,
    "E_NOINTERFACE": 0x80004002,
    "CO_E_BAD_SERVER_NAME": 0x80004014,
    "CO_E_WRONG_SERVER_IDENTITY": 0x80004015,
    "CO_E_CREATEPROCESS_FAILURE": 0x80004018,
    "CO_E_RUNAS_LOGON_FAILURE": 0x8000401A,
    "CO_E_LAUNCH_PERMSSION_DENIED": 0x8000401B,
    "CO_E_REMOTE_COMMUNICATION_FAILURE": 0x8000401D,
    "RPC_E_TOO_LATE": 0x80010119,
    "CLASS_E_NOAGGREGATION": 0x80040110,
    "CLASS_E_CLASSNOTAVAILABLE": 0x80040111,
    "CLASS_E_NOTLICENSED": 0x80040112,
    "REGDB_E_INVALIDVALUE": 0x80040153,
    "REGDB_E_CLASSNOTREG": 0x80040154,
    "REGDB_E_IIDNOTREG": 0x80040155,
    "REGDB_E_BADTHREADINGMODEL": 0x80040156,
    "MK_E_UNAVAILABLE": 0x800401E3,
    "CO_E_CLASSSTRING": 0x800401F3,
    "CO_E_APPNOTFOUND": 0x800401F5,
    "CO_E_DLLNOTFOUND": 0x800401F8,
    "CO_E_ERRORINDLL": 0x800401F9,
    "CO_E_OBJNOTREG": 0x800401FB,
    "E_ACCESSDENIED": 0x80070005,
    "CO_E_SERVER_EXEC_FAILURE": 0x80080005,
}
"""Failures by name (R16.3). The one without its second I is called so."""

SUCCESSES: Final[dict[str, int]] = {
    "CO_S_NOTALLINTERFACES": 0x00080012,
    "MK_S_MONIKERALREADYREGISTERED": 0x000401E7,
}
"""Successes that say something: R16.1 and R16.16."""


class ActivationRefused(Exception):
    """Why a class is not activated; `name` is one of `CODES`."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.code = CODES[name]
        self.message = message
