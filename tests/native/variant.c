/* VARIANTs: 24 bytes on LP64, looked at member by member, and made and cleared by native code. */
#include "safearray.h"
#include <string.h>

typedef struct { uint16_t wReserved; uint8_t scale, sign; uint32_t Hi32; uint64_t Lo64; } DECIMAL;
typedef union {
    struct {
        uint16_t vt, r1, r2, r3;
        union { int8_t i1; int16_t i2; int32_t i4; int64_t i8; uint64_t u8; float r4; double r8; BSTR bstr; SAFEARRAY *array; void *ref; struct { void *record, *info; } rec; };
    };
    DECIMAL decimal;
} VARIANT;
enum { VT_BYREF = 0x4000, VT_ARRAY = 0x2000, VT_BOOL = 11, VT_DISPATCH = 9, VT_UNKNOWN = 13, VT_DECIMAL = 14 };

long heap(void) { return heap_bytes(); }
int layout(void) { return (int)sizeof(VARIANT) * 100 + (int)offsetof(VARIANT, i4); }

/* What comes in: the type, and the 24 bytes. Between other arguments, because it travels in memory. */
int see(int a, VARIANT v, double b, uint8_t *bytes, int n) { memcpy(bytes, &v, n < 24 ? n : 24); return a == 1 && b == 0.5 ? v.vt : -1; }
int see_at(const VARIANT *v, uint8_t *bytes, int n) { memcpy(bytes, v, n < 24 ? n : 24); return v->vt; }
int text_length(VARIANT v) { return v.vt == VT_BSTR ? (v.bstr ? (int)SysStringByteLen(v.bstr) : -1) : -2; }
/* The array inside: VARTYPE, count, and the types of the first elements, in one number. */
int64_t array_of(VARIANT v)
{
    if (!(v.vt & VT_ARRAY)) return -1;
    int64_t sum = ((uint32_t *)v.array)[-1] * 1000000LL + v.array->rgsabound[0].cElements * 10000LL;
    if ((v.vt & 0xFFF) == VT_VARIANT) sum += ((VARIANT *)v.array->pvData)[0].vt * 100 + ((VARIANT *)v.array->pvData)[1].vt;
    return sum;
}
/* By value: whatever the callee does, the caller keeps what it had. */
int overwrite(VARIANT v) { int was = v.i4; v.vt = VT_I4; v.i4 = 9; return was; }
int write_through(VARIANT v)
{
    VARIANT *inner = v.ref;
    if (v.vt != (VT_BYREF | VT_VARIANT)) return -1;
    int was = inner->vt;
    if (inner->vt == VT_BSTR) SysFreeString(inner->bstr);
    inner->vt = VT_BSTR;
    inner->bstr = SysAllocStringByteLen(0, 20000);
    return was;
}

static uint8_t stock[24];
void put(const uint8_t *bytes, int n) { memset(stock, 0x5A, sizeof stock); memcpy(stock, bytes, n); }
VARIANT give(void) { VARIANT v; memcpy(&v, stock, sizeof v); return v; }
int get(VARIANT *out) { if (out->vt) return -1; memcpy(out, stock, sizeof *out); return 1; }
VARIANT give_text(int length) { VARIANT v = {.vt = VT_BSTR, .bstr = SysAllocStringByteLen(0, 2 * length)}; for (int i = 0; i < length; i++) v.bstr[i] = 'x'; return v; }
VARIANT give_array(int n)
{
    VARIANT v = {.vt = VT_ARRAY | VT_VARIANT, .array = make_vector(VT_VARIANT, FADF_HAVEVARTYPE | 0x800, 24, 2)};
    VARIANT *e = v.array->pvData;
    e[0] = give_text(n);
    e[1].vt = VT_I4;
    e[1].i4 = n;
    return v;
}
VARIANT give_matrix(void)
{
    SAFEARRAYBOUND two[2] = {{2, 0}, {1, 5}};
    VARIANT v = {.vt = VT_ARRAY | VT_I4, .array = make_array(VT_I4, FADF_HAVEVARTYPE, 4, 2, two)};
    ((int *)v.array->pvData)[0] = 1;
    ((int *)v.array->pvData)[1] = 2;
    return v;
}

/* In and out: what was there is cleared by the callee. */
static void clear(VARIANT *v) { if (v->vt == VT_BSTR) SysFreeString(v->bstr); if (v->vt & VT_ARRAY && !(v->vt & VT_BYREF)) free_array(v->array); memset(v, 0, sizeof *v); }
int change(int how, VARIANT *v)
{
    int was = v->vt;
    switch (how) {
    case 1: clear(v); *v = give_text(1); break;
    case 2: clear(v); break;
    case 3: clear(v); v->vt = VT_R8; v->r8 = 0.25; break;
    case 4: clear(v); *v = give_text(10000); break;
    }
    return was;
}
int32_t set_and_fail(VARIANT *v) { *v = give_array(10000); return (int32_t)0x80004005; }
VARIANT same(VARIANT v) { return v; }

/* References that native code hands out; their targets stay its own. */
static int32_t number = 5;
static BSTR kept;
static VARIANT inside;
static double real = 1.5;
static int16_t truth = -1;
VARIANT give_reference(int which)
{
    VARIANT v = {.vt = VT_BYREF | VT_I4, .ref = &number};
    if (!kept) kept = SysAllocString(u"kept");
    if (which == 8) { v.vt = VT_BYREF | VT_BSTR; v.ref = &kept; }
    if (which == 12) { inside.vt = VT_R8; inside.r8 = 2.5; v.vt = VT_BYREF | VT_VARIANT; v.ref = &inside; }
    if (which == 13) { inside.vt = VT_BYREF | VT_VARIANT; v.vt = VT_BYREF | VT_VARIANT; v.ref = &inside; }
    if (which == 0) v.ref = 0;
    return v;
}
int target(void) { return number; }
int kept_length(void) { return kept ? (int)SysStringByteLen(kept) : -1; }

/* An object that has IUnknown only; the references to it are counted. */
static int references;
static int32_t query(void *self, const void *iid, void **out)
{
    static const unsigned char unknown[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
    if (memcmp(iid, unknown, 16)) { *out = 0; return (int32_t)0x80004002; }
    references++;
    *out = self;
    return 0;
}
static uint32_t add_ref(void *self) { (void)self; return ++references; }
static uint32_t release(void *self) { (void)self; return --references; }
static void *table[] = {(void *)query, (void *)add_ref, (void *)release};
static void *object[] = {table};
VARIANT give_object(int null)
{
    VARIANT v = {.vt = VT_UNKNOWN, .ref = null ? 0 : object};
    references += !null;
    return v;
}
int is_object(VARIANT v) { return v.vt == VT_UNKNOWN && v.ref == object; }
int object_references(void) { return references; }

/* Callbacks: by value nothing comes back, by reference everything does (R13.8). */
typedef void (*by_value)(VARIANT v);
int call_by_value(by_value f)
{
    VARIANT v = {.vt = VT_BYREF | VT_I4, .ref = &number};
    number = 5;
    f(v);
    return number;
}
typedef void (*by_reference)(VARIANT *v);
int call_by_reference(by_reference f, int which, uint8_t *bytes, int n)
{
    VARIANT v = {.vt = VT_I4, .i4 = 5};
    number = 5;
    truth = -1;
    if (which == 1) { v.vt = VT_BYREF | VT_I4; v.ref = &number; }
    if (which == 2) { v.vt = VT_BYREF | VT_BSTR; if (kept) SysFreeString(kept); kept = SysAllocString(u"old"); v.ref = &kept; }
    if (which == 3) { v.vt = VT_BYREF | VT_BOOL; v.ref = &truth; }
    if (which == 4) v = give_text(10000);
    if (which == 5) { v.vt = VT_BYREF | VT_R8; v.ref = &real; }
    f(&v);
    memcpy(bytes, &v, n < 24 ? n : 24);
    int told = v.vt == (VT_BYREF | VT_BOOL) ? truth : number;
    clear(&v);
    return told;
}
typedef VARIANT (*make)(int which);
int call_make(make f) { VARIANT v = f(3); int fine = v.vt == VT_BSTR && SysStringByteLen(v.bstr) == 6; clear(&v); return fine; }

/* In structs and C arrays. */
struct pair { int32_t id; VARIANT value; };
int weigh(const struct pair *p) { return p->id * p->value.vt; }
void fill_pair(struct pair *p) { p->id = 3; p->value = give_text(4); }
int types(const VARIANT *v, int n) { int sum = 0; for (int i = 0; i < n; i++) sum = 100 * sum + v[i].vt; return sum; }
