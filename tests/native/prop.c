/* Texts and values as libraries written for wchar_t have them on Linux: four bytes a character, the block starts with the
   length in bytes, and a PROPVARIANT has 16 bytes. The library brings the functions that make and free them. */
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

typedef wchar_t *BSTR;
typedef struct {
    uint16_t vt, r1, r2, r3;
    union { int8_t i1; int32_t i4; uint32_t u4; int64_t i8; uint64_t u8; double r8; int16_t truth; BSTR bstr; } value;
} PROPVARIANT;
enum { VT_EMPTY = 0, VT_I4 = 3, VT_BSTR = 8, VT_BOOL = 11, VT_UI8 = 21, VT_FILETIME = 64 };

static BSTR allocate(const void *data, uint32_t bytes)
{
    char *block = calloc(1, 4 + bytes + 4);
    memcpy(block, &bytes, 4);
    if (data) memcpy(block + 4, data, bytes);
    return (BSTR)(block + 4);
}
static void release(BSTR text) { if (text) free((char *)text - 4); }
static uint32_t bytes_of(BSTR text) { uint32_t bytes = 0; if (text) memcpy(&bytes, (char *)text - 4, 4); return bytes; }
static void clear(PROPVARIANT *value) { if (value->vt == VT_BSTR) release(value->value.bstr); memset(value, 0, sizeof *value); }

long heap(void) { struct mallinfo2 info = mallinfo2(); return (long)(info.uordblks + info.hblkhd); }
int sizes(void) { return (int)sizeof(PROPVARIANT) * 100 + (int)offsetof(PROPVARIANT, value); }

/* The block as it is: length, characters, and what ends it. */
int block_of(BSTR text, uint8_t *bytes, int n)
{
    if (!text) return -1;
    int all = 4 + (int)bytes_of(text) + 4;
    memcpy(bytes, (char *)text - 4, all < n ? all : n);
    return all;
}
BSTR give(int which)
{
    static const uint8_t guid[16] = {0x69, 0x0F, 0x17, 0x23, 0xC1, 0x40, 0x8A, 0x27, 0x10, 0, 0, 1, 0x10, 7};
    switch (which) {
    case 1: return allocate(L"7z\u00e9\U0001F600", 16);
    case 2: return allocate(guid, 16);
    case 3: return allocate("7z\xBC\xAF\x27\x1C", 6);
    case 4: return allocate(0, 0);
    default: return 0;
    }
}
int change(BSTR *text)
{
    int before = (int)bytes_of(*text);
    release(*text);
    *text = before ? allocate(L"new", 12) : 0;
    return before;
}

/* Values: what came, as 16 bytes; and what the test chooses. */
int see(const PROPVARIANT *value, uint8_t *bytes, int n) { memcpy(bytes, value, n < 16 ? n : 16); return value->vt; }
int64_t sum(const PROPVARIANT *values, int n)
{
    int64_t total = 0;
    for (int i = 0; i < n; i++)
        total = 1000 * total + (values[i].vt == VT_BSTR ? (int64_t)bytes_of(values[i].value.bstr) : values[i].value.i8);
    return total;
}
int get(int which, PROPVARIANT *value)
{
    clear(value);
    switch (which) {
    case 1: value->vt = VT_BSTR; value->value.bstr = allocate(L"name", 16); break;
    case 2: value->vt = VT_BOOL; value->value.truth = -1; break;
    case 3: value->vt = VT_UI8; value->value.u8 = 1ull << 40; break;
    case 4: value->vt = VT_FILETIME; value->r1 = 16; value->value.i8 = 116444736000000000; break;
    case 5: value->vt = VT_BSTR; value->value.bstr = give(2); break;
    case 6: value->vt = 14; break;
    }
    return value->vt;
}
int swap(PROPVARIANT *value)
{
    int before = value->vt;
    clear(value);
    value->vt = VT_BSTR;
    value->value.bstr = allocate(0, 40000);
    return before;
}
typedef int (*Fill)(int which, PROPVARIANT *value);
int64_t ask(Fill fill, int which)
{
    PROPVARIANT value = {0};
    int result = fill(which, &value);
    int64_t answer = result * 1000000 + value.vt * 1000 + (value.vt == VT_BSTR ? bytes_of(value.value.bstr) : (uint32_t)value.value.i4);
    clear(&value);
    return answer;
}
int names(const wchar_t *const *names, int n) { int all = 0; for (int i = 0; i < n; i++) all = 10 * all + (int)wcslen(names[i]); return all; }
