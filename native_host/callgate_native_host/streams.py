"""What a host process does to itself before anything else: its standard streams, and no core files."""

from __future__ import annotations

import os
import resource

from .libc import Libc

__all__ = ["redirect_streams", "refuse_core_files"]


def redirect_streams(libc: Libc, given: tuple[int, ...] = ()) -> list[int]:
    """Nothing to read; what the library prints goes into two pipes, whose read ends are returned.

    They wait for the first session, whose client shows what comes out of them. If two write ends are given, somebody
    reads already.
    """
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    read_ends = []
    for stream, write_end in zip((1, 2), given, strict=False):
        os.dup2(write_end, stream)
        os.close(write_end)
    for stream in () if given else (1, 2):
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        os.dup2(write_end, stream)
        os.close(write_end)
        read_ends.append(read_end)
    libc.write_lines("stdout")
    return read_ends


def refuse_core_files() -> None:
    """A crash is told by the warden and the crash recorder; the smallest limit keeps the kernel from writing a file."""
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
