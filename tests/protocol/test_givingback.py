"""References given back over a connection that loses, repeats and mixes up what it carries."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from callgate_protocol.givingback import MOST_PAIRS, Giver, Taker
from callgate_protocol.messages import GiveBack, GivenBack


@pytest.mark.rule("R17.9")
@pytest.mark.parametrize("seed", range(20))
def test_each_reference_is_counted_once(seed: int) -> None:
    """Whatever is lost, comes twice or late: in the end as many have been given back as were to be."""
    chance = random.Random(seed)
    giver, taker = Giver(), Taker()
    given: Counter[int] = Counter()
    taken: Counter[int] = Counter()
    there: list[GiveBack] = []
    back: list[GivenBack] = []

    def send(batch: GiveBack | None) -> None:
        if batch is not None:
            there.extend([batch] * chance.choice((0, 1, 1, 2)))

    def step() -> None:
        if there:
            batch = there.pop(chance.randrange(len(there)))
            for number, count in taker.take(batch):
                taken[number] += count
            back.extend([taker.receipt()] * chance.choice((0, 1, 1, 2)))
        if back:
            send(giver.acknowledged(back.pop(chance.randrange(len(back))).number))

    for _ in range(300):
        number, count = chance.randrange(1, 9), chance.randrange(1, 4)
        given[number] += count
        send(giver.add([[number, count]]))
        step()
    while giver.again() is not None:
        send(giver.again())
        step()

    assert taken == given
    assert len(giver) == 0


def test_a_batch_fits_into_a_message() -> None:
    """What is more goes with the next ones."""
    giver, taker = Giver(), Taker()
    batch = giver.add([[number, 1] for number in range(1, 2 * MOST_PAIRS + 2)])
    sizes = []
    while batch is not None:
        sizes.append(len(taker.take(batch)))
        batch = giver.acknowledged(taker.receipt().number)
    assert sizes == [MOST_PAIRS, MOST_PAIRS, 1]


def test_nothing_is_sent_before_the_last_batch_was_acknowledged() -> None:
    """Meanwhile what is given back is added up, object by object."""
    giver = Giver()
    assert giver.again() is None
    assert giver.add([[5, 1]]) == GiveBack(1, [[5, 1]])
    assert giver.add([[5, 1], [6, 2]]) is None
    assert giver.add([[5, 3]]) is None
    assert giver.again() == GiveBack(1, [[5, 1]])
    assert giver.acknowledged(0) is None
    assert giver.acknowledged(2) is None
    assert giver.acknowledged(1) == GiveBack(2, [[5, 4], [6, 2]])
    assert giver.acknowledged(1) is None


def test_what_is_out_of_turn_is_not_taken() -> None:
    """A number that was there, or is not its turn yet."""
    taker = Taker()
    assert taker.take(GiveBack(2, [[1, 1]])) == []
    assert taker.receipt() == GivenBack(0)
    assert taker.take(GiveBack(1, [[1, 1]])) == [[1, 1]]
    assert taker.take(GiveBack(1, [[1, 1]])) == []
    assert taker.receipt() == GivenBack(1)
