// VARIANTs, texts, and the error of a thread, as far as the component needs them.
#include "com.h"

#include <string>

BSTR bstr(const char *ascii)
{
    BSTR text = SysAllocStringByteLen(nullptr, 2 * strlen(ascii));
    for (std::size_t i = 0; ascii[i]; i++) text[i] = (unsigned char)ascii[i];
    return text;
}
std::size_t spelled(BSTR text, char *ascii, std::size_t size)
{
    std::size_t length = SysStringByteLen(text) / 2, i = 0;
    for (; i < length && i + 1 < size; i++) ascii[i] = text[i] < 128 ? (char)text[i] : '?';
    ascii[i] = 0;
    return length;
}

namespace {
// What a thread's last failure left.
thread_local IErrorInfo *slot;

SAFEARRAY *copied(const SAFEARRAY *from)
{
    std::size_t count = 1;
    for (int i = 0; i < from->cDims; i++) count *= from->rgsabound[i].cElements;
    VARTYPE vt = (VARTYPE)((const uint32_t *)from)[-1];
    SAFEARRAY *to = make_array(vt, from->fFeatures, from->cbElements, from->cDims, from->rgsabound);
    memcpy(to->pvData, from->pvData, count * from->cbElements);
    for (std::size_t i = 0; i < count; i++) {
        if (vt == VT_BSTR) {
            BSTR &text = ((BSTR *)to->pvData)[i];
            if (text) text = SysAllocStringByteLen(text, SysStringByteLen(text));
        }
        if (vt == VT_VARIANT) {
            VARIANT &value = ((VARIANT *)to->pvData)[i];
            value.vt = VT_EMPTY;
            VariantCopy(&value, &((const VARIANT *)from->pvData)[i]);
        }
    }
    return to;
}
}

extern "C" {
HRESULT SetErrorInfo(uint32_t, IErrorInfo *info)
{
    if (info) info->AddRef();
    if (slot) slot->Release();
    slot = info;
    return S_OK;
}
HRESULT GetErrorInfo(uint32_t, IErrorInfo **info)
{
    *info = slot;
    slot = nullptr;
    return *info ? S_OK : S_FALSE;
}
HRESULT VariantClear(VARIANT *value)
{
    if (!(value->vt & VT_BYREF)) {
        if (value->vt & VT_ARRAY) {
            SAFEARRAY *array = value->array;
            if (array && (value->vt & 0xFFF) == VT_VARIANT)
                for (uint32_t i = 0; i < array->rgsabound[0].cElements; i++) VariantClear(&((VARIANT *)array->pvData)[i]);
            free_array(array);
        }
        else if (value->vt == VT_BSTR) SysFreeString(value->bstr);
        else if ((value->vt == VT_UNKNOWN || value->vt == VT_DISPATCH) && value->unknown) value->unknown->Release();
    }
    value->vt = VT_EMPTY;
    return S_OK;
}
HRESULT VariantCopy(VARIANT *to, const VARIANT *from)
{
    VariantClear(to);
    memcpy(static_cast<void *>(to), from, sizeof *to);
    if (from->vt & VT_BYREF) return S_OK;
    if (from->vt & VT_ARRAY) to->array = from->array ? copied(from->array) : nullptr;
    else if (from->vt == VT_BSTR && from->bstr) to->bstr = SysAllocStringByteLen(from->bstr, SysStringByteLen(from->bstr));
    else if ((from->vt == VT_UNKNOWN || from->vt == VT_DISPATCH) && from->unknown) from->unknown->AddRef();
    return S_OK;
}
}
