"""R16.5 to R16.7, R16.16, R16.17: Python classes as servers, in hosts and in programs of their own."""

# mypy: disable-error-code="type-abstract"

from __future__ import annotations

import gc
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import pytest

import callgate
from callgate import IUnknown, NativePtr, interface
from callgate.com.classes import words_of
from callgate_protocol.activation import Context
from callgate_transport import registryfiles
from tests.conftest import wait_until

from .served_classes import Counter, ICounter, IOther, Known

ROOT = str(Path(__file__).parents[2])
COUNTER = "{0000A1FF-0000-0000-C000-000000000046}"
SECOND = "{0000A1FE-0000-0000-C000-000000000046}"
LOCAL = Context.LOCAL_SERVER


@pytest.fixture(autouse=True)
def nothing_is_left() -> Any:
    """Proxies go with their test."""
    yield
    gc.collect()


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a registry file that is the only one."""
    path = tmp_path / "registry.toml"
    monkeypatch.setenv(registryfiles.OVERRIDE, f"{path}:{tmp_path}/registry.d")
    path.write_text("")

    def write(text: str) -> None:
        path.write_text(text)

    return write


CREATING = """
    typedef HRESULT (*co_create_instance)(const GUID *clsid, IUnknown *outer, unsigned int context, const GUID *iid,
                                          [out, iid_is(iid)] void **made);
    [throws] HRESULT counted(co_create_instance create, GUID clsid, GUID iid, [out, retval] int *count);
"""


@pytest.fixture
def clsid() -> str:
    """A class that no program of an earlier test serves."""
    return f"{{{uuid.uuid4()}}}".upper()


# -- R16.17: Python classes in hosts -----------------------------------------------------------------------------------


def test_r16_17_a_registered_class_runs_in_a_host_of_its_own(registered: Callable[[str], None]) -> None:
    """Registered, created by name, called; unregistered, it is not found any more."""
    callgate.register(Counter, progid="acme.Counter")

    counter = callgate.create("acme.Counter", ICounter)
    assert (counter.count(), counter.count()) == (1, 2)
    assert counter.process() != os.getpid()
    assert callgate.create("acme.Counter", ICounter).process() == counter.process()
    some = callgate.create_all("acme.Counter", [IOther, ICounter])
    assert [code.failed for code in some.results] == [True, False]
    assert (some.status, some.object.count()) == (0x00080012, 1)

    callgate.unregister("acme.Counter")
    with pytest.raises(callgate.ComError, match="CO_E_CLASSSTRING"):
        callgate.create("acme.Counter", ICounter)


@pytest.mark.rule("R16.3", "R17.11")
def test_r16_17_native_code_has_objects_made_by_their_class(
    registered: Callable[[str], None], compiled: Callable[[str], str]
) -> None:
    """It is given what it calls CoCreateInstance; the Python object it gets is called directly, by its slots."""
    callgate.register(Counter, progid="acme.Counter")
    clsid = uuid.UUID(next(each.clsid for each in callgate.classes() if each.progid == "acme.Counter"))
    iid = uuid.UUID("0000A101-0000-0000-C000-000000000046")

    def co_create_instance(wanted: uuid.UUID, outer: Any, context: int, interface: uuid.UUID) -> tuple[int, Any]:
        assert (outer, interface) == (None, iid)
        return 0, callgate.create(wanted, ICounter, context=Context(context) | Context.INPROC)

    with callgate.load(compiled("creating"), CREATING) as lib:
        assert lib.counted(co_create_instance, clsid, iid) == 2
        callgate.unregister("acme.Counter")
        with pytest.raises(callgate.ComError, match="REGDB_E_CLASSNOTREG"):
            lib.counted(co_create_instance, clsid, iid)


def test_r16_17_a_crash_takes_the_host_and_nothing_else(registered: Callable[[str], None]) -> None:
    """How an extension module is run crash-isolated: the next one has a new host."""
    callgate.register(Counter, progid="acme.Counter")
    counter = callgate.create("acme.Counter", ICounter)
    before = counter.process()

    with pytest.raises(callgate.HostCrashed):
        counter.die()

    assert callgate.create("acme.Counter", ICounter).process() != before


def test_r16_17_a_class_has_the_clsid_that_it_says(registered: Callable[[str], None]) -> None:
    """What `@coclass` gives it is how it is registered and created."""
    callgate.register(Known)

    assert callgate.create(words_of(Known).clsid, ICounter).count() == 1


@pytest.mark.rule("R14.16", "R16.3", "R19.39")
@pytest.mark.parametrize("name", ["Abstract", "NeedsPath", "Hidden", "Missing"])
def test_r16_17_what_nobody_can_create_is_refused(registered: Callable[[str], None], name: str) -> None:
    """Also when it was registered by hand: CLASS_E_CLASSNOTAVAILABLE from the host."""
    server = f'{{ Class = "tests.rules.served_classes:{name}", Path = ["{ROOT}", {_path()}] }}'
    registered(f'[CLSID."{COUNTER}"]\nPythonServer = {server}')

    with pytest.raises(callgate.ComError) as caught:
        callgate.create(COUNTER, ICounter)

    assert name in str(caught.value)
    if name != "Missing":
        assert caught.value.hresult == 0x80040111


def _path() -> str:
    return ", ".join(f'"{each}"' for each in sys.path if each)


def test_r16_17_a_constructor_that_fails_says_why(registered: Callable[[str], None]) -> None:
    """Its exception crosses as a code with its text."""
    server = f'{{ Class = "tests.rules.served_classes:Broken", Path = ["{ROOT}", {_path()}] }}'
    registered(f'[CLSID."{COUNTER}"]\nPythonServer = {server}')

    with pytest.raises(ValueError, match="no device"):
        callgate.create(COUNTER, ICounter)


def test_r16_17_a_class_of_another_interpreter_runs_in_that_one(
    registered: Callable[[str], None], tmp_path: Path, clsid: str
) -> None:
    """What was registered in another environment is served there."""
    other = tmp_path / "python"
    other.symlink_to(os.path.realpath(sys.executable))
    server = f'{{ Class = "tests.rules.served_classes:Counter", Python = "{other}", Path = ["{ROOT}", {_path()}] }}'
    registered(f'[CLSID."{clsid}"]\nPythonServer = {server}')

    counter = callgate.create(clsid, ICounter)

    assert counter.count() == 1
    assert Path(f"/proc/{counter.process()}/cmdline").read_text().split("\0")[0] == str(other)
    assert callgate.create(clsid, ICounter).process() == counter.process()


@pytest.mark.rule("R16.8", "R16.9")
def test_r16_17_classes_of_an_application_share_a_surrogate(registered: Callable[[str], None]) -> None:
    """Python classes as well."""
    server = f'{{ Class = "tests.rules.served_classes:Counter", Path = ["{ROOT}", {_path()}] }}'
    registered(
        "".join(f'[CLSID."{clsid}"]\nPythonServer = {server}\nAppID = "{COUNTER}"\n' for clsid in (COUNTER, SECOND))
        + f'[AppID."{COUNTER}"]\nDllSurrogate = ""\n'
    )

    one, two = (callgate.create(clsid, ICounter, context=LOCAL) for clsid in (COUNTER, SECOND))
    assert one.process() == two.process()
    assert one.process() != callgate.create(COUNTER, ICounter).process()


# -- R16.5 to R16.7: programs ------------------------------------------------------------------------------------------


def program(mode: str, *clsids: str) -> str:
    """A registry in which a program serves some classes."""
    command = [sys.executable, "-m", "tests.rules.served_classes", mode, *clsids]
    listed = ", ".join(f'"{word}"' for word in command)
    return "".join(f'[CLSID."{clsid}"]\nLocalServer = [{listed}]\n' for clsid in clsids)


def test_r16_05_a_program_is_started_and_shared_and_ends(registered: Callable[[str], None], clsid: str) -> None:
    """MULTIPLEUSE: clients share a process, which ends when nobody uses it; the next activation starts another."""
    registered(program("multiple", clsid))

    one, two = (callgate.create(clsid, ICounter) for _ in range(2))
    process = one.process()
    assert process == two.process() != os.getpid()
    assert (one.count(), one.count(), two.count()) == (1, 2, 1)
    assert "-Embedding" in Path(f"/proc/{process}/cmdline").read_text()

    del one, two
    gc.collect()
    assert wait_until(lambda: not Path(f"/proc/{process}").exists(), 20)
    assert callgate.create(clsid, ICounter).process() != process


def test_r16_05_activations_at_once_start_one_program(registered: Callable[[str], None], clsid: str) -> None:
    """Six threads, one process."""
    registered(program("multiple", clsid))

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: callgate.create(clsid, ICounter), range(6)))

    assert len({each.process() for each in made}) == 1


@pytest.mark.rule("R16.6")
def test_r16_06_single_use_starts_a_program_for_each(registered: Callable[[str], None], clsid: str) -> None:
    """Two clients, two processes."""
    registered(program("single", clsid))

    one, two = (callgate.create(clsid, ICounter) for _ in range(2))

    assert one.process() != two.process()


@pytest.mark.rule("R16.7")
def test_r16_07_classes_of_a_program_come_together(registered: Callable[[str], None], clsid: str) -> None:
    """All are registered before any can be had; both are in one process."""
    second = f"{{{uuid.uuid4()}}}".upper()
    registered(program("multiple", clsid, second))

    one, two = callgate.create(clsid, ICounter), callgate.create(second, ICounter)

    assert one.process() == two.process()


@pytest.mark.rule("R16.3")
@pytest.mark.parametrize(
    ("server", "code", "said"),
    [
        (f'["{sys.executable}", "-c", "raise SystemExit(3)"]', 0x80080005, "ended with exit status 3 before it regis"),
        ('"/nowhere/playerd"', 0x800401F5, "No such file"),
        ('"/etc/passwd"', 0x80004018, "Permission denied"),
    ],
)
def test_r16_05_a_program_that_does_not_serve(
    registered: Callable[[str], None], clsid: str, server: str, code: int, said: str
) -> None:
    """What became of it is told, with its code."""
    registered(f'[CLSID."{clsid}"]\nLocalServer = {server}')

    with pytest.raises(callgate.ComError, match=said) as caught:
        callgate.create(clsid, ICounter)

    assert caught.value.hresult == code


def test_r16_05_a_program_that_runs_already_is_used(registered: Callable[[str], None], clsid: str) -> None:
    """One that was started by hand serves as well, and nothing needs to be registered to start it."""
    registered(f'[CLSID."{clsid}"]\nLocalServer = "/nowhere/playerd"')
    with callgate.ClassServer() as server:
        cookie = server.register(Counter, clsid, suspended=False)
        found = subprocess.run(
            [sys.executable, "-c", CLIENT, clsid],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"CALLGATE_BROKER": broker_address()},
        )
        assert (found.stdout, found.stderr) == (f"{os.getpid()}\n", "")
        server.revoke(cookie)


CLIENT = """
import sys, callgate
from tests.rules.served_classes import ICounter
print(callgate.create(sys.argv[1], ICounter).process())
"""


def broker_address() -> str:
    from callgate.process import current

    return f"ipc://{current().embedded_broker().report()['broker']['directory']}/broker"


# -- R16.10, R16.11: surrogates that are not callgate's ----------------------------------------------------------------

SURROGATE = """#!{python}
import sys
sys.path[:0] = {path!r}
import callgate
from tests.rules.served_classes import Counter
with callgate.ClassServer() as server:
    server.register(Counter, sys.argv[1])
    server.run()
"""


@pytest.mark.rule("R16.8")
def test_r16_10_another_program_may_be_the_surrogate(
    registered: Callable[[str], None], clsid: str, tmp_path: Path
) -> None:
    """It is given the class and `-Embedding`, registers a class object for it, and ends when nobody uses it."""
    surrogate = tmp_path / "surrogate"
    surrogate.write_text(SURROGATE.format(python=sys.executable, path=[ROOT, *filter(None, sys.path)]))
    surrogate.chmod(0o755)
    registered(
        f'[CLSID."{clsid}"]\nInprocServer = "libm.so.6"\nAppID = "{clsid}"\n'
        f'[AppID."{clsid}"]\nDllSurrogate = "{surrogate}"'
    )

    counter = callgate.create(clsid, ICounter, context=LOCAL)
    process = counter.process()
    assert Path(f"/proc/{process}/cmdline").read_text().split("\0")[2:4] == [clsid, "-Embedding"]
    assert callgate.create(clsid, ICounter, context=LOCAL).process() == process

    del counter
    gc.collect()
    assert wait_until(lambda: not Path(f"/proc/{process}").exists(), 20)


@pytest.mark.rule("R16.8", "R16.9")
def test_r16_10_one_surrogate_serves_all_classes_of_its_application(
    registered: Callable[[str], None], tmp_path: Path
) -> None:
    """It registers every class that it serves, whichever it was started for; the next class is found there."""
    one, two, app = (f"{{{uuid.uuid4()}}}".upper() for _ in range(3))
    surrogate = tmp_path / "surrogate"
    text = SURROGATE.format(python=sys.executable, path=[ROOT, *filter(None, sys.path)])
    own = "server.register(Counter, sys.argv[1])"
    assert own in text
    surrogate.write_text(text.replace(own, f"[server.register(Counter, each) for each in {(one, two)!r}]"))
    surrogate.chmod(0o755)
    registered(
        "".join(f'[CLSID."{each}"]\nInprocServer = "libm.so.6"\nAppID = "{app}"\n' for each in (one, two))
        + f'[AppID."{app}"]\nDllSurrogate = "{surrogate}"'
    )

    first, second = (callgate.create(each, ICounter, context=LOCAL) for each in (two, one))
    process = first.process()
    assert second.process() == process
    assert [first.count(), second.count()] == [1, 1]

    del first
    gc.collect()
    assert callgate.create(two, ICounter, context=LOCAL).process() == process  # one class is still in use
    del second
    gc.collect()
    assert wait_until(lambda: not Path(f"/proc/{process}").exists(), 20)


@interface("{0000A103-0000-0000-C000-000000000046}", local=True)
class ILocal(IUnknown, Protocol):
    def watch(self, memory: NativePtr) -> None: ...


def test_r16_11_what_means_something_in_one_process_only_is_refused(
    registered: Callable[[str], None], clsid: str
) -> None:
    """A class in a shared process is not asked for an interface with raw addresses, nor is one that says so."""
    app = f'AppID = "{clsid}"\n[AppID."{clsid}"]\nDllSurrogate = ""'
    registered(f'[CLSID."{clsid}"]\nInprocServer = "libm.so.6"\n{app}')
    with pytest.raises(callgate.MarshalDirectiveError, match=r"ILocal.watch, parameter 1 'memory'.*R16\.11"):
        callgate.create(clsid, ILocal, context=LOCAL)

    registered(f'[CLSID."{clsid}"]\nInprocServer = "libm.so.6"\nNotRemotable = "it shares globals"\n{app}')
    with pytest.raises(callgate.ComError, match=r"it shares globals \(R16\.11\)"):
        callgate.create(clsid, ICounter, context=LOCAL)


# -- R16.16: running objects of classes --------------------------------------------------------------------------------


def test_r16_16_the_running_object_of_a_class(registered: Callable[[str], None], clsid: str) -> None:
    """By ProgID: the very object in its own process, a proxy in others; revoked, it is unavailable."""
    registered(f'[CLSID."{clsid}"]\nProgID = "acme.Counter"\nLocalServer = "/nowhere/playerd"')
    counter = Counter()

    with callgate.register_active_object(counter, "acme.Counter"):
        assert callgate.get_active_object(clsid, ICounter) is counter
    with pytest.raises(LookupError, match="MK_E_UNAVAILABLE") as caught:
        callgate.get_active_object("acme.Counter", ICounter)

    assert isinstance(caught.value, callgate.ComError)
    assert caught.value.hresult == 0x800401E3
