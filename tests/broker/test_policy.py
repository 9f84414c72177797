from __future__ import annotations

import pytest

from callgate_broker.policy import (
    PERMANENT,
    TEMPORARY,
    TRANSIENT,
    Death,
    GiveUp,
    Policy,
    Restart,
    decide,
)

NOW = 1000.0


def delay(history: list[Death], now: float = NOW) -> float:
    """How long the default policy makes the next start wait."""
    decision = decide(Policy(), history, now)
    assert isinstance(decision, Restart)
    return decision.delay


def barren(count: int) -> list[Death]:
    """Deaths at this very moment, none after an answered call."""
    return [Death(NOW)] * count


@pytest.mark.parametrize(
    ("deaths", "seconds"),
    [(0, 0), (1, 0), (4, 0), (5, 0.1), (6, 0.2), (7, 0.4), (11, 6.4), (12, 10.0), (13, 10.0), (64, 10.0)],
)
def test_back_off_begins_with_the_fifth_death_and_doubles_to_ten_seconds(deaths: int, seconds: float) -> None:
    """Four deaths in a row cost nothing, the fifth 0.1 s, each further one twice that, never more than 10 s."""
    assert delay(barren(deaths)) == pytest.approx(seconds)


def test_a_death_after_an_answered_call_resets_the_count() -> None:
    """Only deaths since the last host that answered a call are counted."""
    history = [*barren(9), Death(NOW, answered=True), *barren(4)]
    assert delay(history) == 0
    assert delay([*history, Death(NOW)]) == pytest.approx(0.1)


def test_the_delay_is_counted_from_the_last_death() -> None:
    """Who comes back when the delay has passed does not wait again."""
    assert delay(barren(7), NOW + 0.3) == pytest.approx(0.1)
    assert delay(barren(7), NOW + 60) == 0


@pytest.mark.parametrize(
    ("kind", "last", "restarted"),
    [
        (PERMANENT, Death(NOW), True),
        (PERMANENT, Death(NOW, normal=True), True),
        (TRANSIENT, Death(NOW), True),
        (TRANSIENT, Death(NOW, normal=True), False),
        (TEMPORARY, Death(NOW), False),
        (TEMPORARY, Death(NOW, answered=True, normal=True), False),
    ],
)
def test_kinds_mean_what_they_mean_in_erlang(kind: str, last: Death, restarted: bool) -> None:
    """Permanent always comes back, transient unless it ended normally, temporary never."""
    assert isinstance(decide(Policy(kind), [last], NOW), Restart) is restarted
    assert decide(Policy(kind), [], NOW) == Restart(0.0)


@pytest.mark.parametrize(("ages", "restarted"), [([0, 1, 2], True), ([0, 1, 2, 3], False), ([0, 1, 2, 31], True)])
def test_intensity_limits_the_restarts_within_a_period(ages: list[float], restarted: bool) -> None:
    """More deaths within the period than the intensity allows mean giving up; older ones do not count."""
    history = [Death(NOW - age, answered=True) for age in sorted(ages, reverse=True)]
    decision = decide(Policy(intensity=3, period=30), history, NOW)
    assert isinstance(decision, Restart if restarted else GiveUp)


def test_giving_up_says_why() -> None:
    """The reason names the figures."""
    decision = decide(Policy(intensity=1, period=5), barren(2), NOW)
    assert decision == GiveUp("it died 2 times within 5 s; 1 are allowed")
