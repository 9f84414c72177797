"""R16.5 to R16.7: programs that serve classes. The broker's decisions, fed by hand."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.classobjects import (
    MULTI_SEPARATE,
    MULTIPLEUSE,
    SINGLEUSE,
    SUSPENDED,
    ClassObjects,
    Launch,
    Outcome,
    Refused,
    Wanted,
)

PLAYER = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
OTHER = "{AAAAAAAA-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
PROGRAM = ("/opt/playerd", "--quiet")


class Play:
    """A table with a clock; askers are numbers, and their answers are kept."""

    def __init__(self) -> None:
        self.table = ClassObjects()
        self.now = 100.0
        self.answers: dict[object, str | int] = {}
        """Asker → the process that it got, or the code."""
        self.launched: list[Launch] = []

    def hear(self, outcomes: Iterable[Outcome | Refused | Launch]) -> None:
        for each in outcomes:
            if isinstance(each, Launch):
                self.launched.append(each)
            else:
                assert each.asker not in self.answers
                self.answers[each.asker] = each.found.process if isinstance(each, Outcome) else each.name

    def activate(self, asker: int, clsid: str = PLAYER, command: tuple[str, ...] = PROGRAM) -> None:
        self.hear(self.table.activate(Wanted(asker, clsid, "share", command), self.now))

    def start(self, process: int) -> None:
        """The program that was launched last runs."""
        self.table.started(self.launched[-1].number, process)

    def register(self, process: int, mode: int = MULTIPLEUSE, clsid: str = PLAYER) -> int:
        cookie, outcomes = self.table.register(process, clsid, mode, "where", self.now)
        self.hear(outcomes)
        return cookie


def test_r16_05_a_program_is_started_with_embedding() -> None:
    """It gets `-Embedding` as its last argument, and serves who asked when it has registered."""
    play = Play()
    play.activate(1)
    assert [each.command for each in play.launched] == [("/opt/playerd", "--quiet", "-Embedding")]
    play.start(50)
    assert play.answers == {}

    play.register(50)

    assert play.answers == {1: 50}


def test_r16_05_two_activations_at_once_start_one_program() -> None:
    """Whoever asks while it starts waits for it; whoever asks later gets it at once."""
    play = Play()
    for asker in (1, 2):
        play.activate(asker)
    play.start(50)
    play.register(50)
    play.activate(3)

    assert len(play.launched) == 1
    assert play.answers == {1: 50, 2: 50, 3: 50}


def test_r16_05_who_is_late_has_failed() -> None:
    """A program that registers after 61 s has failed its activation; it serves the next one."""
    play = Play()
    play.activate(1)
    play.start(50)
    assert play.table.due() == 160.0
    play.hear(play.table.tick(159.9))
    assert play.answers == {}

    play.now = 161.0
    play.hear(play.table.tick(play.now))
    assert play.answers == {1: "CO_E_SERVER_EXEC_FAILURE"}

    play.register(50)
    play.activate(2)
    assert play.answers[2] == 50
    assert len(play.launched) == 1


@pytest.mark.rule("R16.3")
def test_r16_05_a_program_that_does_not_start_or_dies() -> None:
    """Whoever waits hears the reason at once."""
    play = Play()
    play.activate(1)
    play.activate(2)
    play.hear(play.table.not_started(play.launched[0].number, "CO_E_APPNOTFOUND", "no such file"))
    assert play.answers == {1: "CO_E_APPNOTFOUND", 2: "CO_E_APPNOTFOUND"}

    play.activate(3)
    play.start(50)
    play.hear(play.table.process_gone(50, "ended with exit status 1"))
    assert play.answers[3] == "CO_E_SERVER_EXEC_FAILURE"

    play.activate(4, OTHER, ())
    assert play.answers[4] == "REGDB_E_CLASSNOTREG"


def test_r16_06_single_use_and_multiple_use() -> None:
    """Two clients with SINGLEUSE get two processes, with MULTIPLEUSE one."""
    for mode, processes in ((SINGLEUSE, {50, 51}), (MULTIPLEUSE, {50}), (MULTI_SEPARATE, {50})):
        play = Play()
        for asker in (1, 2):
            play.activate(asker)
            if len(play.launched) == asker:
                play.start(49 + asker)
                play.register(49 + asker, mode)
        assert set(play.answers.values()) == processes


def test_r16_06_single_use_for_those_who_wait_together() -> None:
    """Whoever finds it used up has the next program started; each cookie still needs its revocation."""
    play = Play()
    for asker in (1, 2, 3):
        play.activate(asker)
    cookies = []
    for process in (50, 51, 52):
        play.start(process)
        cookies.append(play.register(process, SINGLEUSE))

    assert play.answers == {1: 50, 2: 51, 3: 52}
    assert len(play.launched) == 3
    for process, cookie in zip((50, 51, 52), cookies, strict=True):
        play.table.revoke(process, cookie)
    with pytest.raises(ActivationRefused) as caught:
        play.table.revoke(50, cookies[0])
    assert caught.value.name == "CO_E_OBJNOTREG"


def test_r16_06_a_class_object_is_its_process_s_own() -> None:
    """Nobody else revokes it; it goes with its process; unknown modes are refused."""
    play = Play()
    cookie = play.register(50)
    with pytest.raises(ActivationRefused):
        play.table.revoke(51, cookie)
    for mode in (0x20, MULTIPLEUSE | MULTI_SEPARATE, 1 << 40):
        with pytest.raises(ActivationRefused, match="no mode of a class object"):
            play.register(50, mode)

    assert list(play.table.process_gone(50, "ended")) == []
    assert len(play.table) == 0


@pytest.mark.rule("R16.13")
def test_r16_06_a_class_with_runas_takes_the_process_that_was_started_for_it() -> None:
    """A manual start is refused registration."""
    play = Play()
    with pytest.raises(ActivationRefused) as caught:
        play.table.register(50, PLAYER, MULTIPLEUSE, "where", 0.0, only_launched=True)
    assert caught.value.name == "CO_E_WRONG_SERVER_IDENTITY"

    play.activate(1)
    play.start(51)
    play.hear(play.table.register(51, PLAYER, MULTIPLEUSE, "where", 0.0, only_launched=True)[1])
    assert play.answers == {1: 51}


def test_r16_07_suspended_until_all_are_resumed() -> None:
    """Three classes become available in one step, and serve who waited for each."""
    play = Play()
    third = "{BBBBBBBB-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
    for asker, clsid in enumerate((PLAYER, OTHER, third)):
        play.activate(asker, clsid)
        play.start(50)
    for clsid in (PLAYER, OTHER, third):
        play.register(50, MULTIPLEUSE | SUSPENDED, clsid)
    assert play.answers == {}

    play.hear(play.table.resume(50, play.now))

    assert play.answers == {0: 50, 1: 50, 2: 50}


def test_r16_07_a_process_that_ends_is_not_met() -> None:
    """It suspends itself, unless one more activation is on its way; a late one starts the next process."""
    play = Play()
    play.register(50)
    play.activate(1)
    assert play.answers == {1: 50}
    assert play.table.suspend(50, served=0) is False
    play.activate(2)
    assert play.answers[2] == 50

    assert play.table.suspend(50, served=2) is True
    play.activate(3)
    assert 3 not in play.answers
    play.start(51)
    play.register(51)
    assert play.answers[3] == 51


def test_r16_07_activating_while_the_last_object_goes() -> None:
    """10,000 activations against processes that end whenever they may: none meets one that has ended."""
    play, chance = Play(), random.Random(7)
    served: dict[int, int] = {}
    ended: set[int] = set()
    process = 0
    for asker in range(10_000):
        play.activate(asker)
        if asker not in play.answers:
            process += 1
            play.start(process)
            served[process] = 0
            play.register(process)
        got = play.answers[asker]
        assert isinstance(got, int)
        assert got not in ended
        late = chance.random() < 0.5  # the process has not heard of its client yet
        served[got] += not late
        for each in [each for each in served if chance.random() < 0.5]:
            if play.table.suspend(each, served[each]):
                assert each != got or not late
                ended.add(each)
                del served[each]
                play.hear(play.table.process_gone(each, "ended"))
        if late:
            served[got] += 1

    assert "CO_E_SERVER_EXEC_FAILURE" not in play.answers.values()
    assert len(ended) > 1000


def test_r16_07_who_has_gone_is_not_served() -> None:
    """An activation whose client has gone takes nothing."""
    play = Play()
    play.activate(1)
    play.activate(2)
    play.table.asker_gone(lambda asker: asker == 1)
    play.start(50)
    play.register(50, SINGLEUSE)

    assert play.answers == {2: 50}
