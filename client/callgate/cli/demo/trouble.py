"""A library that crashes, one that calls exit(), one that never comes back: and everything goes on."""

from __future__ import annotations

import signal

import callgate
from callgate import Lib

from .stage import Stage

__all__ = ["trouble"]

_PROTOTYPES = """
    void *memset(void *memory, int c, size_t n);
    void exit(int status);
    int pause(void);
    int abs(int value);
"""
_DEADLINE = 0.3


def trouble(stage: Stage) -> None:
    """Each of these would end this program if the library were loaded into it."""
    with (
        stage.load("Trouble", "libc.so.6", _PROTOTYPES) as libc,
        callgate.load("libm.so.6", "double cos(double x);") as libm,
    ):
        bystander = callgate.info(libm).process
        crash = stage.fails(
            "libc.memset(None, 0, 1): write to NULL",
            lambda: libc.memset(None, 0, 1),
            callgate.HostCrashed,
            "SIGSEGV",
        )
        stage.step("the exception knows: signal, begun", lambda: (crash.signal, crash.began), (signal.SIGSEGV, True))
        stage.step("libc.abs(-7), in a new host", lambda: libc.abs(-7), 7)
        exited = stage.fails("libc.exit(3)", lambda: libc.exit(3), callgate.HostExited, "exit(3)")
        stage.step("the exception knows the status", lambda: exited.status, 3)
        stage.fails(
            f"with deadline({_DEADLINE}): libc.pause()",
            lambda: _pause(libc),
            callgate.DeadlineExceeded,
            "deadline",
        )
        stage.step("libc.abs(-8)", lambda: libc.abs(-8), 8)
        stage.step("hosts that libc has used up", lambda: callgate.info(libc).restarts, 3)
        stage.step("libm next to it noticed nothing", lambda: callgate.info(libm).process, bystander)


def _pause(libc: Lib) -> None:
    with callgate.deadline(_DEADLINE):
        libc.pause()
