"""Where the names of `callgate` are that are not imported with it."""

from __future__ import annotations

from typing import Final

__all__ = ["LATER"]

_TYPED: Final = """
    Array BStr Bool Bool8 Borrowed Char Char16 Char8 Closes Const Context Currency Date Dec FileTime FixedArray
    FixedText Guid HRESULT IDispatch IUnknown In InOut Keep LPStr LPTStr LPUTF8Str LPWCharStr LPWStr Mutable
    OleColor Out Ptr Ref SafeArr TBStr VBByRefStr VBool Variant at_position attribute bits cdouble cfloat char
    char16_t char32_t closes count_of custom delegate dispid f4 f8 free_with i1 i2 i4 i8 int_ iid_is interface keep
    layout_class ldouble length_is library llong long_ named native offset offset_in points_to preserve_sig
    propget propput propputref prototype ptr ptrdiff_t schar short size_is size_t ssize_t struct u1 u2 u4 u8 uchar
    uint ullong ulong union uptr ushort wchar_t
"""

LATER: Final[dict[str, str]] = {
    name: module
    for module, names in {
        "activating": ("create", "create_all"),
        "class_sources": ("Created",),
        "blittable": ("is_blittable",),
        "allocation": ("buffer", "cast", "free", "new", "read", "sizeof", "string", "write"),
        "callbacks": ("CallbackPointer", "callback"),
        "connection": ("Connection", "connect"),
        "failures": ("exception_for_hr", "hr_for_exception", "throw_for_hr"),
        "functions": ("NativeFunction",),
        "growing": ("grow_call",),
        "helpers": (
            "Block",
            "alloc",
            "alloc_string",
            "copy",
            "destroy_struct",
            "offsetof",
            "read_struct",
            "write_struct",
        ),
        "hresults": ("HResult", "custom_hresult", "hresult"),
        "com.events": ("AdviseConnection", "advise"),
        "com.late": ("invoke",),
        "com.objects": ("ComObject", "final_release", "identity", "query"),
        "com.classes": ("class_interface", "coclass", "com_visible"),
        "com.registered": ("interface_of",),
        "contexts": ("ContextToken", "context"),
        "keeping": ("is_invalid", "release", "retain"),
        "lib": ("Lib",),
        "layouts": ("Layout", "layout"),
        "apartments": (
            "apartment",
            "bell",
            "co_initialize",
            "co_uninitialize",
            "mta_thread",
            "pump",
            "register_message_filter",
            "set_apartment",
            "sta_thread",
        ),
        "cancelling": ("cancel_call", "disable_call_cancellation", "enable_call_cancellation", "test_cancel"),
        "inbox": ("MessageFilter",),
        "moving": ("agile", "get_and_release_stream", "global_interface_table", "to_stream"),
        "asynchronous": ("AsyncCall", "call_object"),
        "libraries": ("Info", "ObjectInfo", "close", "get_last_error", "info", "raise_last_error", "types"),
        "loading": ("load",),
        "memories": ("HostStruct",),
        "memory": ("Buffer", "Handle", "HandleRef", "NativePtr"),
        "mourning": ("Watch", "on_death"),
        "pointed": ("NativeFunctionPointer", "StructPtr"),
        "records": ("Struct",),
        "remoting.active": ("get_active_object", "register_active_object"),
        "remoting.class_server": ("ClassServer",),
        "registrations": ("RegisteredClass", "classes", "register", "unregister"),
        "remoting.security": ("initialize_security",),
        "remoting.exporting": ("Export", "export", "get_object"),
        "remoting.marshalling": ("disconnect", "lock_external", "marshal", "release_marshal_data", "unmarshal"),
        "typed": _TYPED.split(),
        "typelibs": ("TypeLib", "export_idl", "idl"),
        "unions": ("Union",),
    }.items()
    for name in names
}
"""Name → module of this package, of what is imported at first use: so `import callgate` costs little, and `load` can
start the warden before this process spends its time on importing ZeroMQ."""
