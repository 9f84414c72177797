"""When a host that died may be started again, in Erlang's words. Data and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from callgate_protocol.value import Value

__all__ = ["PERMANENT", "TEMPORARY", "TRANSIENT", "Death", "GiveUp", "Policy", "Restart", "decide"]

PERMANENT = "permanent"
"""Always started again."""
TRANSIENT = "transient"
"""Started again unless it ended by itself with status 0."""
TEMPORARY = "temporary"
"""Never started again."""


class Policy(Value):
    """`intensity` restarts are allowed in `period` seconds (None: without limit).

    The first `patience` deaths in a row that answered no call are restarted at once; from the next one on each costs
    twice the delay of the one before, up to `longest_delay`.
    """

    kind: str = PERMANENT
    intensity: int | None = None
    period: float = 30.0
    patience: int = 4
    first_delay: float = 0.1
    longest_delay: float = 10.0


class Death(Value):
    """One end of a host. `answered`: it had answered at least one call. `normal`: it exited with status 0."""

    at: float
    answered: bool = False
    normal: bool = False


class Restart(Value):
    """Start it, `delay` seconds from now."""

    delay: float


class GiveUp(Value):
    """Do not start it; `reason` is a sentence for people."""

    reason: str


_REFUSES: dict[str, Callable[[Death], bool]] = {
    PERMANENT: lambda _last: False,
    TRANSIENT: lambda last: last.normal,
    TEMPORARY: lambda _last: True,
}


def decide(policy: Policy, history: Sequence[Death], now: float) -> Restart | GiveUp:
    """What to do about a request to start a host whose earlier incarnations died as `history` says, oldest first."""
    if not history:
        return Restart(0.0)
    if _REFUSES[policy.kind](history[-1]):
        return GiveUp(f"its restart policy is {policy.kind}")
    if policy.intensity is not None:
        recent = sum(1 for death in history if death.at > now - policy.period)
        if recent > policy.intensity:
            return GiveUp(f"it died {recent} times within {policy.period:g} s; {policy.intensity} are allowed")
    # Counted from the death: whoever comes back later has waited already.
    return Restart(max(0.0, history[-1].at + _back_off(policy, history) - now))


def _back_off(policy: Policy, history: Sequence[Death]) -> float:
    barren = 0
    for death in reversed(history):
        if death.answered:
            break
        barren += 1
    if barren <= policy.patience:
        return 0.0
    doublings = min(barren - policy.patience - 1, 32)
    return float(min(policy.first_delay * 2**doublings, policy.longest_delay))
