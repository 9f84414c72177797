/* R2: every number as its bits, and every number made from bits. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

static int calls;
int times_called(void) { return calls; }

#define NUMBER(name, type)                                                                                             \
    uint64_t bits_of_##name(type value) { uint64_t bits = 0; calls++; memcpy(&bits, &value, sizeof value); return bits; } \
    type name##_of(uint64_t bits) { type value; calls++; memcpy(&value, &bits, sizeof value); return value; }          \
    struct after_##name { char c; type value; };                                                                       \
    int size_of_##name(void) { return sizeof(type); }                                                                  \
    int place_of_##name(void) { return offsetof(struct after_##name, value); }

NUMBER(int8_t, int8_t) NUMBER(uint8_t, uint8_t) NUMBER(int16_t, int16_t) NUMBER(uint16_t, uint16_t)
NUMBER(int32_t, int32_t) NUMBER(uint32_t, uint32_t) NUMBER(int64_t, int64_t) NUMBER(uint64_t, uint64_t)
NUMBER(char, char) NUMBER(schar, signed char) NUMBER(uchar, unsigned char)
NUMBER(short, short) NUMBER(int, int) NUMBER(long, long) NUMBER(ulong, unsigned long) NUMBER(longlong, long long)
NUMBER(intptr_t, intptr_t) NUMBER(uintptr_t, uintptr_t) NUMBER(size_t, size_t) NUMBER(ssize_t, ssize_t)
NUMBER(float, float) NUMBER(double, double)

/* Windows names: their widths, whatever C's own are */
typedef int32_t LONG;
typedef uint32_t DWORD;
typedef uint16_t WORD;
typedef uint8_t BYTE;
typedef int64_t LONGLONG;
int64_t windows(BYTE a, WORD b, LONG c, DWORD d, LONGLONG e) { return a + b + (int64_t)c + d + e; }

char high_char(void) { return (char)0xFF; }
long double third(void) { return 1.0L / 3.0L; }
