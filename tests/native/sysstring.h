/* BSTR as R5.7 has it on Linux, for native test code: blocks of libc's heap that start a pointer's size before the text. */
#ifndef SYSSTRING_H
#define SYSSTRING_H
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint16_t OLECHAR;
typedef OLECHAR *BSTR;

static inline BSTR SysAllocStringByteLen(const void *data, uint32_t bytes)
{
    char *block = (char *)malloc(sizeof(void *) + bytes + 2);
    memset(block, 0, sizeof(void *));
    memcpy(block + sizeof(void *) - 4, &bytes, 4);
    if (data) memcpy(block + sizeof(void *), data, bytes);
    memset(block + sizeof(void *) + bytes, 0, 2);
    return (BSTR)(block + sizeof(void *));
}
static inline BSTR SysAllocString(const OLECHAR *text)
{
    uint32_t length = 0;
    while (text[length]) length++;
    return SysAllocStringByteLen(text, 2 * length);
}
static inline uint32_t SysStringByteLen(BSTR b) { return b ? ((uint32_t *)b)[-1] : 0; }
static inline void SysFreeString(BSTR b) { if (b) free((char *)b - sizeof(void *)); }

/* Bytes of the heap that are in use: what a leak of many calls makes grow. */
static inline long heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (long)(info.uordblks + info.hblkhd);
}
#endif
