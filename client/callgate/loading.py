"""`callgate.load`: light, so that the warden is started before this process imports what it needs itself."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .process import current
from .sources import Paths, Written, located, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from .lib import Lib
    from .lines import Opener

__all__ = ["Loading", "load", "opener_of", "share_of"]


T = TypeVar("T")


class Loading:
    """Whoever loads libraries: this program by itself (`load`), or a connection to a shared broker."""

    def _load(
        self,
        library: str,
        prototypes: Written,
        deadline: float | None,
        callbacks: Executor | None,
        isolation: str,
        apartment: str,
    ) -> Lib:
        raise NotImplementedError

    @overload
    def load(
        self,
        library: str,
        prototypes: str = "",
        *,
        header: Paths = (),
        include_dirs: Paths = (),
        defines: str | Sequence[str] = (),
        strict: bool = False,
        raw: bool = False,
        compat_pin: bool = False,
        encoding: str = "",
        errors: str = "",
        deadline: float | None = None,
        callbacks: Executor | None = None,
        isolation: str = "library",
        apartment: str = "",
    ) -> Lib: ...
    @overload
    def load(
        self,
        library: Callable[[], T],
        /,
        *,
        path: str = "",
        deadline: float | None = None,
        callbacks: Executor | None = None,
        isolation: str = "library",
        apartment: str = "",
    ) -> T: ...
    def load(
        self,
        library: Any,
        prototypes: str = "",
        *,
        path: str = "",
        header: Paths = (),
        include_dirs: Paths = (),
        defines: str | Sequence[str] = (),
        strict: bool = False,
        raw: bool = False,
        compat_pin: bool = False,
        encoding: str = "",
        errors: str = "",
        deadline: float | None = None,
        callbacks: Executor | None = None,
        isolation: str = "library",
        apartment: str = "",
    ) -> Any:
        """Load a native library into a process of its own and give back an object with one attribute per prototype.

        `library` is a file name as the loader takes it (`"libm.so.6"`, a path); `prototypes` are C declarations, with
        attributes in brackets where C does not say enough (`docs/prototypes.md`). `deadline` is the time in seconds
        that each call may take; `callbacks` runs callbacks that come from the library's own threads.

        `header` names C headers to take declarations from (`"zlib.h"`, a path, or several; `docs/headers.md`), searched
        in `include_dirs` and where compilers look, with `defines` such as `"NDEBUG"` or `"LEVEL=2"`. Prototypes given
        beside it use its types and overrule its functions. This needs `pip install 'callgate[headers]'`.

        `strict` refuses what is converted by guessing (R1.25), `raw` everything that is converted at all (R1.24), and
        `compat_pin` shows what the library writes into plain arrays, as pinning does (R1.10). `encoding` and `errors`
        are those of every `char *` and `char[n]` that does not say its own: UTF-8, and `"replace"`, which a library may
        have `"strict"` or `"surrogateescape"` instead (R5.5).

        Or `library` is a class with `@callgate.library` (`docs/typed.md`), which says both; `path` then names another
        file.

        A library has a host process of its own in every program that loads it. With `isolation="client"` the libraries
        that this program loads so share one, with `isolation="shared:NAME"` all that ask the same broker for that name:
        a crash takes all of them. With `isolation="none"` the library is loaded into this process and called on the
        thread that calls: the same conversions with everything in one debugger. It then isolates nothing: a crash of
        the library ends this process, `exit` is this process's exit, what it prints comes out here, and no deadline can
        stop it.

        With `apartment="sta"` the library is bound to a thread: all calls of it run on one thread of its host, also
        those inside its callbacks (`docs/apartments.md`).

        Raises DeclarationError, DllNotFoundError, BrokerLost, ValueError, ImportError without the extra.
        """
        modes: dict[str, bool | str] = {
            "strict": strict,
            "raw": raw,
            "compat_pin": compat_pin,
            "encoding": encoding,
            "errors": errors,
        }
        declared = written(prototypes, header, include_dirs, defines, **modes)
        file, source = located(library, path, declared)
        return self._load(file, source, deadline, callbacks, isolation, apartment)


def opener_of(isolation: str, share: str = "", kind: str = "") -> Opener:
    """How hosts are opened: below this program's own broker, or in this process. Raises ValueError.

    `share` says what shares the host, when that is not what `isolation` says (R16.9); `kind` is "python" for hosts of
    Python classes.
    """
    if isolation == "none":
        from .direct import here  # noqa: PLC0415 - brings the host's part of the work into this process

        return here
    share = share or share_of(isolation)
    process = current()
    process.prepare()
    from .below import below  # noqa: PLC0415 - brings ZeroMQ in, while the warden gets ready beside us

    return below(process.embedded_broker, share, kind)


_SHARED = re.compile(r"shared:[\w.@-]{1,200}", re.ASCII)


def share_of(isolation: str) -> str:
    """What may be in the same host process (R16.9): empty for a host of the library's own. Raises ValueError."""
    if isolation == "library":
        return ""
    if isolation == "client":
        return f"client:{os.getpid()}"
    if _SHARED.fullmatch(isolation):
        return isolation
    raise ValueError(
        f'isolation is "library", "client", "shared:NAME" (letters, digits, ".", "_", "-" and "@") or "none", '
        f"not {isolation!r}"
    )


class _Program(Loading):
    """A program by itself: below its own broker, or in its own process."""

    def _load(
        self,
        library: str,
        prototypes: Written,
        deadline: float | None,
        callbacks: Executor | None,
        isolation: str,
        apartment: str,
    ) -> Lib:
        if isolation == "none" and deadline is not None:
            raise ValueError(
                f'{library} was to be loaded with isolation="none" and deadline={deadline!r}: nothing can stop native '
                "code that runs in this process; leave one of the two out"
            )
        opener = opener_of(isolation)
        from .libraries import load_with  # noqa: PLC0415 - brings everything in, while the warden gets ready beside us

        return load_with(opener, library, prototypes, deadline, callbacks, apartment)


load = _Program().load
