"""The words of C declarations: what they are, and which scalar a spelling or a well-known type name means."""

from __future__ import annotations

from typing import Final

from callgate_protocol.model import COMPLEX, FLOATS, INTEGERS, SYSTEM_TYPES, TRUTHS, Scalar, SystemType

__all__ = [
    "BASES",
    "BIT_WIDTHS",
    "CONST_REFERENCES",
    "KNOWN_NAMES",
    "LAYOUT_WORDS",
    "REFUSED_TYPES",
    "ROLES",
    "SCALARS",
    "SYSTEM_NAMES",
]

SCALARS: Final[dict[str, Scalar]] = {name: Scalar(name) for name in (*INTEGERS, *FLOATS, *COMPLEX, *TRUTHS, "bool")}

BASES: Final[dict[str, str]] = {
    "void": "void",
    "_Bool": "bool",
    "char": "char",
    "char signed": "schar",
    "char unsigned": "uchar",
    "short": "short",
    "int short": "short",
    "short signed": "short",
    "int short signed": "short",
    "short unsigned": "ushort",
    "int short unsigned": "ushort",
    "int": "int",
    "signed": "int",
    "int signed": "int",
    "unsigned": "uint",
    "int unsigned": "uint",
    "long": "long",
    "int long": "long",
    "long signed": "long",
    "int long signed": "long",
    "long unsigned": "ulong",
    "int long unsigned": "ulong",
    "long long": "llong",
    "int long long": "llong",
    "long long signed": "llong",
    "int long long signed": "llong",
    "long long unsigned": "ullong",
    "int long long unsigned": "ullong",
    "float": "float",
    "double": "double",
    "double long": "ldouble",
    "_Complex float": "cfloat",
    "_Complex double": "cdouble",
}
"""Sorted keywords of a type and the scalar they spell: C allows them in any order."""

_REFUSED: Final[dict[str, str]] = {
    "va_list __builtin_va_list __gnuc_va_list": "an argument list has no value outside its call; "
    "declare the variadic function instead",
    "_Imaginary": "imaginary numbers are not supported; use _Complex",
    "__int128 __int128_t __uint128_t": "128-bit integers are not supported; use two uint64_t",
    "__float128 _Float128 _Float16 _Decimal64": "use float, double or long double",
    "_Atomic _Thread_local __thread": "it has no meaning in another process; leave it out",
    "_Alignas alignas typeof __typeof__ __typeof": "write the plain type",
}

REFUSED_TYPES: Final[dict[str, str]] = {word: advice for words, advice in _REFUSED.items() for word in words.split()}
"""Words that stand where a type stands, but cannot be used, and what to do instead."""

_ROLES: Final[dict[str, str]] = {
    "base": "void char short int long float double signed unsigned _Bool __signed __signed__ _Complex __complex__",
    "const": "const __const __const__",
    "qualifier": "volatile __volatile __volatile__ restrict __restrict __restrict__",
    "storage": "extern static inline register __inline __inline__ _Noreturn __extension__",
    "convention": "__cdecl __stdcall __fastcall __thiscall __vectorcall",
    "attribute": "__attribute__ __attribute",
    "extension": "__asm__ __asm asm __declspec",
    "refused": " ".join(REFUSED_TYPES),
    "typedef": "typedef",
    "record": "struct union",
    "enum": "enum",
}

ROLES: Final[dict[str, str]] = {word: role for role, words in _ROLES.items() for word in words.split()}
"""What a keyword does in a declaration. Words that are not here are names."""

LAYOUT_WORDS: Final = frozenset({"aligned", "mode", "vector_size", "scalar_storage_order", "ms_struct", "packed"})
"""`__attribute__` words that change how memory is laid out: to skip one would be to read the wrong bytes."""

BIT_WIDTHS: Final[dict[str, int]] = {
    "bool": 1,
    **dict.fromkeys(["char", "schar", "uchar", "i1", "u1"], 8),
    **dict.fromkeys(["short", "ushort", "i2", "u2", "char16"], 16),
    **dict.fromkeys(["int", "uint", "i4", "u4", "wchar", "char32"], 32),
    **dict.fromkeys(["long", "ulong", "llong", "ullong", "i8", "u8", "size", "ssize", "iptr", "uptr", "ptrdiff"], 64),
}
"""Widest bit-field of a scalar. The host's ABI may allow less, never more."""

# The standard headers, POSIX as Linux on LP64 has it, and Windows with Windows widths.
_NAMES: Final[dict[str, str]] = {
    "i1": "int8_t int_least8_t",
    "u1": "uint8_t uint_least8_t BYTE UCHAR",
    "i2": "int16_t int_least16_t SHORT",
    "u2": "uint16_t uint_least16_t in_port_t WORD USHORT ATOM",
    "i4": "int32_t int_least32_t INT LONG NTSTATUS",
    "u4": "uint32_t uint_least32_t in_addr_t DWORD ULONG UINT",
    "i8": "int64_t int_least64_t LONGLONG LARGE_INTEGER __int64",
    "u8": "uint64_t uint_least64_t ULONGLONG QWORD",
    "size": "size_t",
    "ssize": "ssize_t",
    "iptr": "intptr_t LONG_PTR INT_PTR LPARAM LRESULT HANDLE HWND HINSTANCE HMODULE",
    "uptr": "uintptr_t SIZE_T ULONG_PTR UINT_PTR DWORD_PTR WPARAM",
    "ptrdiff": "ptrdiff_t",
    "wchar": "wchar_t",
    "char16": "char16_t",
    "char32": "char32_t",
    "bool": "bool BOOLEAN",
    "BOOL": "BOOL",
    "VARIANT_BOOL": "VARIANT_BOOL",
    "char": "CHAR",
    "schar": "int_fast8_t",
    "uchar": "u_char char8_t uint_fast8_t",
    "ushort": "u_short ushort sa_family_t",
    "int": "pid_t clockid_t key_t sig_atomic_t",
    "uint": "uid_t gid_t id_t mode_t useconds_t socklen_t u_int uint wint_t",
    "long": "time_t off_t off64_t clock_t suseconds_t blksize_t blkcnt_t intmax_t"
    " int_fast16_t int_fast32_t int_fast64_t",
    "ulong": "ino_t dev_t nlink_t u_long ulong rlim_t nfds_t pthread_t fsblkcnt_t fsfilcnt_t wctype_t uintmax_t"
    " uint_fast16_t uint_fast32_t uint_fast64_t",
    "llong": "loff_t",
    "float": "FLOAT",
    "double": "DOUBLE",
}

KNOWN_NAMES: Final[dict[str, Scalar]] = {
    name: SCALARS[scalar] for scalar, names in _NAMES.items() for name in names.split()
}
"""Type names that need no declaration (R2.6 for the Windows ones); a typedef of the text takes precedence."""

_SYSTEM_ALIASES: Final[dict[str, str]] = {
    "CURRENCY": "CY",
    "GUID": "IID CLSID",
    "HRESULT": "SCODE",
    "VARIANT": "VARIANTARG",
}

SYSTEM_NAMES: Final[dict[str, SystemType]] = {
    name: SystemType(kind) for kind in SYSTEM_TYPES for name in (kind, *_SYSTEM_ALIASES.get(kind, "").split())
}
"""Types with a native format of their own (R12.1, R12.11), by all their names; a typedef takes precedence."""

CONST_REFERENCES: Final[dict[str, SystemType]] = dict.fromkeys(("REFGUID", "REFIID", "REFCLSID"), SystemType("GUID"))
"""Names of pointers to a constant one of these: another ABI than its value (R12.9)."""

OBJECT_WORDS: Final = frozenset(
    {"import", "importlib", "cpp_quote", "midl_pragma", "library", "interface", "dispinterface", "coclass"}
)
"""The statements of IDL: texts without one are C, and are read without what only IDL needs."""

WELL_KNOWN_NAMES: Final = (
    "IClassFactory",
    "IClassFactory2",
    "IConnectionPoint",
    "IConnectionPointContainer",
    "IDispatch",
    "IEnumConnectionPoints",
    "IEnumConnections",
    "IEnumVARIANT",
    "IErrorInfo",
    "IProvideClassInfo",
    "IProvideClassInfo2",
    "ISupportErrorInfo",
    "ITypeInfo",
    "ITypeLib",
    "IUnknown",
    "_Delegate",
    "_Object",
)
"""Interfaces that every text may name; `callgate_protocol.automation.WELL_KNOWN` has them whole."""
