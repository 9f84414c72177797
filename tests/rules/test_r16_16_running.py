"""R16.16: the table of running objects."""

from __future__ import annotations

import pytest

from callgate_protocol.activation_codes import SUCCESSES, ActivationRefused
from callgate_protocol.running import ALLOW_ANY_CLIENT, KEEPS_ALIVE, MOST_RUNNING, RunningTable, moniker_key


def test_r16_16_a_duplicate_is_allowed_and_told() -> None:
    """Every registration has its number, never 0, and needs its own revocation; the oldest is found."""
    table = RunningTable()
    first, already = table.register(50, KEEPS_ALIVE, "!App", "first", "uid:7")
    second, again = table.register(51, 0, "!app", "second", "uid:7")

    assert (already, again) == (False, True)
    assert 0 < first.number < second.number
    assert SUCCESSES["MK_S_MONIKERALREADYREGISTERED"] == 0x000401E7
    assert table.find("!APP", "uid:7").where == "first"
    table.revoke(first.number, 50)
    assert table.find("!App", "uid:7").where == "second"
    table.revoke(second.number, 51)
    with pytest.raises(ActivationRefused) as caught:
        table.find("!App", "uid:7")
    assert caught.value.name == "MK_E_UNAVAILABLE"
    with pytest.raises(ActivationRefused, match="no running object of yours"):
        table.revoke(second.number, 51)


def test_r16_16_the_end_of_a_process_purges_its_entries() -> None:
    """Weak and strong ones, and no others; only the owner revokes."""
    table = RunningTable()
    for flags in (0, KEEPS_ALIVE):
        table.register(50, flags, "!App", "", "uid:7")
    other, _ = table.register(51, 0, "!App", "", "uid:7")
    with pytest.raises(ActivationRefused):
        table.revoke(other.number, 50)

    table.owner_gone(50)

    assert len(table) == 1
    assert table.find("!App", "uid:7") == other


def test_r16_16_another_identity_sees_what_allows_it() -> None:
    """ALLOWANYCLIENT."""
    table = RunningTable()
    table.register(50, 0, "!mine", "", "uid:7")
    table.register(50, ALLOW_ANY_CLIENT, "!ours", "", "uid:7")

    assert table.find("!ours", "uid:8").moniker == "!ours"
    assert [each.moniker for each in table.visible("uid:8")] == ["!ours"]
    with pytest.raises(ActivationRefused):
        table.find("!mine", "uid:8")


@pytest.mark.parametrize("moniker", ["App", "!", "", "./file", "!a\0b"])
def test_r16_16_what_is_no_moniker_is_refused(moniker: str) -> None:
    """Items begin with `!`, files are absolute paths."""
    with pytest.raises(ActivationRefused, match="no moniker") as caught:
        moniker_key(moniker)
    assert caught.value.name == "CO_E_CLASSSTRING"
    assert moniker_key("/Tmp/File") == "/Tmp/File"


def test_r16_16_the_table_is_bounded() -> None:
    """In its entries and flags."""
    table = RunningTable()
    with pytest.raises(ActivationRefused, match="flags"):
        table.register(1, 4, "!App", "", "uid:7")
    entry, _ = table.register(1, 0, "!App", "", "uid:7")
    table._entries = dict.fromkeys(range(MOST_RUNNING), entry)
    with pytest.raises(ActivationRefused, match="all it takes"):
        table.register(1, 0, "!App", "", "uid:7")
