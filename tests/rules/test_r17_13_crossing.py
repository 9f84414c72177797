"""R17.13: what a callback gives may be given back by its program before the host has read the answer that names it.

The host stops between the arrival of the answer and the reading of it (`callgate_protocol.waypoints`) until the
program has let go of what it gave, and the host knows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client.remoting.processes import Other
from tests.client.remoting.server import Calc
from tests.conftest import wait_until

PROGRAM = """
import gc, os, sys, threading, weakref
import callgate
from callgate.lib import binding_of

library, isolation, way, report, resume = sys.argv[1:]
lib = callgate.load(library, '''
    typedef [release(thing_free)] struct thing thing;
    typedef thing *(*giver)(int value);
    thing *thing_open(int value);
    int things_made(void);
    int things_freed(void);
    void set_flag(int flag);
    int wait_for_flag(int flag);
    int waited_for(int flag);
    int thing_given(giver f, int value);
    int thing_given_later(giver f, int value, int flag);
    int thing_given_to_thread(giver f, int value);
''', isolation=isolation)
gone = threading.Event()


def give(value):
    made = lib.thing_open(value)
    weakref.finalize(made, gone.set)
    return made


def collect():
    open(report).read()
    freed = gone.wait(0.3)  # while the answer keeps it, it is not collected
    gc.collect()
    lib.things_made()
    session = binding_of(lib).host.session
    for _ in range(2):  # what was given back travels before the second question
        session.cancel(1, 1).result()
    print("collected" if freed else "kept", lib.things_freed(), flush=True)
    open(resume, "w").close()


class Nested:
    def wait(self):
        return lib.wait_for_flag(2)


def in_apartment():
    callgate.set_apartment("sta")
    nested = callgate.agile(Nested())

    def others():
        waiting = threading.Thread(target=nested.wait)
        waiting.start()
        while not lib.waited_for(2):
            pass
        lib.set_flag(1)
        collect()
        lib.set_flag(2)
        waiting.join()

    helper = threading.Thread(target=others)
    helper.start()
    result = lib.thing_given_later(give, 5, 1)
    helper.join()
    return result


def beside(work):
    helper = threading.Thread(target=collect)
    helper.start()
    result = work()
    helper.join()
    return result


ways = {
    "channel": lambda: beside(lambda: lib.thing_given(give, 5)),
    "submitted": lambda: beside(lambda: lib.thing_given.submit(give, 5).result()),
    "thread": lambda: beside(lambda: lib.thing_given_to_thread(give, 5)),
    "apartment": in_apartment,
}
print("given", ways[way](), flush=True)
del gone
gc.collect()
"""


KEPT, HELD = "kept 0\ngiven 5\n", "collected 0\ngiven 1\n"
EXPECTED = {
    ("library", "channel"): KEPT,
    ("library", "submitted"): KEPT,
    ("library", "apartment"): KEPT,
    ("library", "thread"): HELD,
    ("none", "channel"): KEPT,
    ("none", "submitted"): KEPT,
    ("none", "thread"): "kept 0\ngiven 1\n",
}
"""Nothing tells when a thread of the library has read its answer: there a host process holds what it names."""


def stopping(directory: Path) -> tuple[Path, Path, dict[str, str]]:
    """Where a host tells that it has stopped, where it is told to go on, and the environment that says so."""
    report, resume = directory / "report", directory / "resume"
    os.mkfifo(report)
    os.mkfifo(resume)
    return report, resume, os.environ | {"CALLGATE_WAYPOINT": f"host.callback_answered:1:{report}:{resume}"}


@pytest.mark.parametrize(("isolation", "way"), EXPECTED)
def test_r17_13_what_a_callback_gives_is_there_when_the_host_reads_the_answer(
    isolation: str, way: str, compiled: Callable[[str], str], tmp_path: Path
) -> None:
    report, resume, environment = stopping(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, compiled("handles"), isolation, way, report, resume],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (run.stdout, run.stderr) == (EXPECTED[isolation, way], "")


SERVER = """
import threading
from tests.client.remoting import server

class Calc(server.Calc):
    def take_from(self, other):
        threading.Thread(target=super().take_from, args=(other,)).start()

server.Calc = Calc
server.main()
"""


def test_r17_13_the_same_between_python_processes(tmp_path: Path) -> None:
    report, resume, environment = stopping(tmp_path)
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        other = Other(process, *process.stdout.readline().split())
        calc, gone = other.get(), threading.Event()

        class Giver(Calc):
            def held(self) -> Any:
                made = calc.made()
                weakref.finalize(made, gone.set)
                return made

        giver = Giver()
        calc.take_from(giver)
        report.read_text()
        assert gone.wait(10)
        for _ in range(2):  # what was given back travels before the second question
            other.host.session.cancel(1, 1).result()
        resume.write_text("")

        assert wait_until(lambda: calc.held() is not None)
        assert calc.use(2, 3) == 5
        other.host.close("the test is over")
