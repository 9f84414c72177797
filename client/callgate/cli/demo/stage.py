"""Where the demo is shown: every step is a call that is made, timed, compared and printed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

import callgate
from callgate import Lib
from callgate.cli.amounts import duration

__all__ = ["Stage"]

E = TypeVar("E", bound=BaseException)
_CALL_COLUMNS = 41
_OTHER_COLUMNS = len("  ✓ ") + len("  123 ms ")
_VALUE_COLUMNS = 44
_LEAST_VALUE_COLUMNS = 24


class Stage:
    """Prints steps and counts them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps = 0
        self._differences = 0
        self._skipped: list[str] = []
        self._started = time.perf_counter()

    # -- before and after ----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Say what this is."""
        self._console.print(
            f"[bold]callgate {callgate.__version__}[/bold]: native libraries, each in a host process of its own. "
            f"This program is process {os.getpid()}."
        )

    def close(self) -> int:
        """The summary; returns the exit status."""
        seconds = time.perf_counter() - self._started
        self._console.print()
        for skipped in self._skipped:
            self._console.print(f"[yellow]left out:[/yellow] {escape(skipped)}")
        if self._differences:
            self._console.print(f"[bold red]{self._differences} of {self._steps} steps were not as expected[/bold red]")
            return 1
        self._console.print(
            f"[bold green]All {self._steps} steps were as expected[/bold green], in {duration(seconds)}."
        )
        return 0

    def run(self, act: Callable[[Stage], None]) -> None:
        """One act. An error in it is shown and counted, and the next act goes on."""
        try:
            act(self)
        except callgate.DllNotFoundError as missing:
            self._skipped.append(" ".join(str(missing).split()))
            self._console.print("  [yellow]left out: this library is not installed here[/yellow]")
        except Exception as error:  # the demo is also a check, and says what it found
            self._differ(act.__name__, f"{type(error).__name__}: {error}")

    # -- inside an act -------------------------------------------------------------------------------------------

    def scene(self, title: str) -> None:
        """A headline."""
        self._console.print(f"\n[bold cyan]{escape(title)}[/bold cyan]")

    def load(self, title: str, library: str, prototypes: str) -> Lib:
        """A headline, and a library loaded into its host."""
        self.scene(title)
        started = time.perf_counter()
        lib = callgate.load(library, prototypes)
        seconds = time.perf_counter() - started
        told = f"loaded into host process {callgate.info(lib).process} in {duration(seconds)}"
        self._console.print(f"  [dim]{escape(library)} {told}[/dim]")
        return lib

    def say(self, text: str) -> None:
        """A remark."""
        self._console.print(f"  [dim]{escape(text)}[/dim]")

    def step(self, text: str, call: Callable[[], Any], expected: Any) -> Any:
        """Make a call and compare what it gives with what was to be expected. Gives the result."""
        started = time.perf_counter()
        result = call()
        seconds = time.perf_counter() - started
        if result != expected:
            self._differ(text, f"{result!r}, expected {expected!r}")
        else:
            self._agree(text, repr(result), seconds)
        return result

    def fails(self, text: str, call: Callable[[], Any], kind: type[E], expected: str) -> E:
        """Make a call that must raise an exception of this kind, whose text holds `expected`. Gives the exception."""
        started = time.perf_counter()
        try:
            result = call()
        except kind as error:
            seconds = time.perf_counter() - started
            if expected not in str(error):
                self._differ(text, f"{error!r}, expected words: {expected!r}")
            else:
                self._agree(text, f"raises {type(error).__name__}", seconds, style="magenta")
                self._console.print(Padding(Text(str(error).splitlines()[0], "dim"), (0, 0, 0, 6)))
            return error
        raise AssertionError(f"{text} gave {result!r} and was to raise {kind.__name__}")

    def fact(self, text: str, value: str) -> None:
        """Something measured, which has no right or wrong."""
        self._console.print(f"    {escape(text):<{_CALL_COLUMNS}} {escape(value)}")

    def _agree(self, text: str, value: str, seconds: float, style: str = "green") -> None:
        self._steps += 1
        width = max(_LEAST_VALUE_COLUMNS, min(_VALUE_COLUMNS, self._console.width - _CALL_COLUMNS - _OTHER_COLUMNS))
        line = Text("  ").append("✓ ", style).append(f"{text:<{_CALL_COLUMNS}} ")
        line.append(f"{_shortened(value, width):<{width}}", style).append(f" {duration(seconds):>7}", "dim")
        self._console.print(line, soft_wrap=True)

    def _differ(self, text: str, what: str) -> None:
        self._steps += 1
        self._differences += 1
        self._console.print(Text("  ").append(f"✗ {text}", "bold red").append(f"  {what}"), soft_wrap=True)


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
