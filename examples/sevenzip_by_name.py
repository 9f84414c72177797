"""7-Zip's archives by name: registered once from a file, then made with `callgate.create("7zip.InArchive", …)`."""

# ruff: noqa: N802, ARG002 - the names and parameters of methods are 7-Zip's
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import callgate
from callgate.variant import U8

PATH, IS_DIR, SIZE, NEW = 3, 6, 7, 0xFFFFFFFF
if not Path("/usr/lib/p7zip/7z.so").exists():
    print("skipped: 7-Zip (p7zip-full) is not installed")
    raise SystemExit

# A registry of this example's own; `callgate register examples/7zip.toml` writes into the user's.
folder = tempfile.TemporaryDirectory()
os.environ["CALLGATE_REGISTRY"] = folder.name
callgate.register(str(Path(__file__).with_name("7zip.toml")))
print("registered:", [each.progid for each in callgate.classes()])

types: Any = callgate.idl(file=str(Path(__file__).with_name("sevenzip.idl")))  # which interfaces the objects have


class Stream(types.IInStream, types.IOutStream):  # type: ignore[misc]
    def __init__(self, data: bytes = b"") -> None:
        self.file = io.BytesIO(data)

    def Read(self, size: int) -> tuple[bytes, int]:
        return (data := self.file.read(size)), len(data)

    def Write(self, data: bytes, size: int) -> int:
        return self.file.write(data)

    def Seek(self, offset: int, origin: int, position: int | None) -> int:
        return self.file.seek(offset, origin)


class Update(types.IArchiveUpdateCallback):  # type: ignore[misc]
    def SetTotal(self, total: int) -> None: ...
    def SetCompleted(self, completed: int | None) -> None: ...
    def SetOperationResult(self, result: int) -> None: ...

    def GetUpdateItemInfo(self, index: int) -> tuple[int, int, int]:
        return 1, 1, NEW

    def GetProperty(self, index: int, kind: int) -> Any:
        return {PATH: f"{index}.txt", SIZE: U8(5), IS_DIR: False}.get(kind)

    def GetStream(self, index: int) -> Stream:
        return Stream(b"hello")


callgate.create("7zip.OutArchive", types.IOutArchive).UpdateItems(target := Stream(), 3, Update())
archive = callgate.create("7zip.InArchive", types.IInArchive)
archive.Open(Stream(target.file.getvalue()), None, None)
print("written:", target.file.getvalue()[:2], "read:", [archive.GetProperty(n, PATH) for n in range(3)])
folder.cleanup()
