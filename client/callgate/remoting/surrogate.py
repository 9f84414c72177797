"""What a host of Python classes has for clients of other machines: classes and running objects (R16.16, R16.19).

Python classes are made in this process. Programs, and whatever other programs have exported, are reached from here as
any program of this machine reaches them; calls of their objects are passed on, because their doors are paths of this
machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from callgate.class_sources import Maker, Wish, is_other_python, of_program, program_of
from callgate.servable import class_named, make
from callgate_protocol.activation import Choice, Context, Executable, Surrogate, check_access, check_launch, choose
from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.errors import Fault
from callgate_protocol.permissions import Caller
from callgate_protocol.registry import RegistryError
from callgate_protocol.rights import Rights
from callgate_transport.registryfiles import read_registry

from .exporting import common_broker, object_at
from .failing import Raised
from .neighbours import described

__all__ = ["ForOthers"]


class ForOthers:
    """Belongs to a host that was started for one client, which the broker knows by a key."""

    def __init__(self, key: str) -> None:
        self._caller = Caller(key=key)

    def make(self, name: str, iid: str, rights: Rights) -> Any:
        """An object of a class that is registered here. Raises Fault, and `Raised` for what the class raises."""
        if not rights.may_create(name):
            raise Fault("AccessDenied", rights.denied("create", name, "classes"))
        with _refusals():
            choice, clsid = self._choice(name)
            source = _program_of(choice)
        if source is None:
            return _made_here(choice)
        return source.make(Wish(name, clsid, None, (described(source.host, iid),))).object

    def find(self, name: str, iid: str, rights: Rights) -> Any:
        """A running object that a program here has exported. Raises Fault, and what `callgate.get_object` raises."""
        if not rights.may_find(name):
            raise Fault("AccessDenied", rights.denied("have", name, "objects"))
        return object_at(common_broker(), name, iid)

    def _choice(self, name: str) -> tuple[Choice, str]:
        """R16.12: what the broker has checked already, asked of this process, which whoever has it can ask for more."""
        registry, user = read_registry(project=False), os.geteuid()
        clsid = registry.clsid_of(name)
        choice = choose(registry, clsid, Context.LOCAL_SERVER, identity=f"uid:{user}")
        if not isinstance(choice, Surrogate | Executable):
            raise ActivationRefused("CO_E_SERVER_EXEC_FAILURE", f"{name} is served by another machine (R16.19)")
        app = registry.app_of(choice.entry)
        check_launch(registry, app, self._caller, user)
        check_access(registry, app, self._caller, user)
        return choice, clsid


def _program_of(choice: Choice) -> Maker | None:
    """Who makes the objects, if it is a program."""
    assert isinstance(choice, Surrogate | Executable)
    entry = choice.entry
    if isinstance(choice, Executable) or choice.program:
        return of_program(choice, entry.clsid)
    if entry.python is None:
        raise ActivationRefused("CO_E_SERVER_EXEC_FAILURE", f"{entry.clsid} is a library's class, and made by its host")
    return of_program(program_of(entry, choice), entry.clsid) if is_other_python(entry.python) else None


def _made_here(choice: Choice) -> Any:
    assert isinstance(choice, Surrogate)
    python = choice.entry.python
    assert python is not None
    sys.path += [each for each in python.path if each not in sys.path]
    try:
        return make(class_named(python.implementation))
    except BaseException as error:
        raise Raised from error


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (ActivationRefused, RegistryError) as error:
        _refuse(error)


def _refuse(error: ActivationRefused | RegistryError) -> NoReturn:
    code = error.code - (1 << 32) if error.code & 0x80000000 else error.code
    raise Fault("ComError", str(error), hresult=code, description=str(error)) from None
