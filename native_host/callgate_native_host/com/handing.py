"""Objects of one client that native code gives to another: the two meet without this host (R17.11, R17.12)."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from callgate_protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from callgate_protocol.messages import Return
from callgate_protocol.references import Purpose, read_reference
from callgate_protocol.system import HostFunction
from callgate_transport.serving.roles import Ask, Gone
from callgate_transport.serving.session import Session

from .callables import ClientObject

__all__ = ["Handing"]


class Handing:
    """Asks clients for references to their own objects."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def wire(self, client: ClientObject, iid: str, receiver: Session) -> Any:
        """R17.12: what another session is given for a client's object: a reference that it claims at the owner.

        None when there is no such way: between machines, or when the client does not hand its objects over. The
        receiver then calls the object through this host, which passes calls on.
        """
        if client.session.rights is not None or receiver.rights is not None:
            return None
        question = [0, int(HostFunction.HAND_OVER), [iid, int(Purpose.NORMAL)]]
        try:
            with ExitStack() as reading:  # the reference is the owner's: nothing of this host is named in it
                answer = self._ask(client.session, reading, client.number, question, []).message
            reference = read_reference({"ref": answer.result})[0] if isinstance(answer, Return) else None
        except (Gone, Fault, LocalProtocolError, RemoteProtocolError):
            return None
        return {"ref": reference} if reference is not None and reference.token else None
