"""Classes by name as users write them: they have to pass mypy --strict and pyright in strict mode."""

from typing import Any, Protocol, assert_type

import callgate
from callgate import BStr, IUnknown, coclass, f8, interface


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}")
class IPlayer(IUnknown, Protocol):
    def Open(self, path: BStr) -> None: ...
    def Duration(self) -> f8: ...


@coclass("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0CC2}")
class Player(IPlayer):
    def Open(self, path: str) -> None: ...
    def Duration(self) -> float:
        return 0.0


def main() -> None:
    player = callgate.create("acme.Player", IPlayer)
    assert_type(player, IPlayer)
    assert_type(player.Duration(), float)
    assert_type(callgate.create("", IPlayer, library="libplayer.so", shape="Returns", factory="make"), IPlayer)
    created = callgate.create_all("acme.Player", [IPlayer, IUnknown])
    assert_type(created, callgate.Created)
    assert_type(created.object, Any)
    assert_type(callgate.get_active_object("acme.Player", IPlayer), IPlayer)
    assert_type(callgate.register(Player, progid="acme.Player"), str)
    assert_type(callgate.classes(), list[callgate.RegisteredClass])
    with callgate.register_active_object(Player(), "acme.Player"):
        pass
    with callgate.ClassServer() as server:
        assert_type(server.register(Player, mode="single"), int)
        server.run()
    with callgate.connect("tcp://rig-a:5570") as rig:
        assert_type(rig.create("acme.Player", IPlayer), IPlayer)
