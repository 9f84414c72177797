"""A library through its own header: nobody writes a prototype. Needs the extra `headers` and zlib1g-dev."""

import zlib

import callgate

DATA = b"what the header says, nobody has to write. " * 1000


def main() -> None:
    try:
        libz = callgate.load("libz.so.1", header="zlib.h")
    except (ImportError, callgate.DeclarationError) as error:
        print("skipped:", error)
        return
    constants = callgate.types(libz)

    print("version:", libz.zlibVersion() == constants.ZLIB_VERSION)
    target = bytearray(libz.compressBound(len(DATA)))
    code, length = libz.compress(target, len(target), DATA, len(DATA))
    print("compressed:", code == constants.Z_OK, zlib.decompress(target[:length]) == DATA)

    try:
        libz.compress(target, len(target) + 1, DATA, len(DATA))
    except callgate.ArgumentError as error:
        print(error)
    try:
        libz.deflateInit(None, 9)
    except callgate.EntryPointNotFoundError as error:
        print(error)


if __name__ == "__main__":
    main()
