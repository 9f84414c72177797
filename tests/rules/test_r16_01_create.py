"""R16.1 and what belongs to it: objects of classes, made by name, by CLSID and from libraries."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

import callgate
from callgate import IUnknown, Lib, f8, i4, interface
from callgate.com.objects import ComObject
from callgate.lib import binding_of
from callgate.process import current
from callgate_protocol.activation import Context
from callgate_protocol.system import HostFunction
from callgate_transport import registryfiles
from tests.component.declared import CLSID
from tests.conftest import wait_until

from .ways import WAYS, Way

ISHAPE = "{00000002-CA11-4A7E-8000-C0DEC0DEC0DE}"
LICENSED = "{0000A0FF-0000-0000-C000-000000000046}"


@interface(ISHAPE)
class IShape(IUnknown, Protocol):
    def Area(self) -> f8: ...
    def Scale(self, factor: f8) -> None: ...


@interface("{0000A001-0000-0000-C000-000000000046}")
class INumbered(IUnknown, Protocol):
    def Number(self) -> i4: ...


@interface("{0000A002-0000-0000-C000-000000000046}")
class IMissing(IUnknown, Protocol):
    def Nothing(self) -> None: ...


def clsid_of(name: str) -> str:
    return f"{{{CLSID[name]}}}".upper()


WIDGET = clsid_of("Widget")


def process_of(proxy: Any) -> int:
    return int(proxy._host.session.process)


@pytest.fixture(scope="module")
def isolation(way: Way) -> str:
    """In a host and in this process."""
    return str(WAYS[way].get("isolation", ""))


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a registry file that is the only one."""
    path = tmp_path / "registry.toml"
    monkeypatch.setenv(registryfiles.OVERRIDE, str(path))

    def write(text: str) -> None:
        path.write_text(text)

    return write


# -- R16.1: making objects ---------------------------------------------------------------------------------------------


def test_r16_01_by_progid_clsid_and_library(component: str, registered: Callable[[str], None], isolation: str) -> None:
    """The same class in three ways: each call makes an object of its own, all in one host."""
    registered(f'[CLSID."{WIDGET}"]\nInprocServer = "{component}"\nProgID = "acme.Widget"\nThreadingModel = "Both"')

    made = [
        callgate.create("acme.Widget", IShape, isolation=isolation),
        callgate.create(WIDGET.lower(), IShape, isolation=isolation),
        callgate.create(CLSID["Widget"], IShape, isolation=isolation),
        callgate.create(WIDGET, IShape, library=component, isolation=isolation),
    ]

    made[0].Scale(2.0)
    assert [each.Area() for each in made] == [16.0, 4.0, 4.0, 4.0]
    assert len({process_of(each) for each in made}) == 1


def test_r16_01_a_class_object_is_asked_and_given_back(component: str, isolation: str) -> None:
    """No class object, and no object that nobody holds, is left."""
    counts = "int component_last(void); int component_alive(int object); int component_class_objects(void);"
    with callgate.load(component, counts, isolation=isolation or "library") as lib:
        before = lib.component_class_objects()
        made = callgate.create(WIDGET, IShape, library=lib)
        number = lib.component_last()
        assert made.Area() == 4.0
        assert (lib.component_class_objects(), lib.component_alive(number)) == (before + 1, 1)
        assert not lib.component_alive(number - 1)  # the class object
        callgate.release(cast("ComObject", made))
        assert wait_until(lambda: not lib.component_alive(number))


def test_r16_01_several_interfaces_in_one_round_trip(component: str) -> None:
    """Three IIDs, one missing: CO_S_NOTALLINTERFACES, a result for each, one call to the host."""
    wanted = [IShape, IMissing, INumbered]
    first = callgate.create_all(WIDGET, wanted, library=component)  # now the host knows the interfaces
    before = answered(process_of(first.object))

    made = [callgate.create_all(WIDGET, wanted, library=component) for _ in range(5)]

    some = made[0]
    assert answered(process_of(some.object)) - before in (5, 6)  # the one before may be counted late
    assert some.status == 0x00080012
    assert [hex(code & 0xFFFFFFFF) for code in some.results] == ["0x0", "0x80004002", "0x80004002"]
    assert some.object.Area() == 4.0
    assert callgate.create_all(WIDGET, [IShape, IUnknown], library=component).status == 0
    none = callgate.create_all(WIDGET, [IMissing, INumbered], library=component)
    assert (none.object, none.status) == (None, 0x80004002)


def answered(process: int) -> int:
    """How many calls a host has answered."""
    hosts = current().embedded_broker().report()["hosts"]
    return int(next(host["answered"] for host in hosts if host["pid"] == process))


def test_r16_01_a_missing_interface_raises_and_leaves_nothing(component: str, isolation: str) -> None:
    """`create` wants all that it asks for; the object that was made is given back."""
    counts = "int component_last(void); int component_alive(int object);"
    with callgate.load(component, counts, isolation=isolation or "library") as lib:
        with pytest.raises(callgate.InvalidCastError, match=r"does not answer IMissing .*E_NOINTERFACE"):
            callgate.create(WIDGET, IShape, IMissing, library=lib)
        with pytest.raises(callgate.InvalidCastError, match=r"does not answer IMissing .*E_NOINTERFACE") as caught:
            callgate.create(WIDGET, IMissing, library=lib)
        assert caught.value.hresult == 0x80004002
        assert wait_until(lambda: not lib.component_alive(lib.component_last()))


@pytest.mark.parametrize(
    ("shape", "function", "number"),
    [
        ("CreateByInterface", "by_interface", 1),
        ("Create", "by_out", 2),
        ("Returns", "returned", 3),
        ("ReturnsBorrowed", "borrowed", 4),
        ("CreateObject", "only_as_numbered", 5),
    ],
)
def test_r16_01_other_shapes_of_factories(
    compiled: Callable[[str], str],
    registered: Callable[[str], None],
    isolation: str,
    shape: str,
    function: str,
    number: int,
) -> None:
    """What a library exports is data of its registration, or said in the call; borrowed objects stay the library's."""
    path = compiled("licensed")
    server = f'{{ Library = "{path}", Shape = "{shape}", Factory = "{function}" }}'
    registered(f'[CLSID."{LICENSED}"]\nInprocServer = {server}\nProgID = "acme.Numbered"')

    for made in (
        callgate.create("acme.Numbered", INumbered, isolation=isolation),
        callgate.create("", INumbered, library=path, shape=shape, factory=function, isolation=isolation),
        callgate.create_all("", [IMissing, INumbered], library=path, shape=shape, factory=function).object,
    ):
        assert made.Number() == number
        callgate.release(cast("ComObject", made))


SEVEN_ZIP = next((path for path in ("/usr/lib/p7zip/7z.so", "/usr/lib/7zip/7z.so") if os.path.exists(path)), "")


@pytest.mark.skipif(not SEVEN_ZIP, reason="7-Zip (p7zip-full) is not installed")
def test_r16_01_seven_zip_by_name(registered: Callable[[str], None], isolation: str) -> None:
    """Somebody else's component: its factory makes an object only as an interface that it names."""
    server = f'{{ Library = "{SEVEN_ZIP}", Shape = "CreateObject" }}'
    clsid = "{23170F69-40C1-278A-1000-000110070000}"
    registered(f'[CLSID."{clsid}"]\nInprocServer = {server}\nProgID = "7zip.InArchive"\nThreadingModel = "Both"')

    sevenzip: Any = callgate.idl(file=Path(__file__).parents[2] / "examples" / "sevenzip.idl")
    reads, writes = sevenzip.IInArchive, sevenzip.IOutArchive
    made = callgate.create("7zip.InArchive", reads, writes, isolation=isolation)
    assert isinstance(made, reads)
    some = callgate.create_all("7zip.InArchive", [IMissing, writes, reads], isolation=isolation)
    assert [code.failed for code in some.results] == [True, False, False]


@pytest.mark.rule("R16.3", "R19.39")
@pytest.mark.parametrize(
    ("clsid", "options", "code", "said"),
    [
        (WIDGET.replace("0101", "0777"), {}, 0x80040111, "CLASS_E_CLASSNOTAVAILABLE.*gave no object"),
        (WIDGET, {"factory": "nope"}, 0x800401F9, "CO_E_ERRORINDLL.*exports no nope"),
        (WIDGET.strip("{}"), {}, 0x800401F3, "must stand in braces"),
        ("acme.Widget", {}, 0x800401F3, "with library=, the class is a CLSID"),
    ],
)
def test_r16_03_what_a_library_cannot_make_is_refused(
    component: str, isolation: str, clsid: str, options: dict[str, Any], code: int, said: str
) -> None:
    """The library's own code, or the one of R16.3; nothing was made."""
    counts = "int component_last(void); int component_alive(int object);"
    with callgate.load(component, counts, isolation=isolation or "library") as lib:
        before = lib.component_last()
        with pytest.raises(callgate.ComError, match=said) as caught:
            callgate.create(clsid, IShape, library=lib, **options)
        assert caught.value.hresult == code
        assert not any(lib.component_alive(number) for number in range(before + 1, lib.component_last() + 1))


@pytest.mark.parametrize(("shape", "function"), [("Create", "gives_nothing"), ("Returns", "returns_nothing")])
def test_r16_03_a_factory_that_gives_nothing(
    compiled: Callable[[str], str], isolation: str, shape: str, function: str
) -> None:
    """A success without an object is E_POINTER, and no crash."""
    with pytest.raises(callgate.ComError) as caught:
        callgate.create("", INumbered, library=compiled("licensed"), shape=shape, factory=function, isolation=isolation)
    assert caught.value.hresult == 0x80004003


def test_r16_03_what_is_not_registered_or_not_there(registered: Callable[[str], None], isolation: str) -> None:
    """CLASSNOTREG is told apart from a library that is missing."""
    registered(f'[CLSID."{WIDGET}"]\nInprocServer = "/nowhere/libplayer.so"')

    with pytest.raises(callgate.ComError, match="REGDB_E_CLASSNOTREG") as unknown:
        callgate.create(LICENSED, IShape, isolation=isolation)
    with pytest.raises(ValueError, match="CO_E_CLASSSTRING") as unnamed:
        callgate.create("acme.Nobody", IShape, isolation=isolation)
    with pytest.raises(callgate.DllNotFoundError, match=r"CO_E_DLLNOTFOUND.*/nowhere/libplayer\.so") as missing:
        callgate.create(WIDGET, IShape, isolation=isolation)

    codes = [getattr(each.value, "hresult", None) for each in (unknown, missing, unnamed)]
    assert codes == [0x80040154, 0x800401F8, 0x800401F3]
    assert isinstance(unknown.value, LookupError)
    assert isinstance(missing.value, callgate.ComError)


@pytest.mark.rule("R19.38")
def test_r16_01_nothing_is_aggregated_over_a_process_border(component: str) -> None:
    """An outer object is refused before anything is started."""
    with pytest.raises(callgate.ComError, match="nothing is aggregated") as caught:
        callgate.create(WIDGET, IShape, library=component, outer=object())
    assert caught.value.hresult == 0x80040110


# -- R16.20: licences --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def licensed(load_both: Callable[..., Lib]) -> Iterator[Lib]:
    lib = load_both("licensed", "int objects_alive(void); int objects_made(void);")
    before = lib.objects_alive()
    yield lib
    assert wait_until(lambda: lib.objects_alive() == before)


def test_r16_20_a_licence_is_needed(licensed: Lib) -> None:
    """With the right one there is an object; with none or another one CLASS_E_NOTLICENSED. It is a BSTR."""
    made = callgate.create(LICENSED, INumbered, library=licensed, licence="key\u00e9")
    assert made.Number() == 7
    callgate.release(cast("ComObject", made))

    for licence in (None, "", "key", "key\u00e9!"):
        with pytest.raises(callgate.ComError, match="CLASS_E_NOTLICENSED") as caught:
            callgate.create(LICENSED, INumbered, library=licensed, licence=licence)
        assert caught.value.hresult == 0x80040112


def test_r16_20_a_registration_may_say_so(
    compiled: Callable[[str], str], registered: Callable[[str], None], isolation: str
) -> None:
    """Then nothing is started without one."""
    registered(f'[CLSID."{LICENSED}"]\nInprocServer = "{compiled("licensed")}"\nNeedsLicence = true')

    with pytest.raises(callgate.ComError, match="with a licence only"):
        callgate.create(LICENSED, INumbered, isolation=isolation)
    assert callgate.create(LICENSED, INumbered, licence="key\u00e9", isolation=isolation).Number() == 7


def test_r16_20_a_class_object_without_licences(component: str) -> None:
    """IClassFactory alone makes nothing with a licence."""
    with pytest.raises(callgate.ComError) as caught:
        callgate.create(WIDGET, IShape, library=component, licence="key")
    assert caught.value.hresult == 0x80040112


# -- R16.8, R16.9: surrogates ------------------------------------------------------------------------------------------

APP, OTHER_APP = "{AAAAAAAA-7E5C-4E0C-9B0D-1D7B6F5B0C12}", "{BBBBBBBB-7E5C-4E0C-9B0D-1D7B6F5B0C12}"


def in_apps(component: str, **apps: str) -> str:
    """Classes of the component, each with its AppID; both AppIDs have a surrogate."""
    classes = "".join(
        f'[CLSID."{clsid_of(name)}"]\nInprocServer = "{component}"\nProgID = "acme.{name}"\nAppID = "{app}"\n'
        for name, app in apps.items()
    )
    return classes + "".join(f'[AppID."{app}"]\nDllSurrogate = ""\n' for app in dict.fromkeys(apps.values()))


def test_r16_09_classes_of_an_application_share_a_surrogate(component: str, registered: Callable[[str], None]) -> None:
    """Two classes with one AppID are in one process, another AppID and the client's own host are others."""
    registered(in_apps(component, Widget=APP, Calculator=APP, Recorder=OTHER_APP))

    one, two, other = (
        callgate.create(f"acme.{name}", IUnknown, context=Context.LOCAL_SERVER)
        for name in ("Widget", "Calculator", "Recorder")
    )
    own = callgate.create("acme.Widget", IUnknown)

    assert process_of(one) == process_of(two)
    assert len({process_of(each) for each in (one, other, own)}) == 3


def test_r16_09_a_surrogate_lives_as_long_as_an_object(component: str, registered: Callable[[str], None]) -> None:
    """With the last object it ends; the next one has another."""
    registered(in_apps(component, Widget=APP))
    made = callgate.create("acme.Widget", IShape, context=Context.LOCAL_SERVER)
    process = process_of(made)
    assert callgate.create("acme.Widget", IShape, context=Context.LOCAL_SERVER).Area() == 4.0

    del made
    gc.collect()

    assert wait_until(lambda: not Path(f"/proc/{process}").exists())
    assert process_of(callgate.create("acme.Widget", IShape, context=Context.LOCAL_SERVER)) != process


@pytest.mark.parametrize(("isolation", "count"), [("object", 2), ("library", 1), ("client", 1), ("shared:x", 1)])
def test_r16_09_the_caller_chooses_another_isolation(component: str, isolation: str, count: int) -> None:
    """A host for each object, or one for all."""
    made = [callgate.create(WIDGET, IShape, library=component, isolation=isolation) for _ in range(2)]

    assert len({process_of(each) for each in made}) == count


@pytest.mark.parametrize("count", [1, 5])
def test_r16_15_a_client_gives_back_only_what_it_has_taken(compiled: Callable[[str], str], count: int) -> None:
    """Counts are kept for each session: what one releases too often takes nothing from another."""
    counts = "int objects_alive(void);"
    one, other = (callgate.load(compiled("licensed"), counts, isolation="shared:counts") for _ in range(2))
    made: Any = callgate.create("", INumbered, library=one, shape="Create", factory="by_out")

    with suppress(callgate.Error):
        binding_of(other).ready().system(HostFunction.RELEASE, made._number, count)

    assert process_of(made) == callgate.info(other).process
    assert (made.Number(), other.objects_alive()) == (2, 1)
    callgate.release(made)
    assert wait_until(lambda: other.objects_alive() == 0)
    callgate.close(one)
    callgate.close(other)


# -- R16.12: permissions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["LaunchPermission", "AccessPermission"])
def test_r16_12_who_may_not_is_refused_before_code_of_the_class_runs(
    component: str, registered: Callable[[str], None], key: str
) -> None:
    """E_ACCESSDENIED, a PermissionError; without the right to launch not even a process is started."""
    registered(in_apps(component, Widget=APP) + f'{key} = ["uid:12345"]\n')
    before = hosts()

    with pytest.raises(PermissionError, match=key) as caught:
        callgate.create("acme.Widget", IShape, context=Context.LOCAL_SERVER)

    assert isinstance(caught.value, callgate.ComError)
    assert caught.value.hresult == 0x80070005
    if key == "LaunchPermission":
        assert hosts() <= before
    assert wait_until(lambda: hosts() <= before)


def hosts() -> set[int]:
    return {host["pid"] for host in current().embedded_broker().report()["hosts"]}
