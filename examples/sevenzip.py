"""7-Zip's objects: archives that are written and read through Python streams, while 7-Zip runs in another process."""

# ruff: noqa: N802, ARG002 - the names and parameters of methods are 7-Zip's
import io
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import callgate
from callgate.variant import U4, U8

LIBRARY = next((path for path in map(Path, ("/usr/lib/p7zip/7z.so", "/usr/lib/7zip/7z.so")) if path.exists()), None)
PATH, IS_DIR, SIZE, MODIFIED = 3, 6, 7, 12  # what properties of an item are called
NAME, CLASS_ID, CAN_WRITE = 0, 1, 4  # and those of a format
ALL, NEW, E_ABORT = 0xFFFFFFFF, 0xFFFFFFFF, 0x80004004

if LIBRARY is None:
    print("skipped: 7-Zip (p7zip-full) is not installed")
    raise SystemExit

sevenzip = callgate.load(str(LIBRARY), Path(__file__).with_name("sevenzip.idl").read_text(encoding="utf-8"))
types: Any = callgate.types(sevenzip)  # the interfaces as classes, to derive from and to ask for


class Stream(types.IInStream, types.IOutStream):  # type: ignore[misc]
    """Bytes in this process that 7-Zip reads and writes."""

    def __init__(self, data: bytes = b"") -> None:
        self.file = io.BytesIO(data)

    def Read(self, size: int) -> tuple[bytes, int]:
        data = self.file.read(size)
        return data, len(data)

    def Write(self, data: bytes, size: int) -> int:
        return self.file.write(data)

    def Seek(self, offset: int, origin: int, position: int | None) -> int:
        return self.file.seek(offset, origin)

    def SetSize(self, size: int) -> None:
        self.file.truncate(size)


class Cancelled(Exception):
    """What says of an exception which code it is; without it a table does."""

    hresult = E_ABORT


class Update(types.IArchiveUpdateCallback):  # type: ignore[misc]
    """7-Zip asks it for everything that shall go into an archive."""

    def __init__(self, files: dict[str, bytes], limit: int = ALL) -> None:
        self.files, self.limit = list(files.items()), limit

    def SetTotal(self, total: int) -> None: ...

    def SetCompleted(self, completed: int | None) -> None:
        if (completed or 0) > self.limit:
            raise Cancelled  # whatever is raised here, 7-Zip gives up and answers that code

    def GetUpdateItemInfo(self, index: int) -> tuple[int, int, int]:
        return 1, 1, NEW

    def GetProperty(self, index: int, kind: int) -> Any:
        path, data = self.files[index]
        when = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
        return {PATH: path, SIZE: U8(len(data)), IS_DIR: False, MODIFIED: when}.get(kind)

    def GetStream(self, index: int) -> Stream:
        return Stream(self.files[index][1])

    def SetOperationResult(self, result: int) -> None: ...


class Extract(types.IArchiveExtractCallback):  # type: ignore[misc]
    """It gets a stream for each item, and is told whether all went well."""

    def __init__(self) -> None:
        self.streams: dict[int, Stream] = {}
        self.results: list[int] = []

    def SetTotal(self, total: int) -> None: ...
    def SetCompleted(self, completed: int | None) -> None: ...
    def PrepareOperation(self, mode: int) -> None: ...

    def GetStream(self, index: int, mode: int) -> Stream:
        return self.streams.setdefault(index, Stream())

    def SetOperationResult(self, result: int) -> None:
        self.results.append(result)


def formats() -> dict[str, uuid.UUID]:
    """The classes of the formats that 7-Zip can write, by name."""
    properties = sevenzip.GetHandlerProperty2
    writable = [index for index in range(sevenzip.GetNumberOfFormats()) if properties(index, CAN_WRITE)]
    return {properties(each, NAME): uuid.UUID(bytes_le=bytes(properties(each, CLASS_ID))) for each in writable}


def write(kind: uuid.UUID, callback: Update) -> bytes:
    """A new archive of that class."""
    archive = sevenzip.CreateObject(kind, types.IOutArchive)
    callgate.query(archive, types.ISetProperties).SetProperties(["x"], [U4(9)], 1)  # compress well
    archive.UpdateItems(target := Stream(), len(callback.files), callback)
    return target.file.getvalue()


def read(kind: uuid.UUID, data: bytes) -> dict[str, bytes] | None:
    """What is in an archive; None when it is none of that class. The proxy lets go of it when the block ends."""
    with sevenzip.CreateObject(kind, types.IInArchive) as archive:
        if archive.Open(Stream(data), None, None) != 0:  # S_FALSE: a success, but no archive
            return None
        archive.Extract(None, ALL, 0, target := Extract())
        names = [archive.GetProperty(index, PATH) for index in range(archive.GetNumberOfItems())]
        archive.Close()
        assert not any(target.results)
        return {name: target.streams[index].file.getvalue() for index, name in enumerate(names)}


def main() -> None:
    """Write, read, cancel, and open what is no archive."""
    known = formats()
    print("formats:", len(known), sorted(known)[:3])
    files = {"notes.txt": b"from one process to another\n" * 1000, "naïve 😀.bin": bytes(range(256)) * 100}
    for name in ("7z", "zip"):
        data = write(known[name], Update(files))
        same = read(known[name], data) == files
        print(f"{name}: {sum(map(len, files.values()))} -> {len(data)} bytes, the same: {same}")
    try:
        write(known["zip"], Update(files, limit=10000))
    except callgate.ComError as stopped:
        print("stopped:", hex(stopped.hresult & ALL))
    print("garbage:", read(known["7z"], b"no archive" * 100))


if __name__ == "__main__":
    main()
