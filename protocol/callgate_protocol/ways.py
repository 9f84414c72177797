"""Ways to the owner of a reference, as they stand in it: a path of this machine, or the broker of another one."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

__all__ = ["FarWay", "near_path"]

_NEAR: Final = "unix:"
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_FAR: Final = re.compile(r"(tcp://(?:\[[0-9a-fA-F:.]{2,64}\]|[^:/\[\]?#\s]{1,300}):([0-9]{1,5}))\?([!-~]{1,4096})")


class FarWay(NamedTuple):
    """To a process below the broker of another machine. Who follows it needs a key that the broker lets in."""

    broker: str
    """Its address, `tcp://rig-a:5570`."""
    server: str
    """Its public key, in hexadecimal digits."""
    key: str
    """The file of the key by which the giver is known there. It is no secret, and of use on the giver's machine."""
    relay: bool
    """Whether everything goes through the broker's one port."""

    @property
    def machine(self) -> str:
        """The machine, as an endpoint names it."""
        return self.broker.removeprefix("tcp://").rpartition(":")[0]

    def as_text(self) -> str:
        """One route of a reference."""
        return f"{self.broker}?{urlencode({'server': self.server, 'key': self.key, 'relay': int(self.relay)})}"

    @classmethod
    def parse(cls, route: object) -> FarWay | None:
        """The way that a route tells; None when it is of another kind."""
        match = _FAR.fullmatch(route) if type(route) is str else None
        if match is None or not 0 < int(match[2]) < 1 << 16:
            return None
        told = dict(parse_qsl(match[3]))
        server = told.get("server", "")
        return cls(match[1], server, told.get("key", ""), told.get("relay") == "1") if _KEY.fullmatch(server) else None


def near_path(route: object) -> str:
    """The link of a process on this machine; "" for a route of another kind."""
    return route.removeprefix(_NEAR) if type(route) is str and route.startswith(_NEAR) else ""
