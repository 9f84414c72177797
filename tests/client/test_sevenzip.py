"""7-Zip's own objects (`7z.so` of p7zip-full), and Python ones that it calls: `examples/sevenzip.py` and its limits."""

from __future__ import annotations

import gc
import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate.lib import binding_of
from callgate.variant import U4
from callgate_protocol.system import HostFunction
from tests.conftest import wait_until

EXAMPLE = Path(__file__).parents[2] / "examples" / "sevenzip.py"
FILES = {"a.txt": b"some text\n" * 20000, "naïve 😀.bin": bytes(range(256)) * 1000, "empty": b""}
E_ABORT = 0x80004004


@pytest.fixture(scope="module")
def example() -> Iterator[Any]:
    """The example as a module. It says itself that it has no 7-Zip."""
    spec = importlib.util.spec_from_file_location("sevenzip_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SystemExit:
        pytest.skip("7-Zip (p7zip-full) is not installed")
    sys.modules[spec.name] = module
    yield module
    del sys.modules[spec.name]
    callgate.close(module.sevenzip)


@pytest.fixture(autouse=True)
def nothing_is_left(example: Any) -> Iterator[None]:
    """All references are back at their start: 7-Zip's to objects of this process, and this one's to 7-Zip's."""
    host = binding_of(example.sevenzip).ready()
    gc.collect()
    before = len(host.objects.lent), host.system(HostFunction.INFO)["objects"]
    yield
    gc.collect()
    assert wait_until(lambda: (len(host.objects.lent), host.system(HostFunction.INFO)["objects"]) == before)
    assert binding_of(example.sevenzip).ready() is host, "the host was lost"


@pytest.fixture(scope="module")
def known(example: Any) -> dict[str, Any]:
    formats: dict[str, Any] = example.formats()
    return formats


def test_formats(example: Any, known: dict[str, Any]) -> None:
    """Numbers, texts, truth values and binary GUIDs in PROPVARIANTs."""
    assert {"7z", "zip", "tar", "xz"} <= known.keys()
    assert str(known["7z"]) == "23170f69-40c1-278a-1000-000110070000"
    assert example.sevenzip.GetNumberOfFormats() > len(known)
    assert example.sevenzip.GetNumberOfMethods() > 10


@pytest.mark.parametrize("name", ["7z", "zip", "tar"])
def test_there_and_back(example: Any, known: dict[str, Any], name: str) -> None:
    """Written and read through Python streams only; names keep their characters."""
    data = example.write(known[name], example.Update(FILES)) if name != "tar" else _plain(example, known["tar"])
    assert example.read(known[name], data) == FILES


def _plain(example: Any, kind: Any) -> bytes:
    archive = example.sevenzip.CreateObject(kind, example.types.IOutArchive)
    archive.UpdateItems(target := example.Stream(), len(FILES), example.Update(FILES))
    data: bytes = target.file.getvalue()
    return data


def test_properties_of_items(example: Any, known: dict[str, Any]) -> None:
    """Sizes, times of files and truth values come back as they were given."""
    data = example.write(known["7z"], example.Update(FILES))
    with example.sevenzip.CreateObject(known["7z"], example.types.IInArchive) as archive:
        assert archive.Open(example.Stream(data), None, None) == 0
        names = [archive.GetProperty(index, example.PATH) for index in range(archive.GetNumberOfItems())]
        at = names.index("a.txt")
        assert archive.GetProperty(at, example.SIZE) == 200_000
        assert archive.GetProperty(at, example.MODIFIED).year == 2001
        assert archive.GetProperty(at, example.IS_DIR) is False
        assert archive.GetNumberOfProperties() > 5
        assert archive.GetPropertyInfo(0) == (None, example.PATH, 8)
        archive.Close()


def test_garbage_is_no_archive(example: Any, known: dict[str, Any]) -> None:
    """S_FALSE: a success, which only `preserve_sig` shows."""
    for data in (b"", b"x" * 10_000, b"7z\xbc\xaf\x27\x1c" + b"\0" * 100):
        archive = example.sevenzip.CreateObject(known["7z"], example.types.IInArchive)
        code = archive.Open(example.Stream(data), None, None)
        assert (code, type(code)) == (1, callgate.HResult)
        archive.Close()
        del archive


class _Cancelled(Exception):
    hresult = E_ABORT


def _abort(*_: Any) -> Any:
    raise _Cancelled


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        *[("Update", method) for method in ("SetCompleted", "GetProperty", "GetStream", "GetUpdateItemInfo")],
        *[("Stream", method) for method in ("Read", "Write")],
    ],
)
@pytest.mark.parametrize("name", ["7z", "zip"])
def test_cancelled(
    example: Any, known: dict[str, Any], monkeypatch: pytest.MonkeyPatch, kind: str, method: str, name: str
) -> None:
    """Whatever is cancelled: 7-Zip gives up, its caller gets the code, and nothing is held."""
    monkeypatch.setattr(getattr(example, kind), method, _abort)
    with pytest.raises(callgate.ComError) as stopped:
        example.write(known[name], example.Update(FILES))
    assert stopped.value.hresult == callgate.HResult(E_ABORT)


def test_an_exception_of_python(example: Any, known: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """R11.8: an exception is its HRESULT for 7-Zip, and an exception of that kind again for who called 7-Zip."""

    def forbidden(*_: Any) -> Any:
        raise PermissionError("not this file")

    monkeypatch.setattr(example.Update, "GetStream", forbidden)
    with pytest.raises(PermissionError) as refused:
        example.write(known["7z"], example.Update(FILES))
    assert refused.value.hresult == callgate.HResult(0x80070005)  # type: ignore[attr-defined]
    del refused


def test_threads_of_7zip(example: Any, known: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder with threads of its own reads on them: its calls run here while the first call waits."""
    here, seen = threading.get_ident(), set()
    read = example.Stream.Read

    def noted(stream: Any, size: int) -> Any:
        seen.add(threading.get_ident())
        return read(stream, size)

    monkeypatch.setattr(example.Stream, "Read", noted)
    archive = example.sevenzip.CreateObject(known["zip"], example.types.IOutArchive)
    callgate.query(archive, example.types.ISetProperties).SetProperties(["mt"], [U4(2)], 1)
    archive.UpdateItems(target := example.Stream(), len(FILES), example.Update(FILES))
    assert seen - {here}
    assert example.read(known["zip"], target.file.getvalue()) == FILES
    del archive, target


def test_passwords(example: Any, known: dict[str, Any]) -> None:
    """7-Zip asks a callback whether it has an interface more, and then calls that."""

    class Secret(example.Update, example.types.ICryptoGetTextPassword2):  # type: ignore[misc]
        def CryptoGetTextPassword2(self) -> tuple[int, str]:  # noqa: N802 - COM's name
            return 1, "sésame 😀"

    class Knowing(example.Extract, example.types.ICryptoGetTextPassword):  # type: ignore[misc]
        def CryptoGetTextPassword(self) -> str:  # noqa: N802 - COM's name
            return self.password  # type: ignore[no-any-return]

    data = example.write(known["7z"], Secret(FILES))
    for password, right in (("sésame 😀", True), ("wrong", False)):
        callback = Knowing()
        callback.password = password
        with example.sevenzip.CreateObject(known["7z"], example.types.IInArchive) as archive:
            assert archive.Open(example.Stream(data), None, None) == 0
            archive.Extract(None, example.ALL, 0, callback)
            archive.Close()
        assert all(result == 0 for result in callback.results) is right
        found = {stream.file.getvalue() for stream in callback.streams.values()}
        assert (found == set(FILES.values())) is right
        del callback, archive
