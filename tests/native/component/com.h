// COM as it is on Linux when no system brings it: the few types and interfaces that the component needs.
#ifndef COM_H
#define COM_H
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../safearray.h"

typedef int32_t HRESULT;
typedef int32_t DISPID;
typedef uint32_t ULONG;
typedef uint32_t LCID;
typedef uint16_t VARTYPE;
typedef int16_t VARIANT_BOOL;
typedef double DATE;
typedef uint32_t OLE_COLOR;
typedef struct { int64_t int64; } CY;

struct GUID {
    uint32_t Data1;
    uint16_t Data2, Data3;
    uint8_t Data4[8];
};
inline bool operator==(const GUID &a, const GUID &b) { return memcmp(&a, &b, sizeof a) == 0; }
inline bool operator!=(const GUID &a, const GUID &b) { return !(a == b); }

struct DECIMAL {
    uint16_t wReserved;
    uint8_t scale, sign;
    uint32_t Hi32;
    uint64_t Lo64;
};

struct IUnknown;
struct IDispatch;
struct VARIANT {
    union {
        struct {
            VARTYPE vt;
            uint16_t r1, r2, r3;
            union {
                int8_t i1;
                uint8_t u1;
                int16_t i2;
                int32_t i4;
                uint32_t u4;
                int64_t i8;
                float r4;
                double r8;
                VARIANT_BOOL truth;
                DATE date;
                CY cy;
                BSTR bstr;
                SAFEARRAY *array;
                IUnknown *unknown;
                IDispatch *dispatch;
                int32_t *i4_ref;
                BSTR *bstr_ref;
                VARIANT *variant_ref;
                void *ref;
                struct { void *record, *info; } of_record;
            };
        };
        DECIMAL decimal;
    };
};
static_assert(sizeof(VARIANT) == 24, "a VARIANT has 24 bytes on LP64 (R13.2)");

enum {
    VT_EMPTY = 0, VT_NULL = 1, VT_R4 = 4, VT_CY = 6, VT_DATE = 7, VT_DISPATCH = 9, VT_ERROR = 10, VT_BOOL = 11,
    VT_UNKNOWN = 13, VT_DECIMAL = 14, VT_I1 = 16, VT_I8 = 20, VT_ARRAY = 0x2000, VT_BYREF = 0x4000,
};
enum { DISPATCH_METHOD = 1, DISPATCH_PROPERTYGET = 2, DISPATCH_PROPERTYPUT = 4, DISPATCH_PROPERTYPUTREF = 8 };
enum { DISPID_VALUE = 0, DISPID_UNKNOWN = -1, DISPID_PROPERTYPUT = -3, DISPID_NEWENUM = -4 };

#define CODE(name, number) const HRESULT name = (HRESULT)number
CODE(S_OK, 0);
CODE(S_FALSE, 1);
CODE(E_NOTIMPL, 0x80004001);
CODE(E_NOINTERFACE, 0x80004002);
CODE(E_POINTER, 0x80004003);
CODE(E_ABORT, 0x80004004);
CODE(E_FAIL, 0x80004005);
CODE(E_UNEXPECTED, 0x8000FFFF);
CODE(E_ACCESSDENIED, 0x80070005);
CODE(E_INVALIDARG, 0x80070057);
CODE(RPC_E_WRONG_THREAD, 0x8001010E);
CODE(RPC_E_DISCONNECTED, 0x80010108);
CODE(CLASS_E_NOAGGREGATION, 0x80040110);
CODE(CLASS_E_CLASSNOTAVAILABLE, 0x80040111);
CODE(CONNECT_E_NOCONNECTION, 0x80040200);
CODE(CONNECT_E_ADVISELIMIT, 0x80040201);
CODE(CONNECT_E_CANNOTCONNECT, 0x80040202);
CODE(DISP_E_UNKNOWNINTERFACE, 0x80020001);
CODE(DISP_E_MEMBERNOTFOUND, 0x80020003);
CODE(DISP_E_PARAMNOTFOUND, 0x80020004);
CODE(DISP_E_TYPEMISMATCH, 0x80020005);
CODE(DISP_E_UNKNOWNNAME, 0x80020006);
CODE(DISP_E_NONAMEDARGS, 0x80020007);
CODE(DISP_E_BADVARTYPE, 0x80020008);
CODE(DISP_E_EXCEPTION, 0x80020009);
CODE(DISP_E_OVERFLOW, 0x8002000A);
CODE(DISP_E_BADPARAMCOUNT, 0x8002000E);
CODE(DISP_E_DIVBYZERO, 0x80020012);
#undef CODE

struct EXCEPINFO {
    uint16_t wCode, wReserved;
    BSTR bstrSource, bstrDescription, bstrHelpFile;
    uint32_t dwHelpContext;
    void *pvReserved;
    HRESULT (*pfnDeferredFillIn)(EXCEPINFO *);
    HRESULT scode;
};
struct DISPPARAMS {
    VARIANT *rgvarg;
    DISPID *rgdispidNamedArgs;
    uint32_t cArgs, cNamedArgs;
};
struct TYPEATTR { GUID guid; LCID lcid; uint32_t reserved; int32_t rest[12]; };
struct CONNECTDATA { IUnknown *pUnk; uint32_t dwCookie; };

// Interfaces have no virtual destructor: their slots are those of their methods, in order (R14.1).
#define TAIL {0xC0, 0, 0, 0, 0, 0, 0, 0x46}
struct IUnknown {
    static constexpr GUID IID = {0, 0, 0, TAIL};
    virtual HRESULT QueryInterface(const GUID &iid, void **out) = 0;
    virtual ULONG AddRef() = 0;
    virtual ULONG Release() = 0;
};
struct IClassFactory : IUnknown {
    static constexpr GUID IID = {1, 0, 0, TAIL};
    virtual HRESULT CreateInstance(IUnknown *outer, const GUID &iid, void **out) = 0;
    virtual HRESULT LockServer(int32_t lock) = 0;
};
struct ITypeInfo;
struct IDispatch : IUnknown {
    static constexpr GUID IID = {0x00020400, 0, 0, TAIL};
    virtual HRESULT GetTypeInfoCount(uint32_t *count) = 0;
    virtual HRESULT GetTypeInfo(uint32_t index, LCID lcid, ITypeInfo **info) = 0;
    virtual HRESULT GetIDsOfNames(const GUID &iid, OLECHAR **names, uint32_t count, LCID lcid, DISPID *ids) = 0;
    virtual HRESULT Invoke(DISPID id, const GUID &iid, LCID lcid, uint16_t flags, DISPPARAMS *params, VARIANT *result,
                           EXCEPINFO *exception, uint32_t *wrong) = 0;
};
struct IEnumVARIANT : IUnknown {
    static constexpr GUID IID = {0x00020404, 0, 0, TAIL};
    virtual HRESULT Next(uint32_t count, VARIANT *values, uint32_t *fetched) = 0;
    virtual HRESULT Skip(uint32_t count) = 0;
    virtual HRESULT Reset() = 0;
    virtual HRESULT Clone(IEnumVARIANT **copy) = 0;
};
struct IErrorInfo : IUnknown {
    static constexpr GUID IID = {0x1CF2B120, 0x547D, 0x101B, {0x8E, 0x65, 8, 0, 0x2B, 0x2B, 0xD1, 0x19}};
    virtual HRESULT GetGUID(GUID *guid) = 0;
    virtual HRESULT GetSource(BSTR *source) = 0;
    virtual HRESULT GetDescription(BSTR *description) = 0;
    virtual HRESULT GetHelpFile(BSTR *file) = 0;
    virtual HRESULT GetHelpContext(uint32_t *context) = 0;
};
struct ISupportErrorInfo : IUnknown {
    static constexpr GUID IID = {0xDF0B3D60, 0x548F, 0x101B, {0x8E, 0x65, 8, 0, 0x2B, 0x2B, 0xD1, 0x19}};
    virtual HRESULT InterfaceSupportsErrorInfo(const GUID &iid) = 0;
};
// The first methods of ITypeInfo: those that say of which class an object is, and what takes their answer back.
struct ITypeInfo : IUnknown {
    static constexpr GUID IID = {0x00020401, 0, 0, TAIL};
    virtual HRESULT GetTypeAttr(TYPEATTR **attributes) = 0;
    virtual HRESULT unused04() = 0;
    virtual HRESULT unused05() = 0;
    virtual HRESULT unused06() = 0;
    virtual HRESULT unused07() = 0;
    virtual HRESULT unused08() = 0;
    virtual HRESULT unused09() = 0;
    virtual HRESULT unused10() = 0;
    virtual HRESULT unused11() = 0;
    virtual HRESULT unused12() = 0;
    virtual HRESULT unused13() = 0;
    virtual HRESULT unused14() = 0;
    virtual HRESULT unused15() = 0;
    virtual HRESULT unused16() = 0;
    virtual HRESULT unused17() = 0;
    virtual HRESULT unused18() = 0;
    virtual void ReleaseTypeAttr(TYPEATTR *attributes) = 0;
    virtual void unused20() = 0;
    virtual void unused21() = 0;
};
struct IProvideClassInfo : IUnknown {
    static constexpr GUID IID = {0xB196B283, 0xBAB4, 0x101A, {0xB6, 0x9C, 0, 0xAA, 0, 0x34, 0x1D, 7}};
    virtual HRESULT GetClassInfo(ITypeInfo **info) = 0;
};
struct IProvideClassInfo2 : IProvideClassInfo {
    static constexpr GUID IID = {0xA6BC3AC0, 0xDBAA, 0x11CE, {0x9D, 0xE3, 0, 0xAA, 0, 0x4B, 0xB8, 0x51}};
    virtual HRESULT GetGUID(uint32_t kind, GUID *guid) = 0;
};
struct IEnumConnections : IUnknown {
    static constexpr GUID IID = {0xB196B287, 0xBAB4, 0x101A, {0xB6, 0x9C, 0, 0xAA, 0, 0x34, 0x1D, 7}};
    virtual HRESULT Next(uint32_t count, CONNECTDATA *connections, uint32_t *fetched) = 0;
    virtual HRESULT Skip(uint32_t count) = 0;
    virtual HRESULT Reset() = 0;
    virtual HRESULT Clone(IEnumConnections **copy) = 0;
};
struct IConnectionPointContainer;
struct IConnectionPoint : IUnknown {
    static constexpr GUID IID = {0xB196B286, 0xBAB4, 0x101A, {0xB6, 0x9C, 0, 0xAA, 0, 0x34, 0x1D, 7}};
    virtual HRESULT GetConnectionInterface(GUID *iid) = 0;
    virtual HRESULT GetConnectionPointContainer(IConnectionPointContainer **container) = 0;
    virtual HRESULT Advise(IUnknown *sink, uint32_t *cookie) = 0;
    virtual HRESULT Unadvise(uint32_t cookie) = 0;
    virtual HRESULT EnumConnections(IEnumConnections **connections) = 0;
};
struct IEnumConnectionPoints : IUnknown {
    static constexpr GUID IID = {0xB196B285, 0xBAB4, 0x101A, {0xB6, 0x9C, 0, 0xAA, 0, 0x34, 0x1D, 7}};
    virtual HRESULT Next(uint32_t count, IConnectionPoint **points, uint32_t *fetched) = 0;
    virtual HRESULT Skip(uint32_t count) = 0;
    virtual HRESULT Reset() = 0;
    virtual HRESULT Clone(IEnumConnectionPoints **copy) = 0;
};
struct IConnectionPointContainer : IUnknown {
    static constexpr GUID IID = {0xB196B284, 0xBAB4, 0x101A, {0xB6, 0x9C, 0, 0xAA, 0, 0x34, 0x1D, 7}};
    virtual HRESULT EnumConnectionPoints(IEnumConnectionPoints **points) = 0;
    virtual HRESULT FindConnectionPoint(const GUID &iid, IConnectionPoint **point) = 0;
};
#undef TAIL

// The component's own automation services: as in a library that brings its runtime along, they are exported by name.
extern "C" {
HRESULT SetErrorInfo(uint32_t reserved, IErrorInfo *info);
HRESULT GetErrorInfo(uint32_t reserved, IErrorInfo **info);
HRESULT VariantClear(VARIANT *value);
HRESULT VariantCopy(VARIANT *to, const VARIANT *from);
}

BSTR bstr(const char *ascii);
std::size_t spelled(BSTR text, char *ascii, std::size_t size);
#endif
