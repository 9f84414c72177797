"""Ways to owners, as they stand in references (R17.2, R17.12)."""

from __future__ import annotations

import pytest

from callgate_protocol.ways import FarWay, near_path

KEY = "0f" * 32


@pytest.mark.parametrize("relay", [False, True])
@pytest.mark.parametrize("broker", ["tcp://rig-a:5570", "tcp://[::1]:5570"])
@pytest.mark.parametrize("file", ["", "/home/somebody/.config/callgate/laptop.key", "/a b/ü&server=1#?.key"])
def test_a_far_way_is_what_it_was(broker: str, file: str, relay: bool) -> None:
    way = FarWay(broker, KEY, file, relay)

    assert FarWay.parse(way.as_text()) == way
    assert near_path(way.as_text()) == ""


def test_the_machine_of_a_way() -> None:
    assert FarWay("tcp://rig-a:5570", KEY, "", False).machine == "rig-a"
    assert FarWay("tcp://[::1]:5570", KEY, "", False).machine == "[::1]"


@pytest.mark.parametrize(
    "route",
    [
        "",
        None,
        7,
        "unix:/run/x/link",
        "tcp://rig-a:5570",
        "tcp://rig-a:5570?key=/x",
        "tcp://rig-a:5570?server=0f",
        f"tcp://rig-a:5570?server={KEY.upper()}",
        f"ipc://rig-a?server={KEY}",
        f"tcp://rig-a?server={KEY}",
        f"tcp://rig-a:0?server={KEY}",
        f"tcp://rig-a:65536?server={KEY}",
        f"tcp://[rig-a]:5570?server={KEY}",
        f"tcp://rig a:5570?server={KEY}",
        f"tcp://{'a' * 400}:5570?server={KEY}",
        f"tcp://rig-a:5570?server={KEY}&key={'x' * 5000}",
    ],
)
def test_what_is_no_far_way(route: object) -> None:
    assert FarWay.parse(route) is None


@pytest.mark.parametrize(
    ("route", "path"), [("unix:/run/x/link", "/run/x/link"), ("unix:", ""), ("/run/x", ""), (3, "")]
)
def test_paths_of_this_machine(route: object, path: str) -> None:
    assert near_path(route) == path
