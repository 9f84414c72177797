"""Interfaces as users write them: they have to pass mypy --strict and pyright in strict mode."""

from typing import Annotated, Any, Protocol, assert_type, runtime_checkable

import callgate
from callgate import (
    HRESULT,
    Borrowed,
    BStr,
    Guid,
    IDispatch,
    In,
    IUnknown,
    Out,
    Ref,
    Variant,
    class_interface,
    coclass,
    com_visible,
    dispid,
    f8,
    i4,
    iid_is,
    interface,
    library,
    preserve_sig,
    propget,
    propput,
    propputref,
    struct,
    u4,
)


@struct
class Point:
    x: i4
    y: i4


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C11}")
class IPlayerEvents(IUnknown, Protocol):
    def OnProgress(self, percent: i4) -> None: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}")
@runtime_checkable
class IPlayer(IUnknown, Protocol):
    def Open(self, path: BStr) -> None: ...
    def Duration(self) -> f8: ...
    def Advise(self, sink: IPlayerEvents) -> u4: ...
    def Next(self) -> "IPlayer | None": ...
    def Where(self, at: Ref[Point]) -> tuple[Point, Out[i4]]: ...
    def Tags(self, names: list[str]) -> list[f8]: ...
    def Find(self, riid: In[Ref[Guid]]) -> Annotated[IUnknown, iid_is("riid")]: ...
    def Owner(self) -> Borrowed["IPlayer"]: ...
    @property
    def Volume(self) -> f8: ...
    @Volume.setter
    def Volume(self, value: f8) -> None: ...
    @property
    def Sink(self) -> IPlayerEvents: ...
    @Sink.setter
    @propputref()
    def Sink(self, value: IPlayerEvents) -> None: ...
    @preserve_sig
    def Skip(self, count: u4) -> HRESULT: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C13}", dual=True)
class ITable(IDispatch, Protocol):
    @dispid(0)
    @propget("Item")
    def get_Item(self, index: i4) -> Variant: ...
    @dispid(0)
    @propput("Item")
    def put_Item(self, index: i4, value: Variant) -> None: ...
    @property
    @dispid(1)
    def Count(self) -> i4: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C14}", guid="big", extra_slots=2, vtable_offset=8, local=True)
class IPlugin(IUnknown, Protocol):
    @preserve_sig
    def Process(self, data: callgate.Ptr[None]) -> i4: ...


@class_interface("none")
class Sink(IPlayerEvents):
    def OnProgress(self, percent: int) -> None: ...

    @com_visible(False)
    def forget(self) -> None: ...


class Duck:
    def OnProgress(self, percent: int) -> None: ...


@coclass("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0CC1}", default=IPlayerEvents, sources=[IPlayerEvents])
class Listener(IPlayerEvents):
    def OnProgress(self, percent: int) -> None: ...


@library("libplayers.so")
class Players(Protocol):
    def make(self) -> IPlayer: ...
    def listen(self, to: Listener) -> tuple[i4, Out[ITable]]: ...


def use(players: Players) -> None:
    player = players.make()
    assert_type(player, IPlayer)
    assert_type(player.Duration(), float)
    player.Advise(Sink())
    player.Advise(Duck())
    player.Advise(Listener())
    point, count = player.Where(Point(1, 2))
    assert_type(point, Point)
    assert_type(count, int)
    player.Volume += 0.5
    player.Sink = Duck()
    assert_type(player.Owner().Next(), IPlayer | None)
    assert_type(player.Skip(3), int)
    _, table = players.listen(Listener())
    value: Any = table.get_Item(1)
    table.put_Item(table.Count, value)
    other: object = player
    assert isinstance(other, IPlayer)
