"""The command line, as a person at a terminal uses it: every command in a process of its own."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import pytest
from rich.console import Console

import callgate
from callgate import export_idl
from callgate.cli.demo.stage import Stage
from callgate.cli.ps import show
from callgate.declare import parse_declarations
from tests.conftest import NATIVE

STRTOL = "long strtol(const char *text, [out, offset(text)] char **end, int base)"
SNPRINTF = "int snprintf([out, size_is(n)] char *s, size_t n, const char *format, ...)"
DIV = "typedef struct { int quot, rem; } div_t; div_t div(int, int)"


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `callgate` with these words."""
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "callgate", *words],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env=os.environ | {"COLUMNS": "100"} | environment,
    )


class TestCall:
    """`callgate call`."""

    @pytest.mark.parametrize(
        ("words", "printed"),
        [
            (["libm.so.6", "double cos(double)", "0.5"], "0.8775825618903728\n"),
            (["libm.so.6", "double fabs(double);", "-0.5"], "0.5\n"),
            (["libc.so.6", "int abs(int)", "-0x10"], "16\n"),
            (["libc.so.6", STRTOL, "42 apples", "10"], "42\nend = 2\n"),
            (["libc.so.6", DIV, "17", "5"], "div_t(quot=3, rem=2)\n"),
            (["libc.so.6", SNPRINTF, "32", "32", "%d %s %.1f", "5", "yes", "2.5"], "9\ns = 5 yes 2.5\n"),
            (["libc.so.6", "const char *getenv(const char *)", "CALLGATE_NOT_SET"], "null\n"),
            (["libc.so.6", "int abs(int); int toupper(int);", "97", "--function", "toupper"], "65\n"),
            (["libc.so.6", "void srand(unsigned seed)", "1"], ""),
        ],
    )
    def test_result(self, words: list[str], printed: str) -> None:
        """The result is printed by itself, then the outs by name."""
        finished = run("call", *words)

        assert (finished.stdout, finished.stderr, finished.returncode) == (printed, "", 0)

    def test_json(self) -> None:
        """With --json result and outs are one object, structs are objects in it."""
        finished = run("call", "--json", "libc.so.6", DIV, "17", "5")

        assert json.loads(finished.stdout) == {"result": {"quot": 3, "rem": 2}, "outs": {}, "stdout": "", "stderr": ""}

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["libm.so.6", "double cos(double x)", "half"], "argument 1 'x': 'half' is no number"),
            (["libm.so.6", "double cos(double x)"], "cos takes x; nothing was given"),
            (["libm.so.6", "double cos(double x)", "1", "2"], "cos takes x; 2 were given"),
            (["libm.so.6", "double cos(dubble x)", "1"], "unknown type 'dubble'"),
            (["libc.so.6", "int abs(int value)", "2147483648"], "argument 1 'value' of abs: 2147483648 does not fit"),
            (["libc.so.6", "int abs(int); int toupper(int)", "1"], "choose one: --function abs|toupper"),
            (["libc.so.6", "int abs(int)", "1", "--function", "labs"], "the prototypes declare abs"),
            (["libc.so.6", "typedef struct f f; int fflush(f *file)", "5"], "a f handle lives in its host"),
        ],
    )
    def test_usage(self, words: list[str], said: str) -> None:
        """What cannot be called as typed is one message on standard error and exit status 2."""
        finished = run("call", *words)

        assert (finished.returncode, finished.stdout) == (2, "")
        assert finished.stderr.startswith("callgate: ")
        assert said in finished.stderr
        assert "Traceback" not in finished.stderr

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["libnothing.so", "int f(void)"], "cannot load 'libnothing.so'"),
            (["libm.so.6", "double cosy(double)", "1"], "has no function 'cosy'"),
            (["--deadline", "0.2", "libc.so.6", "unsigned sleep(unsigned)", "60"], "did not come back .* sleeping"),
            (["libc.so.6", "void exit(int)", "4"], r"called exit\(4\) .*native code had been entered"),
            (
                ["libc.so.6", "void *memset(void *memory, int c, size_t n)", "null", "0", "1"],
                r"SIGSEGV \(Segmentation fault\) .* during memset; native code had been entered",
            ),
        ],
    )
    def test_failure(self, words: list[str], said: str) -> None:
        """A call that does not come back is one line on standard error and exit status 1."""
        finished = run("call", *words)

        assert (finished.returncode, finished.stdout) == (1, "")
        assert re.fullmatch(f"callgate: .*{said}.*\n", finished.stderr)

    def test_story_of_a_crash(self, compiled: Any) -> None:
        """A crash is told with the end of what the library had printed."""
        finished = run("call", compiled("faults"), "int call_abort(void)")

        assert finished.returncode == 1
        assert re.search(
            "SIGABRT .* during call_abort.*\n  the end of its output:\n    .*about to abort", finished.stderr
        )

    def test_output_of_the_library(self) -> None:
        """What the library prints, with or without a line break, is printed."""
        finished = run("call", "libc.so.6", "int printf(const char *format, ...)", "%x", "255")

        assert finished.stdout == "ff\n2\n"


def _stage() -> tuple[Stage, io.StringIO]:
    page = io.StringIO()
    return Stage(Console(file=page, width=100)), page


class TestDemo:
    """`callgate demo`."""

    def test_everything_as_expected(self) -> None:
        """The demo ends well, and shows a crash, a deadline and the answers after them."""
        finished = run("demo")

        assert (finished.returncode, finished.stderr) == (0, "")
        assert re.search(r"All \d+ steps were as expected", finished.stdout)
        for word in ("0.8775825618903728", "HostCrashed", "HostExited", "DeadlineExceeded", "in a new host", "Timings"):
            assert word in finished.stdout
        assert "\x1b[" not in finished.stdout

    def test_difference(self) -> None:
        """A step that gives something else is shown, and the demo fails."""
        stage, page = _stage()
        stage.step("1 + 1", lambda: 1 + 1, 3)

        assert stage.close() == 1
        assert "1 + 1  2, expected 3" in page.getvalue()

    def test_error_in_an_act(self) -> None:
        """An act that fails is shown, and the demo fails."""
        stage, page = _stage()

        def act(_: Stage) -> None:
            raise callgate.BrokerLost("gone")

        stage.run(act)

        assert stage.close() == 1
        assert "BrokerLost: gone" in page.getvalue()

    def test_missing_library(self) -> None:
        """An act whose library is not installed is left out, and said to be."""
        stage, page = _stage()

        def act(stage: Stage) -> None:
            stage.load("an act", "libnothing.so", "int f(void);")

        stage.run(act)

        assert stage.close() == 0
        assert "left out: cannot load 'libnothing.so'" in page.getvalue()


class TestInspect:
    """`callgate inspect`."""

    def test_exports(self, compiled: Callable[[str], str]) -> None:
        """Functions and objects with their sizes, one line each, nothing that is hidden."""
        finished = run("inspect", compiled("gallery"))

        assert (finished.stderr, finished.returncode) == ("", 0)
        rows = {words[0]: words[1] for line in finished.stdout.splitlines()[2:] if (words := line.split())}
        assert rows["point_swap"] == "function"
        assert "twice" not in rows
        assert "malloc" not in rows

    def test_header(self, compiled: Callable[[str], str]) -> None:
        """Each function in C and in Python; what cannot be declared with the reason; what the header leaves out."""
        pytest.importorskip("clang.cindex")
        finished = run("inspect", compiled("gallery"), "--header", str(NATIVE / "gallery.h"))

        assert (finished.stderr, finished.returncode) == ("", 0)
        lines = [" ".join(line.split()) for line in finished.stdout.splitlines()]
        assert "void negate(int *v, int n) (v*, n)" in lines
        assert "int thing_make(int value, struct Thing **out) (value) → result, out" in lines
        assert "int apply_with(int (*f)(void *, int), void *context, int value) (f, context, value) → result" in lines
        assert "size_t wcslen(const wchar_t *s) (not exported) (s) → result" in lines
        assert "Cannot be declared: 7" in lines
        assert "inline_sum it is a static inline function: the library has no code for it" in lines
        assert "echo_ldouble function" in lines

    def test_json(self, compiled: Callable[[str], str]) -> None:
        """Everything as one object."""
        pytest.importorskip("clang.cindex")
        finished = run("inspect", "--json", compiled("gallery"), "--header", str(NATIVE / "gallery.h"))

        report = json.loads(finished.stdout)
        functions = {each["name"]: each for each in report["functions"]}
        assert functions["increment"] == {
            "name": "increment",
            "prototype": "int increment(int *v)",
            "python": "(v) → result, v",
            "exported": True,
        }
        assert "libc.so.6" in report["needed"]
        assert {"name", "kind", "size", "version"} == set(report["exports"][0])

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["nothing.so.1"], "no library 'nothing.so.1'"),
            ([__file__], "no shared library"),
            (["libm.so.6", "--header", "nothing.h"], "no header 'nothing.h'"),
        ],
    )
    def test_refused(self, words: list[str], said: str) -> None:
        """One line that says what is wrong."""
        finished = run("inspect", *words)

        assert (finished.stdout, finished.returncode) == ("", 1)
        assert said in finished.stderr

    def test_idl_of_a_header(self, compiled: Callable[[str], str]) -> None:
        """What a header declares, as IDL that can be read again."""
        pytest.importorskip("clang.cindex")
        finished = run("inspect", compiled("gallery"), "--header", str(NATIVE / "gallery.h"), "--idl")

        assert (finished.stderr, finished.returncode) == ("", 0)
        read = parse_declarations(finished.stdout).library
        assert export_idl(read) == finished.stdout
        assert "negate" in {function.name for function in read.functions}

    def test_idl_of_a_file(self, tmp_path: Path) -> None:
        """It is checked, and printed in the way that all are."""
        file = tmp_path / "a.idl"
        head = "[object, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0A01)] interface IFoo : IUnknown"
        file.write_text(f"{head} {{ HRESULT f([in] long n); }};")
        finished = run("inspect", str(file), "--idl")
        assert "    HRESULT f([in] long n);\n" in finished.stdout
        file.write_text(f"{head} {{ void f(); }};")
        finished = run("inspect", str(file), "--idl")
        assert finished.returncode == 1
        assert "IFoo.f: the result is void" in finished.stderr

    def test_idl_of_a_class_beside_the_user(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The `callgate` on the PATH does not look for modules in the current directory by itself."""
        (tmp_path / "acme_player.py").write_text("class Player:\n    def play(self) -> None: ...\n")
        paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(os.path.abspath, paths)))
        monkeypatch.chdir(tmp_path)

        finished = run("inspect", "acme_player:Player", "--idl", PYTHONSAFEPATH="1")

        assert (finished.returncode, finished.stderr) == (0, "")
        assert "interface _Player : IDispatch" in finished.stdout

    def test_idl_of_nothing(self) -> None:
        """A library alone says names, and no types."""
        finished = run("inspect", "libm.so.6", "--idl")
        assert finished.returncode == 1
        assert "what describes it?" in finished.stderr


class TestPs:
    """`callgate ps`."""

    def test_an_embedded_broker(self) -> None:
        """A program's own broker is listed with its host, its client and the call in flight."""
        with callgate.load("libc.so.6", "unsigned sleep(unsigned); int abs(int);") as libc:
            libc.abs(1)
            sleeper = threading.Thread(target=_sleep_until_closed, args=[libc], daemon=True)
            sleeper.start()
            listed = _wait_for_a_call(callgate.info(libc).process)
            shown = run("ps").stdout
            host = callgate.info(libc).process
        sleeper.join()

        assert (listed["label"], listed["client"]) == ("libc.so.6", os.getpid())
        assert re.search(rf"libc\.so\.6 .* {os.getpid()} +{host} +1: #1 native", shown)
        assert "embedded in a program" in shown

    def test_no_broker(self) -> None:
        """Without brokers it says so, and where it looked."""
        with TemporaryDirectory(prefix="cg-", dir="/tmp") as directory:
            finished = run("ps", CALLGATE_RUNTIME_DIR=directory)

        assert finished.returncode == 0
        assert f"No broker of this user is running (looked in {directory})" in finished.stdout

    def test_a_broker_that_does_not_answer(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A broker that died since it was listed is shown as one that does not answer."""
        monkeypatch.setattr("callgate_transport.rundir.list_brokers", lambda: [Path("/tmp/no-such-broker")])

        assert show(as_json=False) == 0

        printed = capsys.readouterr().out
        assert "no-such-broker" in printed
        assert "does not answer" in printed


def _sleep_until_closed(libc: callgate.Lib) -> None:
    with suppress(callgate.Error):
        libc.sleep(60)


def _wait_for_a_call(process: int) -> dict[str, Any]:
    """The entry of a host, once `ps --json` shows a call in flight there."""
    for _ in range(100):
        for broker in json.loads(run("ps", "--json").stdout)["brokers"]:
            for host in broker["hosts"]:
                if host["pid"] == process and host["calls"]:
                    return dict(host)
    raise AssertionError("no call in flight was shown")


@callgate.library("libm.so.6")
class TypedMath(Protocol):
    def cos(self, x: callgate.f8) -> callgate.f8: ...


class TestBroker:
    """`callgate broker`."""

    def test_in_the_foreground(self) -> None:
        """It prints its address, serves programs that connect to it, shows in ps, and ends when asked to."""
        command = [sys.executable, "-m", "callgate", "broker", "--name", "clitest"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as broker:
            assert broker.stdout is not None
            address = broker.stdout.readline().strip()
            with callgate.connect(address) as connection:
                libm = connection.load("libm.so.6", "double cos(double);")
                assert libm.cos(0.0) == 1.0
                assert connection.load(TypedMath).cos(0.0) == 1.0
                libc = connection.load("libc.so.6", "size_t strlen(const char *s);", encoding="latin-1")
                assert libc.strlen("é") == 1
                assert re.search(r"broker clitest +shared service", run("ps").stdout)
                callgate.close(libm)
            broker.send_signal(signal.SIGTERM)
            assert broker.wait(10) == 0

    def test_bad_name(self) -> None:
        """A name that a broker cannot have is refused in one line."""
        finished = run("broker", "--name", "a/b")

        assert finished.returncode == 1
        assert "is not a broker name" in finished.stderr
        assert "Traceback" not in finished.stderr


class TestAround:
    """What is the same for all commands."""

    def test_version(self) -> None:
        """The version is that of the package."""
        assert run("--version").stdout == f"callgate {callgate.__version__}\n"

    @pytest.mark.parametrize(
        ("words", "promised"),
        [
            ([], ["call", "demo", "ps", "broker", "Examples"]),
            (["call"], ["0x2a", "Exit status", "--deadline", "[out] int *e"]),
            (["ps"], ["IN FLIGHT"]),
            (["broker"], ["callgate.connect()"]),
        ],
    )
    def test_help(self, words: list[str], promised: list[str]) -> None:
        """--help shows what there is, and examples."""
        shown = run(*words, "--help").stdout

        assert [text for text in promised if text not in shown] == []

    def test_without_the_extra(self) -> None:
        """Without typer the command says what to install."""
        program = "import sys; sys.modules['typer'] = None; from callgate.cli import main; sys.exit(main())"
        finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

        assert finished.returncode == 1
        assert "pip install 'callgate[cli]'" in finished.stderr
        assert "Traceback" not in finished.stderr

    def test_library_stands_alone(self) -> None:
        """Using callgate imports nothing of the command line."""
        program = (
            "import sys, callgate\n"
            "callgate.load('libm.so.6', 'double cos(double);').cos(0.5)\n"
            "print([name for name in ('typer', 'rich', 'callgate.cli') if name in sys.modules])"
        )
        finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        assert finished.stdout == "[]\n"
