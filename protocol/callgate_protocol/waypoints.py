"""The thirteen named points that every call passes, for tests that kill a process at each of them.

Unarmed (always, but in those tests) a point costs one test of a module constant: `if ARMED: reach("client.sent")`.
Armed by the environment, the process that reaches the point for the n-th time writes one line to a FIFO or file and
waits on another until the test has done what it wants: `CALLGATE_WAYPOINT=point:count:report:resume`.
"""

from __future__ import annotations

import os
from typing import Final

__all__ = ["ARMED", "POINTS", "reach"]

POINTS: Final = (
    "client.before_encode",
    "client.before_send",
    "client.after_send",
    "host.received",
    "host.before_native",
    "host.after_native",
    "host.before_callback",
    "client.callback_received",
    "client.callback_answered",
    "host.callback_answered",
    "host.before_reply",
    "host.after_reply",
    "client.reply_received",
)

_SETTING = os.environ.get("CALLGATE_WAYPOINT", "")
ARMED: Final = bool(_SETTING)
_point, _count, _report, _resume = _SETTING.split(":") if ARMED else ("", "1", "", "")
_left = int(_count)


def reach(point: str) -> None:
    """Report that this process is at `point`, and wait until the test lets it go on."""
    global _left  # noqa: PLW0603 - one countdown per process, by design
    if point != _point:
        return
    _left -= 1
    if _left != 0:
        return
    with open(_report, "w", encoding="ascii") as report:
        report.write(f"{os.getpid()}\n")
    with open(_resume, encoding="ascii") as resume:
        resume.read()
