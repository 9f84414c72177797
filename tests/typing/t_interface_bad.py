"""Mistakes that type checkers find in the use of interfaces."""

from t_interface import IPlayer, IPlugin, ITable, Point

from callgate import interface


class Wrong:
    def OnProgres(self, percent: int) -> None: ...


def use(player: IPlayer, table: ITable, plugin: IPlugin) -> None:
    player.Advise(Wrong())  # E
    player.Open(3)  # E
    player.Duration() + "s"  # E
    player.Volume = "loud"  # E
    player.Sink = Wrong()  # E
    player.Opn("path")  # E
    player.Where(3)  # E
    table.Count = 3  # E
    table.get_Item("first")  # E
    plugin.Process(Point(1, 2))  # E
    interface(3)  # E
    interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C14}", guids="big")  # E
