"""The golden vectors: one table of messages and their bytes, read in both directions, and a type library."""

from __future__ import annotations

from callgate_protocol.messages import (
    MAGIC,
    Call,
    Callback,
    Cancel,
    Cancelled,
    Chunk,
    CloseChannel,
    Credit,
    GiveBack,
    GivenBack,
    Goodbye,
    Hello,
    Message,
    Notice,
    Open,
    Opened,
    Ping,
    Pong,
    Raise,
    Refuse,
    Release,
    Resume,
    Resumed,
    Return,
    Welcome,
)
from callgate_protocol.model import (
    Array,
    Attribute,
    Delegate,
    Enum,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    Scalar,
    StructType,
    TypeLibrary,
    Void,
)

__all__ = ["COS", "COS_BYTES", "COS_HASH", "SAMPLE", "SAMPLE_BYTES", "SAMPLE_HASH", "VECTORS"]

_A, _B = bytes(range(16)), bytes(range(16, 32))
_A_HEX, _B_HEX = "c410" + _A.hex(), "c410" + _B.hex()
_MAGIC_HEX = "a8" + MAGIC.encode().hex()


def _short(text: str) -> str:
    return f"{0xA0 + len(text):02x}{text.encode().hex()}"


VECTORS: list[tuple[Message, str]] = [
    (
        Hello(MAGIC, 1, 0, ["callbacks", "chunks"], {"depth": 64}, {"process": 7}),
        (
            f"97 01 {_MAGIC_HEX} 01 00 92 {_short('callbacks')} {_short('chunks')} 81 {_short('depth')} 40"
            f" 81 {_short('process')} 07"
        ),
    ),
    (
        Welcome(
            MAGIC,
            1,
            0,
            ["chunks"],
            {"depth": 64},
            {"process": 8},
            {"name": "lp64"},
            _A,
            _B,
            "ipc:///r/control",
            "ipc:///r/calls",
        ),
        (
            f"9c 02 {_MAGIC_HEX} 01 00 91 {_short('chunks')} 81 {_short('depth')} 40 81 {_short('process')} 08"
            f" 81 {_short('name')} {_short('lp64')} {_A_HEX} {_B_HEX} {_short('ipc:///r/control')} {_short('ipc:///r/calls')}"
        ),
    ),
    (Refuse("ProtocolError", "major 2"), f"93 03 {_short('ProtocolError')} {_short('major 2')}"),
    (Call(1, 1, 0, [0.5], [], None, None), "98 0a 01 01 00 91 cb3fe0000000000000 90 c0 c0"),
    (
        Call(300, 2, 7, [None, True, -1, "a", b"\x00\xff", {"at": [5, 8]}], [3], 1500, _A),
        f"98 0a cd012c 02 07 96 c0 c3 ff a161 c40200ff 81 a26174 92 05 08 91 03 cd05dc {_A_HEX}",
    ),
    (
        Callback(-1, 4, [{"ref": [_A, 6, "", 1, None, []], "offset": 0}], []),
        f"95 0b ff 04 91 82 {_short('ref')} 96 {_A_HEX} 06 a0 01 c0 90 {_short('offset')} 00 90",
    ),
    (Return(1, 0.8775825618903728, [], 0, []), "96 0c 01 cb3fec1528065b7d50 90 00 90"),
    (Return(-1, -1, [[1, 2]], 2, [4]), "96 0c ff ff 91 92 01 02 02 91 04"),
    (
        Call(2, 2, 0, [b"\3\0\0\0\1\0\0\0", 2, 4, {"delegate": 7}], [], None, None),
        f"98 0a 02 02 00 94 c408 03000000 01000000 02 04 81 {_short('delegate')} 07 90 c0 c0",
    ),
    (Callback(-1, 7, [[3], [1]], []), "95 0b ff 07 92 91 03 91 01 90"),
    (Return(-1, 1, [], 0, []), "96 0c ff 01 90 00 90"),
    (Return(2, None, [b"\1\0\0\0\3\0\0\0"], 0, []), "96 0c 02 c0 91 c408 01000000 03000000 00 90"),
    (
        Raise(1, "ObjectGone", "gone", {"object": 5}),
        f"95 0d 01 {_short('ObjectGone')} {_short('gone')} 81 {_short('object')} 05",
    ),
    (Chunk(2, 0, 1 << 20), "94 0e 02 00 ce00100000"),
    (Credit(4 << 20), "92 0f ce00400000"),
    (Cancel(1, 2), "93 14 01 02"),
    (Cancelled(1, 2, True), "94 15 01 02 c3"),
    (Release([[5, 2], [9, 1]]), "92 16 92 92 05 02 92 09 01"),
    (Open(1, True), "93 17 01 c3"),
    (Opened(1, 2, "ipc:///r/calls"), f"94 18 01 02 {_short('ipc:///r/calls')}"),
    (CloseChannel(2), "92 19 02"),
    (Notice("WARNING", "slow"), f"93 1a {_short('WARNING')} {_short('slow')}"),
    (Goodbye("done"), f"92 1b {_short('done')}"),
    (Ping(3, 1), "93 1c 03 01"),
    (Pong(3), "92 1d 03"),
    (GiveBack(1, [[5, 2]]), "93 1e 01 91 92 05 02"),
    (GivenBack(1), "92 1f 01"),
    (Resume(4, 1, 2), "94 20 04 01 02"),
    (Resumed(4, 7, 3), "94 21 04 07 03"),
]
"""(message, its bytes in hexadecimal)."""

_DOUBLE = Scalar("double")

COS = TypeLibrary(functions=(Function("cos", Parameter("", _DOUBLE), (Parameter("x", _DOUBLE),)),))
"""What `double cos(double x);` declares."""

COS_BYTES = (
    f"95 91 94 {_short('cos')} 93 a0 {_short('double')} 90 91 93 {_short('x')} {_short('double')} 90 c2 90 90 90 90"
)
COS_HASH = "b76424e45a571abf8511cd1eae911a942b9a44e23de0db980f9f0b8df9b92ade"

SAMPLE = TypeLibrary(
    functions=(
        Function(
            "walk",
            Parameter("", EnumType("kind")),
            (
                Parameter("node", Pointer(StructType("node"), const=True)),
                Parameter("t", Pointer(Opaque("tree")), (Attribute("closes"), Attribute("unique"))),
                Parameter("data", Pointer(Scalar("uchar")), (Attribute("out"), Attribute("size_is", "n"))),
                Parameter("n", Scalar("size")),
                Parameter("visit", FunctionPointer("visit")),
            ),
            variadic=True,
        ),
    ),
    records=(
        Record("node", (Field("name", Array(Scalar("char"), 8)), Field("flags", Scalar("uint"), bits=3)), pack=4),
        Record("rect", (Field("left", Scalar("i4"), offset=0), Field("right", Scalar("i4"), offset=8)), size=32),
        Record("word", (Field("i", Scalar("i4")), Field("f", Scalar("float"))), union=True),
    ),
    enums=(Enum("kind", (("LEAF", 0), ("INNER", -1)), "int"),),
    delegates=(Delegate("visit", Parameter("", Void()), (Parameter("context", Pointer(Void())),)),),
    opaques=(OpaqueType("tree", "fell", (-1, 0)),),
)
"""A library with every sort of entry and type."""

SAMPLE_BYTES = (
    "959194a477616c6b93a092a4656e756da46b696e64909593a46e6f646593a7706f696e74657292a6737472756374a46e6f6465c39093a174"
    "93a7706f696e74657292a66f7061717565a474726565c29292a6636c6f736573a092a6756e69717565a093a46461746193a7706f696e7465"
    "72a57563686172c29292a36f7574a092a773697a655f6973a16e93a16ea473697a659093a5766973697492a866756e6374696f6ea5766973"
    "697490c39395a46e6f6465c204009295a46e616d6593a56172726179a463686172089000ff95a5666c616773a475696e749003ff95a47265"
    "6374c200209295a46c656674a2693490000095a57269676874a2693490000895a4776f7264c300009295a169a269349000ff95a166a5666c"
    "6f61749000ff9193a46b696e64a3696e749292a44c4541460092a5494e4e4552ff9194a5766973697493a0a4766f6964909193a7636f6e74"
    "65787493a7706f696e746572a4766f6964c290c29194a474726565a466656c6c92ff00a0"
)
SAMPLE_HASH = "5e46d612a1efa0b0101b872450928935bd6bc12d0c4a65642347dff11c6b60e4"
