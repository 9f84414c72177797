"""R16.4: registry files. What they may say, what is refused and how, and which of several wins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import callgate
from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.permissions import Rule
from callgate_protocol.registry import (
    AppEntry,
    ClassEntry,
    Inproc,
    InterfaceEntry,
    LibraryEntry,
    MachineEntry,
    ProgIdEntry,
    PythonServer,
    Registry,
    RegistryError,
    TypeLibEntry,
)
from callgate_protocol.registry_text import parse_registry
from callgate_protocol.registry_writing import write_registry
from callgate_transport import registryfiles

PLAYER = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
OTHER = "{AAAAAAAA-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
FILE = "/etc/callgate/registry.toml"

WHOLE = f"""
[CLSID."{PLAYER.lower()}"]
Name = "A player"
InprocServer = {{ Library = "./libplayer.so", Shape = "CreateObject", Factory = "MakeObject" }}
ThreadingModel = "Both"
LocalServer = ["./playerd", "--quiet"]
ProgID = "acme.Player.2"
Version = "2.1"
AppID = "{OTHER}"
TypeLib = "{OTHER}"
Wrapper = "acme.player:Player"

[CLSID."{OTHER}"]
TreatAs = "{PLAYER}"

[ProgID."acme.Player"]
CurVer = "acme.Player.2"

[Interface."{OTHER}"]
Name = "IPlayer"
NumMethods = 12
TypeLib = "{OTHER}"

[AppID."{OTHER}"]
DllSurrogate = ""
LaunchPermission = ["uid:1000", "!gid:4", "self"]
Endpoints = ["tcp://10.0.0.1:5570"]

[TypeLib."{OTHER}"."1.0"]
Name = "Acme 1"
0 = "acme.idl"
409 = "./acme-us.idl"

[TypeLib."{OTHER}"."10.2"]
0 = "acme10.idl"

[Library.acme]
File = "libacme.so.1"
Version = "1.2"

[Machine]
DefaultAccessPermission = ["everyone"]
"""


def test_r16_04_every_table_is_read() -> None:
    """GUIDs compare without case, paths are relative to the file, what is not said has its default."""
    registry = parse_registry(WHOLE, FILE)

    assert registry.classes[PLAYER] == ClassEntry(
        PLAYER,
        name="A player",
        inproc=Inproc("/etc/callgate/libplayer.so", "MakeObject", "CreateObject"),
        threading="Both",
        local_server=("/etc/callgate/playerd", "--quiet"),
        progid="acme.Player.2",
        version="2.1",
        appid=OTHER,
        typelib=OTHER,
        wrapper="acme.player:Player",
    )
    assert registry.progids == {"acme.Player": ProgIdEntry("acme.Player", current="acme.Player.2")}
    assert registry.interfaces == {OTHER: InterfaceEntry(OTHER, "IPlayer", methods=12, typelib=OTHER)}
    app = registry.apps[OTHER]
    assert (app.surrogate, app.launch, app.access) == (
        "",
        (Rule("uid", 1000), Rule("gid", 4, denies=True), Rule("self")),
        None,
    )
    assert registry.libraries["acme"] == LibraryEntry("acme", "libacme.so.1", "1.2")
    assert registry.machines == (MachineEntry(access=(Rule("everyone"),)),)


def test_r16_04_a_class_is_found_by_progid_clsid_and_treatas() -> None:
    """ProgIDs lead to the current version, CLSIDs in any case are themselves, `TreatAs` is followed."""
    registry = parse_registry(WHOLE, FILE)

    assert registry.clsid_of("acme.Player") == registry.clsid_of("acme.Player.2") == PLAYER
    assert registry.clsid_of(PLAYER.lower()) == PLAYER
    assert registry.class_entry(OTHER).clsid == PLAYER
    assert registry.progid_of(PLAYER) == "acme.Player.2"
    assert registry.typelib_file(OTHER) == "acme10.idl"
    assert registry.typelib_file(OTHER, "1.0", 0x409) == "/etc/callgate/acme-us.idl"
    assert registry.typelib_file(OTHER, "1.0", 0x407) == "acme.idl"
    assert registry.typelib_file(PLAYER) == ""


@pytest.mark.rule("R16.3")
@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("acme.Playr", "CO_E_CLASSSTRING", "did you mean 'acme.Player'"),
        (PLAYER.strip("{}"), "CO_E_CLASSSTRING", f"must stand in braces and by itself: {PLAYER}"),
        ("{3CA6}", "CO_E_CLASSSTRING", "is no GUID"),
    ],
)
def test_r16_04_names_that_are_none(name: str, code: str, said: str) -> None:
    """A name that nobody registered, and GUIDs that are none or have no braces."""
    with pytest.raises(ActivationRefused, match=said) as caught:
        parse_registry(WHOLE, FILE).clsid_of(name)

    assert caught.value.name == code


@pytest.mark.parametrize("chain", [(PLAYER,), (PLAYER, OTHER)])
def test_r16_04_a_circle_of_treatas_ends(chain: tuple[str, ...]) -> None:
    """A class that is treated as itself, by whatever way, is not registered."""
    text = "".join(
        f'[CLSID."{one}"]\nTreatAs = "{other}"\n' for one, other in zip(chain, chain[1:] + chain[:1], strict=True)
    )

    with pytest.raises(ActivationRefused, match="goes in a circle"):
        parse_registry(text, FILE).class_entry(PLAYER)


CLASS = f'[CLSID."{PLAYER}"]\n'


@pytest.mark.parametrize(
    ("text", "table", "key", "said"),
    [
        ("CLSID = = 1", "", "", r"no TOML: .*\(at line 1"),
        ("[Classes]", "", "Classes", "there is no table"),
        ('[CLSID."3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12"]\nTreatAs = ""', "CLSID.", "", "must stand in braces"),
        (f'{CLASS}TreatAs = "{OTHER}"\n[CLSID."{PLAYER.lower()}"]\nName = ""', "CLSID.", "", "is there twice"),
        ("CLSID = 5", "CLSID", "", "a table is needed here, not int"),
        (f"{CLASS}InprocServer = 5", ".InprocServer", "", "a table is needed here"),
        (f'{CLASS}InprocServer32 = "x.so"', "CLSID.", "InprocServer32", "perhaps InprocServer is meant"),
        (f'{CLASS}[CLSID."{PLAYER}".InprocServer]\nFactory = "f"', ".InprocServer", "", "Library is missing"),
        (f'{CLASS}InprocServer = {{ Library = "x", Shape = "any" }}', "", "Shape", "one of ClassObject, CreateObject"),
        (f'{CLASS}InprocServer = ""', "CLSID.", "InprocServer", "a string that is not empty"),
        (f"{CLASS}LocalServer = []", "CLSID.", "LocalServer", "a program, or a list"),
        (f"{CLASS}LocalServer = [5]", "CLSID.", "LocalServer", "a string, not int"),
        (f'{CLASS}TreatAs = "acme"', "CLSID.", "TreatAs", "a GUID in braces: 'acme' is no GUID"),
        (f'{CLASS}ProgID = "a b"', "CLSID.", "ProgID", "written like acme.Player"),
        (f'{CLASS}Version = "one"', "CLSID.", "Version", "written like 1.0"),
        (f'{CLASS}PythonServer = "acme"', "CLSID.", "PythonServer", "written like package.module:Class"),
        (f"{CLASS}NeedsLicence = 1", "CLSID.", "NeedsLicence", "true or false, not int"),
        (f'{CLASS}Name = "nothing"', "CLSID.", "", "it has neither InprocServer"),
        ('[ProgID."acme.Player"]\nName = "x"', "ProgID.", "", "either CLSID or CurVer"),
        (f'[AppID."{OTHER}"]\nLaunchPermission = "self"', "AppID.", "LaunchPermission", "a list of rules such as"),
        (f'[AppID."{OTHER}"]\nLaunchPermission = ["me"]', "AppID.", "LaunchPermission", "'me' is no rule"),
        (f'[AppID."{OTHER}"]\nAccessPermission = ["uid:-1"]', "AppID.", "AccessPermission", "no user or group id"),
        (f'[Interface."{OTHER}"]\nNumMethods = -1', "Interface.", "NumMethods", "from 0 to 65535"),
        (f'[TypeLib."{OTHER}".one]\n', "TypeLib.", "", "the version must be written like 1.0"),
        (f'[TypeLib."{OTHER}"."1.0"]\nFile = "x"', "TypeLib.", "File", "LCIDs in hexadecimal"),
        ("[Library.acme]\nVersion = '1'", "Library.", "", "File is missing"),
    ],
)
def test_r16_04_refused_with_file_table_and_key(text: str, table: str, key: str, said: str) -> None:
    """Whatever is wrong in a registry file is found there again."""
    with pytest.raises(RegistryError, match=said) as caught:
        parse_registry(text, FILE)

    error = caught.value
    assert (error.file, error.key) == (FILE, key)
    assert table in error.table
    assert str(error).startswith(FILE)
    assert "R16.4" in str(error)


@pytest.mark.rule("R16.3")
@pytest.mark.parametrize(
    "text",
    [
        f'{CLASS}InprocServer = "x.so"\nThreadingModel = "Many"',
        f'{CLASS}InprocServer = "x.so"\nThreadingModel = "Both"\n[CLSID."{OTHER}"]\nInprocServer = "x.so"',
    ],
)
def test_r16_04_threading_models_that_are_none_are_refused(text: str) -> None:
    """An unknown model, and two models for the classes of one library."""
    with pytest.raises(RegistryError) as caught:
        parse_registry(text, FILE)

    assert caught.value.name == "REGDB_E_BADTHREADINGMODEL"


def test_r16_04_the_nearer_file_wins() -> None:
    """The whole entry of a nearer file replaces that of a farther one; other entries of both stay."""
    near = parse_registry(f'{CLASS}InprocServer = "near.so"\n', "/home/a/.config/callgate/registry.toml")
    far = parse_registry(
        f'{CLASS}InprocServer = "far.so"\nThreadingModel = "Both"\n[CLSID."{OTHER}"]\nInprocServer = "other.so"\n', FILE
    )

    both = Registry.merge([near, far])

    assert [both.classes[each].inproc for each in (PLAYER, OTHER)] == [Inproc("near.so"), Inproc("other.so")]
    assert both.classes[PLAYER].threading == ""


# -- writing -----------------------------------------------------------------------------------------------------------

guids = st.uuids().map(lambda guid: f"{{{guid}}}".upper())
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
words = texts.filter(bool)
paths = words.map(lambda word: "/" + word.replace("/", "_").strip(".") + "x")
rules = st.lists(st.sampled_from([Rule("self"), Rule("uid", 7), Rule("gid", 9, denies=True)]), max_size=3).map(tuple)
entries = st.builds(
    ClassEntry,
    guids,
    name=texts,
    inproc=st.one_of(st.none(), st.builds(Inproc, paths, words, st.sampled_from(["ClassObject", "Returns"]))),
    threading=st.just("Both"),
    local_server=st.lists(paths, min_size=1, max_size=3).map(tuple),
    python=st.one_of(
        st.none(), st.builds(PythonServer, st.just("a.b:C"), paths, st.lists(paths, max_size=2).map(tuple))
    ),
    progid=st.sampled_from(["", "acme.Player", "acme.Player.2"]),
    appid=st.one_of(st.just(""), guids),
    needs_licence=st.booleans(),
)
apps = st.builds(
    AppEntry, guids, surrogate=st.one_of(st.none(), st.just(""), paths), launch=st.one_of(st.none(), rules)
)
typelibs = st.builds(
    TypeLibEntry, guids, st.just("1.0"), texts, st.dictionaries(st.integers(0, 0x7FFF), paths, max_size=2)
)


@given(st.lists(entries, max_size=3), st.lists(apps, max_size=2), st.lists(typelibs, max_size=2))
def test_r16_04_what_is_written_is_read_again(
    classes: list[ClassEntry], some: list[AppEntry], described: list[TypeLibEntry]
) -> None:
    """Entries survive their file."""
    registry = Registry(
        classes={each.clsid: each for each in classes},
        apps={each.appid: each for each in some},
        typelibs={(each.typelib, each.version): each for each in described},
    )

    assert parse_registry(write_registry(registry), FILE) == registry


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without registrations, in a project of their own."""
    monkeypatch.delenv(registryfiles.OVERRIDE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "callgate" / "registry.d").mkdir(parents=True)
    (tmp_path / "project" / "deep" / "inside").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "deep" / "inside")
    return tmp_path


def write(path: Path, library: str) -> None:
    path.write_text(f'{CLASS}InprocServer = "{library}"\n')


def found_library() -> str:
    entry = registryfiles.read_registry().classes[PLAYER]
    assert entry.inproc is not None
    return entry.inproc.library


def test_r16_04_a_project_wins_over_the_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`callgate.toml` is found upwards from the working directory; the environment variable replaces all of them."""
    write(home / "config/callgate/registry.toml", "user.so")
    write(home / "config/callgate/registry.d/acme.toml", "dropped.so")
    assert found_library() == "user.so"

    write(home / "project/callgate.toml", "./project.so")
    assert found_library() == str(home / "project/project.so")
    assert [hive.kind for hive in registryfiles.hives()][:3] == ["project", "user", "user"]
    assert [hive.kind for hive in registryfiles.hives(project=False)][:2] == ["user", "user"]

    write(home / "given.toml", "given.so")
    monkeypatch.setenv(registryfiles.OVERRIDE, f"{home}/none.d:{home}/given.toml:{home}/config/callgate/registry.d")
    assert found_library() == "given.so"
    assert [hive.kind for hive in registryfiles.hives()] == ["given", "given"]

    monkeypatch.setenv(registryfiles.OVERRIDE, "")
    assert registryfiles.hives() == []


def test_r16_04_a_file_that_anybody_may_write_is_refused(home: Path) -> None:
    """A registry says which code runs."""
    path = home / "project/callgate.toml"
    write(path, "x.so")
    path.chmod(0o666)

    with pytest.raises(callgate.ComError, match="everybody may write to it") as caught:
        callgate.classes()

    assert caught.value.hresult == 0x80040153


def test_r16_04_files_that_are_too_long_or_no_text_are_refused(home: Path) -> None:
    """Bounded before it is read, decoded before it is parsed."""
    path = home / "project/callgate.toml"
    path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(RegistryError, match="longer than 1048576 bytes"):
        registryfiles.read_file(str(path))

    path.write_bytes(b"# \xff")
    with pytest.raises(RegistryError, match="no UTF-8"):
        registryfiles.read_file(str(path))


def test_r16_04_registering_and_taking_it_back(home: Path) -> None:
    """A registration is a file of its own, listed at once and gone without a trace."""
    path = callgate.register("/opt/acme/libplayer.so", clsid=PLAYER.lower(), progid="acme.Player", threading="Both")

    listed = callgate.classes()
    assert [(each.clsid, each.progid, each.server, each.threading) for each in listed] == [
        (PLAYER, "acme.Player", "/opt/acme/libplayer.so", "Both")
    ]
    assert listed[0].file == path
    with pytest.raises(FileExistsError):
        callgate.register("/opt/acme/libplayer.so", clsid=PLAYER)

    assert callgate.unregister("acme.Player") == path
    assert os.listdir(os.path.dirname(path)) == []
    with pytest.raises(callgate.ComError, match="CO_E_CLASSSTRING"):
        callgate.unregister("acme.Player")


def test_r16_04_what_is_written_by_hand_is_not_taken_back(home: Path) -> None:
    """It says where it stands."""
    write(home / "project/callgate.toml", "x.so")

    with pytest.raises(callgate.ComError, match=r"callgate\.toml; remove its table \[CLSID") as caught:
        callgate.unregister(PLAYER)

    assert caught.value.hresult == 0x800401FB


def test_r16_04_a_file_with_two_classes_loses_one(home: Path) -> None:
    """Taking over a file; taking one class of it back leaves the other."""
    (home / "two.toml").write_text(f'{CLASS}InprocServer = "./x.so"\n[CLSID."{OTHER}"]\nInprocServer = "./x.so"\n')
    path = callgate.register(str(home / "two.toml"))
    assert found_library() == str(home / "x.so")

    callgate.unregister(OTHER)

    assert [each.clsid for each in callgate.classes()] == [PLAYER]
    assert os.listdir(os.path.dirname(path)) == ["two.toml"]


@pytest.mark.rule("R15.7")
def test_r16_04_classes_of_one_library_have_one_threading_model(home: Path) -> None:
    """The second class of a library does not change what its first one promises."""
    callgate.register("/opt/acme/libplayer.so", clsid=PLAYER, threading="Free")
    callgate.register("/opt/acme/libother.so", clsid="{6F1D43A6-3A0F-4D6F-9D4A-000000000001}", threading="Apartment")

    with pytest.raises(callgate.ComError, match=r"libplayer\.so have the threading models Both, Free") as caught:
        callgate.register("/opt/acme/libplayer.so", clsid=OTHER, threading="Both")

    assert caught.value.hresult == 0x80040156
    assert [each.threading for each in callgate.classes() if each.clsid == OTHER] == []
    callgate.register("/opt/acme/libplayer.so", clsid=OTHER, threading="Free")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "known by its CLSID"),
        ({"clsid": "player"}, "is no GUID"),
        ({"clsid": PLAYER, "progid": "a b"}, "written like acme.Player"),
        ({"clsid": PLAYER, "threading": "Many"}, "BADTHREADINGMODEL"),
        ({"clsid": PLAYER, "shape": "Any"}, "one of ClassObject"),
    ],
)
def test_r16_04_registrations_that_are_refused(home: Path, options: dict[str, str], said: str) -> None:
    """Nothing is written that could not be read again."""
    with pytest.raises(callgate.ComError, match=said):
        callgate.register("/opt/x.so", **options)  # type: ignore[arg-type]

    assert os.listdir(home / "config/callgate/registry.d") == []
