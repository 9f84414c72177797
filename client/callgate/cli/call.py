"""`callgate call`: one call, from words to what is printed."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, NamedTuple

import callgate
from callgate.declare import PrototypeError, parse_declarations
from callgate.lib import binding_of
from callgate.process import current
from callgate_protocol.forms import Nothing
from callgate_protocol.marshal import DirectiveError, resolve
from callgate_protocol.signatures import Signature

from .arguments import BadArgument, convert
from .trouble import complain, exit_status
from .values import as_json, as_text

__all__ = ["Request", "call"]

_FLUSH = "\nint fflush(void *stream);"
"""Text without a line break stays in the library's buffers until somebody asks for it."""
_IO_SECONDS = 1.0


class Request(NamedTuple):
    """What was asked on the command line."""

    library: str
    prototypes: str
    words: list[str]
    function: str
    deadline: float | None
    as_json: bool


class _Answer(NamedTuple):
    result: Any
    has_result: bool
    outs: dict[str, Any]
    stdout: str
    stderr: str


def call(request: Request) -> int:
    """Perform the call and print what comes back; returns the exit status."""
    prototypes = request.prototypes.rstrip()
    prototypes += "" if prototypes.endswith((";", "}")) else ";"
    try:
        signature = _signature(prototypes, request.function)
        arguments = convert(signature, request.words)
    except (BadArgument, DirectiveError) as error:
        return _refuse(str(error))
    except PrototypeError as error:
        return _refuse(str(error).removeprefix("prototypes, "))
    try:
        answer = _perform(request, prototypes, signature, arguments)
    except callgate.Error as error:
        complain(error)
        return exit_status(error)
    except KeyboardInterrupt:
        sys.stderr.write("callgate: interrupted; the host ends with this program\n")
        return 130
    _print(answer, request)
    return 0


def _refuse(text: str) -> int:
    sys.stderr.write(f"callgate: {text}\n")
    return 2


def _signature(prototypes: str, name: str) -> Signature:
    declared = parse_declarations(prototypes).library
    names = [function.name for function in declared.functions]
    if not name and len(names) > 1:
        raise BadArgument(f"{len(names)} functions are declared; choose one: --function {'|'.join(sorted(names))}")
    if name and name not in names:
        raise BadArgument(f"--function {name}: the prototypes declare {', '.join(names)}")
    return resolve(declared, declared.functions[names.index(name) if name else 0])


def _perform(request: Request, prototypes: str, signature: Signature, arguments: list[Any]) -> _Answer:
    with callgate.load(request.library, prototypes + _FLUSH * ("fflush" not in prototypes)) as lib:
        limit: AbstractContextManager[None] = nullcontext()
        if request.deadline is not None:
            limit = callgate.deadline(request.deadline)
        with limit:
            given = getattr(lib, signature.name)(*arguments)
        with suppress(callgate.Error):
            lib.fflush(None)
        printed = binding_of(lib).ready().output
    _await_io()
    return _answer(signature, arguments, given, (printed.tail(0), printed.tail(1)))


def _await_io() -> None:
    """Closing a library has its output read to the end on the I/O thread, which does everything in order."""
    done = threading.Event()
    current().io().post(done.set)
    done.wait(_IO_SECONDS)


def _answer(signature: Signature, arguments: list[Any], given: Any, printed: tuple[str, str]) -> _Answer:
    """Tell result and outs apart again: a call gives them as one value."""
    has_result = not isinstance(signature.result, Nothing)
    returned = [plan.name for plan in signature.parameters if plan.returned]
    values = list(given) if has_result + len(returned) > 1 else [given]
    result = values.pop(0) if has_result else None
    filled = {plan.name: value for plan, value in zip(signature.passed, arguments, strict=False) if plan.in_place}
    outs = dict(zip(returned, values, strict=False)) | filled
    order = [plan.name for plan in signature.parameters if plan.name in outs]
    return _Answer(result, has_result, {name: outs[name] for name in order}, *printed)


def _print(answer: _Answer, request: Request) -> None:
    if request.as_json:
        outs = {name: as_json(value) for name, value in answer.outs.items()}
        whole = {"result": as_json(answer.result), "outs": outs, "stdout": answer.stdout, "stderr": answer.stderr}
        sys.stdout.write(json.dumps(whole) + "\n")
        return
    sys.stdout.write(_whole_lines(answer.stdout))
    sys.stderr.write(_whole_lines(answer.stderr))
    if answer.has_result:
        sys.stdout.write(as_text(answer.result) + "\n")
    for name, value in answer.outs.items():
        sys.stdout.write(f"{name} = {as_text(value)}\n")


def _whole_lines(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
