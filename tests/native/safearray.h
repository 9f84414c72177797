/* SAFEARRAY as R6.17 has it on Linux, for native test code: descriptor and data are blocks of libc's heap. */
#ifndef SAFEARRAY_H
#define SAFEARRAY_H
#include <stddef.h>
#include "sysstring.h"

typedef struct { uint32_t cElements; int32_t lLbound; } SAFEARRAYBOUND;
typedef struct {
    uint16_t cDims, fFeatures;
    uint32_t cbElements, cLocks;
    void *pvData;
    SAFEARRAYBOUND rgsabound[3];
} SAFEARRAY;

enum { VT_I2 = 2, VT_I4 = 3, VT_R8 = 5, VT_BSTR = 8, VT_INT = 22, VT_VARIANT = 12, VT_UI1 = 17, VT_RECORD = 36 };
enum { FADF_STATIC = 2, FADF_FIXEDSIZE = 0x10, FADF_RECORD = 0x20, FADF_HAVEVARTYPE = 0x80, FADF_BSTR = 0x100 };

static inline SAFEARRAY *make_array(int vt, int features, int size, int dims, const SAFEARRAYBOUND *rightmost_first)
{
    char *block = (char *)calloc(1, 16 + offsetof(SAFEARRAY, rgsabound) + 3 * sizeof(SAFEARRAYBOUND));
    SAFEARRAY *a = (SAFEARRAY *)(block + 16);
    size_t count = 1;
    a->cDims = dims;
    a->fFeatures = features;
    a->cbElements = size;
    for (int i = 0; i < dims; i++) { a->rgsabound[i] = rightmost_first[i]; count *= rightmost_first[i].cElements; }
    a->pvData = calloc(count + 1, size);
    if (features & FADF_HAVEVARTYPE) ((uint32_t *)a)[-1] = vt;
    return a;
}
static inline SAFEARRAY *make_vector(int vt, int features, int size, int count)
{
    SAFEARRAYBOUND bound = {(uint32_t)count, 0};
    return make_array(vt, features, size, 1, &bound);
}
static inline void free_array(SAFEARRAY *a)
{
    if (!a) return;
    if (a->fFeatures & FADF_BSTR)
        for (uint32_t i = 0; i < a->rgsabound[0].cElements; i++) SysFreeString(((BSTR *)a->pvData)[i]);
    free(a->pvData);
    free((char *)a - 16);
}
#endif
