/* What the ctypes face is tried on: every function checks what it gets against constants of its own. */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct inner { short a; double b; };
struct outer { char tag; struct inner in; int list[3]; const char *name; struct outer *next; };
union number { int i; float f; double d; char bytes[8]; };
union wide { long long parts[3]; double d; };
struct bits { unsigned a : 3; signed b : 5; unsigned long long c : 40; };
#pragma pack(push, 1)
struct packed { char a; int b; double c; short d; double e; };
struct crooked { char a; int b; };
#pragma pack(pop)
struct mixed { int i; double d; };

int face_counter = 7;
const char *face_name = "face";
struct inner face_inner = {3, 1.5};
static struct outer *kept;
static char *kept_bytes;
static int (*kept_callback)(int);

/* 0 when the value is what the test says it gave, else the number of the first check that failed */
int check_outer(const struct outer *o)
{
    if (o->tag != 'T') return 1;
    if (o->in.a != -12) return 2;
    if (o->in.b != 2.25) return 3;
    if (o->list[0] != 1 || o->list[1] != -2 || o->list[2] != 0x7fffffff) return 4;
    if (strcmp(o->name, "first") != 0) return 5;
    if (o->next == NULL || strcmp(o->next->name, "second") != 0) return 6;
    return 0;
}

void change_outer(struct outer *o)
{
    o->tag = 'C'; o->in.a = 77; o->in.b = -0.5; o->list[1] = 99; o->next->list[2] = 1234; o->name = "of C";
}

void keep_outer(struct outer *o) { kept = o; }
int read_kept(void) { return kept->list[0]; }
void write_kept(int value) { kept->list[0] = value; }
void keep_bytes(char *bytes) { kept_bytes = bytes; }
int compare_kept(const char *with) { return strcmp(kept_bytes, with); }

int check_number(union number n) { return n.i == 0x01020304 && n.bytes[0] == 4; }
union number double_number(union number n) { n.d *= 2; return n; }
double check_wide(union wide w) { return w.parts[2] == 42 && w.parts[1] == -1 ? w.d : -1; }
int check_bits(struct bits b) { return b.a == 5 && b.b == -3 && b.c == 0xabcdef1234ULL; }
struct bits make_bits(void) { struct bits b = {6, -7, 0x1234567890ULL}; return b; }
double sum_packed(struct packed p) { return p.a == 'p' && p.d == -2 && p.e == 0.5 ? p.b + p.c : -1; }
int sum_crooked(struct crooked c) { return c.a + c.b; }
double sum_mixed(int a, int b, int c, int d, int e, double f, struct mixed m)
{
    return a == 1 && b == 2 && c == 3 && d == 4 && e == 5 && f == 0.5 ? m.i * 100 + m.d : -1;
}

long long sum_variadic(int count, ...)
{
    long long sum = 0;
    va_list list;
    va_start(list, count);
    for (int i = 0; i < count; i++) sum += va_arg(list, int);
    sum += (long long)(1000 * va_arg(list, double));
    sum += strlen(va_arg(list, char *));
    va_end(list);
    return sum;
}

size_t wide_length(const wchar_t *text) { return wcslen(text); }
wchar_t *wide_upper(wchar_t *text) { for (wchar_t *c = text; *c; c++) if (*c >= L'a' && *c <= L'z') *c -= 32; return text; }
long double triple(long double value) { return value * 3; }

struct lonely { long double value; };
struct lonely double_lonely(struct lonely l) { l.value *= 2; return l; }
struct floats { float a, b, c; };
struct nested { struct floats f; short s[2]; };
struct floats scale(struct floats f, float by) { f.a *= by; f.b *= by; f.c *= by; return f; }
double sum_nested(struct nested n) { return n.f.a + 10 * n.f.b + 100 * n.f.c + 1000 * n.s[0] + 10000 * n.s[1]; }

int fail_with(int code) { int before = errno; errno = code; return before; }

int call_twice(int (*callback)(int), int value) { return callback(value) + callback(value + 1); }
void keep_callback(int (*callback)(int)) { kept_callback = callback; }
int call_kept(int value) { return kept_callback(value); }
double call_struct(double (*callback)(struct mixed, const char *, int *), int *place)
{
    struct mixed m = {8, 0.125};
    return callback(m, "text", place);
}
static void *thread_main(void *value) { *(int *)value = kept_callback(*(int *)value); return NULL; }
int call_from_thread(int value)
{
    pthread_t thread;
    pthread_create(&thread, NULL, thread_main, &value);
    pthread_join(thread, NULL);
    return value;
}

int fill(char *buffer, int size) { for (int i = 0; i < size; i++) buffer[i] = (char)(i * 7); return size; }
unsigned sum_bytes(const unsigned char *bytes, size_t n) { unsigned s = 0; while (n--) s += *bytes++; return s; }
int crash(int *place) { return *place = 1; }
int *null_pointer(void) { return NULL; }
void *make_block(size_t size) { return memset(malloc(size), 0x5a, size); }
void drop_block(void *block) { free(block); }
