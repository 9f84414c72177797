/* Walks a VARIANT and writes down what it saw: a checksum that says where two sides differ. */
#include <stdio.h>
#include "safearray.h"

typedef struct { uint16_t wReserved; uint8_t scale, sign; uint32_t Hi32; uint64_t Lo64; } DECIMAL;
typedef union {
    struct {
        uint16_t vt, r1, r2, r3;
        union { int8_t i1; uint8_t u1; int16_t i2; uint16_t u2; int32_t i4; uint32_t u4; int64_t i8; uint64_t u8; float r4; double r8; BSTR bstr; SAFEARRAY *array; void *ref; struct { void *record, *info; } rec; };
    };
    DECIMAL decimal;
} VARIANT;
enum { VT_R4 = 4, VT_CY = 6, VT_DATE = 7, VT_ERROR = 10, VT_BOOL = 11, VT_DECIMAL = 14, VT_I1 = 16, VT_UI2 = 18, VT_UI4 = 19, VT_I8 = 20, VT_UI8 = 21, VT_UINT = 23, VT_ARRAY = 0x2000, VT_BYREF = 0x4000 };

_Static_assert(sizeof(VARIANT) == 24, "R13.2");

static void say(char **at, const char *end, const char *text) { while (*text && *at < end) *(*at)++ = *text++; }
static void walk(char **at, const char *end, int vt, const void *p);

static void walk_array(char **at, const char *end, int vt, const SAFEARRAY *a)
{
    char text[64];
    size_t count = 1;
    snprintf(text, sizeof text, "A%d:%d", vt, a->cDims);
    say(at, end, text);
    for (int i = a->cDims; i--;) {
        snprintf(text, sizeof text, ",%u@%d", a->rgsabound[i].cElements, a->rgsabound[i].lLbound);
        say(at, end, text);
        count *= a->rgsabound[i].cElements;
    }
    say(at, end, "[");
    for (size_t i = 0; i < count; i++) walk(at, end, vt, (const char *)a->pvData + i * a->cbElements);
    say(at, end, "]");
}

static void walk(char **at, const char *end, int vt, const void *p)
{
    char text[80];
    if (vt == VT_VARIANT) {
        const VARIANT *v = p;
        if (v->vt == (VT_BYREF | VT_VARIANT)) { say(at, end, "&"); walk(at, end, VT_VARIANT, v->ref); return; }
        if (v->vt & VT_ARRAY) { walk_array(at, end, v->vt & 0xFFF, v->array); return; }
        walk(at, end, v->vt, v->vt == VT_DECIMAL ? (const void *)v : &v->i1);
        return;
    }
    const DECIMAL *d = p;
    switch (vt) {
    case 0: case 1: snprintf(text, sizeof text, "%d;", vt); break;
    case VT_I1: snprintf(text, sizeof text, "%d:%d;", vt, *(int8_t *)p); break;
    case VT_UI1: snprintf(text, sizeof text, "%d:%u;", vt, *(uint8_t *)p); break;
    case VT_I2: case VT_BOOL: snprintf(text, sizeof text, "%d:%d;", vt, *(int16_t *)p); break;
    case VT_UI2: snprintf(text, sizeof text, "%d:%u;", vt, *(uint16_t *)p); break;
    case VT_I4: case VT_ERROR: case VT_INT: snprintf(text, sizeof text, "%d:%d;", vt, *(int32_t *)p); break;
    case VT_UI4: case VT_UINT: snprintf(text, sizeof text, "%d:%u;", vt, *(uint32_t *)p); break;
    case VT_I8: case VT_CY: snprintf(text, sizeof text, "%d:%ld;", vt, *(int64_t *)p); break;
    case VT_UI8: snprintf(text, sizeof text, "%d:%lu;", vt, *(uint64_t *)p); break;
    case VT_R4: snprintf(text, sizeof text, "%d:%08x;", vt, *(uint32_t *)p); break;
    case VT_R8: case VT_DATE: snprintf(text, sizeof text, "%d:%016lx;", vt, *(uint64_t *)p); break;
    case VT_DECIMAL: snprintf(text, sizeof text, "%d:%u,%u,%u,%lu;", vt, d->scale, d->sign, d->Hi32, d->Lo64); break;
    case VT_BSTR: {
        BSTR b = *(BSTR *)p;
        if (!b) { say(at, end, "8:-;"); return; }
        say(at, end, "8:");
        for (uint32_t i = 0; i < SysStringByteLen(b); i++) { snprintf(text, sizeof text, "%02x", ((uint8_t *)b)[i]); say(at, end, text); }
        snprintf(text, sizeof text, ";");
        break;
    }
    default: snprintf(text, sizeof text, "?%d;", vt);
    }
    say(at, end, text);
}

int digest(VARIANT v, char *text, int size)
{
    char *at = text;
    walk(&at, text + size - 1, VT_VARIANT, &v);
    *at = 0;
    return (int)(at - text);
}

/* The same value back, made anew by native code, so that what comes back has travelled both ways. */
static VARIANT copy(const VARIANT *v);
static SAFEARRAY *copy_array(int vt, const SAFEARRAY *a)
{
    size_t count = 1;
    for (int i = 0; i < a->cDims; i++) count *= a->rgsabound[i].cElements;
    SAFEARRAY *made = make_array(vt, a->fFeatures, a->cbElements, a->cDims, a->rgsabound);
    memcpy(made->pvData, a->pvData, count * a->cbElements);
    for (size_t i = 0; i < count; i++) {
        if (vt == VT_VARIANT) ((VARIANT *)made->pvData)[i] = copy(&((VARIANT *)a->pvData)[i]);
        if (vt == VT_BSTR) { BSTR b = ((BSTR *)a->pvData)[i]; ((BSTR *)made->pvData)[i] = b ? SysAllocStringByteLen(b, SysStringByteLen(b)) : 0; }
    }
    return made;
}
static VARIANT copy(const VARIANT *v)
{
    if (v->vt == (VT_BYREF | VT_VARIANT)) return copy(v->ref);
    VARIANT made = *v;
    if (v->vt == VT_BSTR && v->bstr) made.bstr = SysAllocStringByteLen(v->bstr, SysStringByteLen(v->bstr));
    if (v->vt & VT_ARRAY) made.array = copy_array(v->vt & 0xFFF, v->array);
    return made;
}
VARIANT copied(VARIANT v) { return copy(&v); }
long heap(void) { return heap_bytes(); }
