/* SAFEARRAYs: descriptors are looked at field by field, and made by native code's own allocator. */
#include "safearray.h"

long heap(void) { return heap_bytes(); }

/* cDims, fFeatures, cbElements, cLocks, VARTYPE, then cElements and lLbound of each dimension as stored. */
int describe(SAFEARRAY *a, int *fields, int n)
{
    if (!a) return -1;
    int found[11] = {a->cDims, a->fFeatures, (int)a->cbElements, (int)a->cLocks, ((int *)a)[-1]};
    for (int i = 0; i < a->cDims && i < 3; i++) { found[5 + 2 * i] = a->rgsabound[i].cElements; found[6 + 2 * i] = a->rgsabound[i].lLbound; }
    for (int i = 0; i < n; i++) fields[i] = i < 5 + 2 * a->cDims ? found[i] : -99;
    return (int)offsetof(SAFEARRAY, pvData) * 100 + (int)offsetof(SAFEARRAY, rgsabound);
}
int raw_ints(SAFEARRAY *a, int *values, int n) { memcpy(values, a->pvData, 4 * n); return n; }
int64_t sum_longs(SAFEARRAY *a) { int64_t sum = 0; for (uint32_t i = 0; i < a->rgsabound[0].cElements; i++) sum += (i + 1) * ((int64_t *)a->pvData)[i]; return sum; }
double sum_doubles(SAFEARRAY *a) { double sum = 0; for (uint32_t i = 0; i < a->rgsabound[0].cElements; i++) sum += (i + 1) * ((double *)a->pvData)[i]; return sum; }
int text_bytes(SAFEARRAY *a)
{
    int sum = 0;
    for (uint32_t i = 0; i < a->rgsabound[0].cElements; i++) { BSTR b = ((BSTR *)a->pvData)[i]; sum = 10 * sum + (b ? (int)SysStringByteLen(b) : 9); }
    return sum;
}
int truths(SAFEARRAY *a) { int16_t *v = a->pvData; return v[0] == -1 && v[1] == 0 && a->cbElements == 2; }

/* Results: an int array in several disguises. */
SAFEARRAY *give(int which)
{
    SAFEARRAY *a;
    SAFEARRAYBOUND two[2] = {{3, 0}, {2, 0}}, one_based = {2, 1};
    switch (which) {
    case 0: return 0;
    case 2: a = make_vector(VT_I2, FADF_HAVEVARTYPE, 2, 2); return a;
    case 3: a = make_array(VT_I4, FADF_HAVEVARTYPE, 4, 2, two); for (int i = 0; i < 6; i++) ((int *)a->pvData)[i] = i + 1; return a;
    case 4: a = make_array(VT_I4, FADF_HAVEVARTYPE, 4, 1, &one_based); ((int *)a->pvData)[0] = 10; ((int *)a->pvData)[1] = 20; return a;
    case 5: a = make_vector(VT_INT, FADF_HAVEVARTYPE, 4, 1); ((int *)a->pvData)[0] = 5; return a;
    case 6: a = make_vector(VT_I4, FADF_HAVEVARTYPE, 4, 1); a->cLocks = 1; return a;
    case 7: a = make_vector(0, 0, 4, 1); ((uint32_t *)a)[-1] = 8; ((int *)a->pvData)[0] = 7; return a; /* no VARTYPE there */
    case 8: a = make_vector(VT_R8, FADF_HAVEVARTYPE, 4, 1); return a;
    default: a = make_vector(VT_I4, FADF_HAVEVARTYPE, 4, which); for (int i = 0; i < which; i++) ((int *)a->pvData)[i] = i; return a;
    }
}
static int statics[2] = {11, 22};
SAFEARRAY *give_static(void)
{
    SAFEARRAY *a = make_vector(VT_I4, FADF_HAVEVARTYPE | FADF_STATIC, 4, 2);
    free(a->pvData);
    a->pvData = statics;
    return a;
}
SAFEARRAY *give_texts(int length)
{
    SAFEARRAY *a = make_vector(VT_BSTR, FADF_HAVEVARTYPE | FADF_BSTR, 8, 3);
    for (int i = 0; i < 2; i++) { BSTR b = SysAllocStringByteLen(0, 2 * length); for (int j = 0; j < length; j++) b[j] = 'a' + i; ((BSTR *)a->pvData)[i] = b; }
    return a;
}
int get(int which, SAFEARRAY **out) { if (*out) return -1; *out = give(which); return which; }

/* In and out (R6.20): 0 keep, 1 redimension, 2 NULL, 3 leave it locked. */
int change(int how, SAFEARRAY **a)
{
    int old = *a ? (int)(*a)->rgsabound[0].cElements : -1;
    if (how == 1) {
        SAFEARRAY *more = make_vector(VT_I4, FADF_HAVEVARTYPE, 4, old + 1);
        if (*a) memcpy(more->pvData, (*a)->pvData, 4 * old);
        ((int *)more->pvData)[old] = 9;
        free_array(*a);
        *a = more;
    }
    if (how == 2) { free_array(*a); *a = 0; }
    if (how == 3) (*a)->cLocks = 1;
    return old;
}
int32_t set_and_fail(SAFEARRAY **a) { *a = give_texts(5000); return (int32_t)0x80004005; }
SAFEARRAY *same(SAFEARRAY *a) { return a; }
BSTR first_text(SAFEARRAY *a) { return ((BSTR *)a->pvData)[0]; }

/* Records with text. */
struct item { int32_t id; BSTR name; };
int weigh(SAFEARRAY *a)
{
    int sum = a->fFeatures == FADF_RECORD && a->cbElements == sizeof(struct item) ? 0 : -1000000;
    struct item *v = a->pvData;
    for (uint32_t i = 0; i < a->rgsabound[0].cElements; i++) sum += v[i].id * (int)SysStringByteLen(v[i].name);
    return sum;
}
SAFEARRAY *give_items(void)
{
    SAFEARRAY *a = make_vector(VT_RECORD, FADF_RECORD, sizeof(struct item), 2);
    struct item *v = a->pvData;
    v[0].id = 1;
    v[0].name = SysAllocString(u"one");
    v[1].id = 2;
    return a;
}
struct box { int32_t tag; SAFEARRAY *content; };
int open_box(const struct box *b) { return b->tag * (b->content ? (int)b->content->rgsabound[0].cElements : -1); }

/* Callbacks. */
typedef SAFEARRAY *(*twice)(SAFEARRAY *a);
int call_twice(twice f)
{
    SAFEARRAY *in = give(3 + 10), *out = f(in);
    int fine = out && out != in && ((int *)out->pvData)[12] == 24 && ((int *)out)[-1] == VT_I4;
    free_array(in);
    free_array(out);
    return fine;
}
typedef void (*grow)(SAFEARRAY **a);
int call_grow(grow f, int locked)
{
    SAFEARRAY *a = give(12);
    a->fFeatures |= locked ? FADF_FIXEDSIZE : 0;
    f(&a);
    int n = (int)a->rgsabound[0].cElements;
    free_array(a);
    return n;
}
