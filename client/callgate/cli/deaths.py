"""What a host died of, in a few words."""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping
from typing import Any

__all__ = ["cause"]


def cause(death: Mapping[str, Any]) -> str:
    """From a broker's record: the signal, the exit status, or who had it stopped."""
    if reason := death.get("reason"):
        return f"stopped: {reason}"
    if number := death.get("signal"):
        return _signal(int(number))
    return f"exit status {death.get('status')}"


def _signal(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"
