"""What one end of a channel keeps to say again."""

from __future__ import annotations

import pytest

from callgate_protocol.kept import Kept, KeptMany

pytestmark = pytest.mark.rule("R17.27")


def test_the_last_message_is_kept_until_it_is_answered() -> None:
    """On a channel where each message answers another."""
    kept = Kept(100)
    assert kept.missing(0) == []
    kept.sending([b"one"])
    assert kept.missing(0) == [[b"one"]]
    assert kept.missing(1) == []
    kept.took()
    assert (kept.sent, kept.received) == (1, 1)
    assert kept.missing(1) == []
    kept.sending([b"two"])
    assert kept.missing(1) == [[b"two"]]


@pytest.mark.parametrize("received", [-1, 0, 3])
def test_what_cannot_be_is_not_missing(received: int) -> None:
    """More than was sent, or something from long ago."""
    kept = Kept(100)
    kept.sending([b"one"])
    kept.sending([b"two"])
    assert kept.missing(received) is None


def test_what_is_too_long_or_in_pieces_is_not_kept() -> None:
    """Neither is what was sent before it on a pipelined channel: it could not be repeated in order."""
    kept = KeptMany(10, 5)
    kept.sending([b"12", b"345"])
    kept.sending([b"1234567890", b"1"])
    assert kept.missing(1) is None
    kept.sending([b"3"])
    assert kept.missing(2) == [[b"3"]]
    kept.sending([b"4"], chunked=True)
    assert kept.missing(3) is None
    assert kept.missing(4) == []


def test_a_pipelined_channel_keeps_as_many_as_fit() -> None:
    """In number and in bytes, the latest; answers do not say what else has arrived."""
    kept = KeptMany(10, 3)
    for number in range(5):
        kept.sending([b"%d" % number])
        kept.took()
    assert kept.missing(2) == [[b"2"], [b"3"], [b"4"]]
    assert kept.missing(1) is None
    kept.sending([b"12345678"])
    assert kept.missing(3) == [[b"3"], [b"4"], [b"12345678"]]
    kept.sending([b"123"])
    assert kept.missing(5) is None
    assert kept.missing(6) == [[b"123"]]


def test_bulk_data_is_kept_as_it_was() -> None:
    """Whoever owns the memory may change it."""
    data = bytearray(b"before")
    kept = Kept(100)
    kept.sending([b"header", memoryview(data)])
    data[:] = b"after!"
    data.append(0)
    assert kept.missing(0) == [[b"header", b"before"]]
