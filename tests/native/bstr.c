/* BSTRs: what arrives is checked against constants, what goes out is made by native code's own allocator. */
#include "sysstring.h"

long heap(void) { return heap_bytes(); }

/* The block around a BSTR: four bytes of padding, the length, the text, the terminator. */
int block_of(BSTR b, uint8_t *bytes, int n)
{
    int size = (int)SysStringByteLen(b) + 8 + 2;
    if (!b) return -1;
    for (int i = 0; i < n; i++) bytes[i] = i < size ? ((uint8_t *)b)[i - 8] : 0xEE;
    return size;
}
int length_of(BSTR b) { return b ? (int)SysStringByteLen(b) : -1; }
int is_ab(BSTR b) { return SysStringByteLen(b) == 4 && b[0] == 'A' && b[1] == 'B' && b[2] == 0 && (uintptr_t)b % 8 == 0; }
int checksum(BSTR b) { int sum = 0; for (uint32_t i = 0; i < SysStringByteLen(b); i++) sum = 31 * sum + ((uint8_t *)b)[i]; return sum; }

/* Results and outs: "text", NULL, with a NUL inside, an odd number of bytes, a lone surrogate. */
static BSTR made(int which)
{
    switch (which) {
    case 0: return 0;
    case 1: return SysAllocString(u"text");
    case 2: return SysAllocStringByteLen(u"a\0b", 6);
    case 3: return SysAllocStringByteLen("xyz", 3);
    case 4: { OLECHAR lone = 0xD800; return SysAllocStringByteLen(&lone, 2); }
    case 5: return SysAllocStringByteLen("", 0);
    default: { BSTR b = SysAllocStringByteLen(0, which); memset(b, 'z', which); return b; }
    }
}
BSTR give(int which) { return made(which); }
int get(int which, BSTR *out) { if (*out) return -1; *out = made(which); return which; }
int get_two(int which, BSTR *a, BSTR *b) { *a = made(which); *b = made(which); return 0; }

/* In and out (R5.8): 0 keep, 1 replace, 2 NULL, 3 change in place. The old block is freed if it is replaced. */
int change(int how, BSTR *b)
{
    int old = (int)SysStringByteLen(*b);
    if (how == 3) { if (*b) (*b)[0] = 'Z'; return old; }
    if (how) { SysFreeString(*b); *b = how == 1 ? SysAllocString(u"new") : 0; }
    return old;
}

/* The surprise of R8.4: the argument comes back as the result. */
BSTR MethodOne(BSTR b) { return b; }
int out_is_in(BSTR b, BSTR *out) { *out = b; return 0; }
BSTR result_is_out(BSTR *out) { return *out = SysAllocString(u"both"); }

/* Three directions at once, strictly (R8.3). */
int32_t three(BSTR a, BSTR *b, BSTR *c)
{
    if (SysStringByteLen(a) != 4 || *b || SysStringByteLen(*c) != 6) return (int32_t)0x80070057;
    *b = SysAllocStringByteLen(a, 4);
    SysFreeString(*c);
    *c = SysAllocString(u"in and out");
    return 0;
}
/* Does the same with it, and then fails (R8.8). */
int32_t change_and_fail(int how, BSTR *b) { change(how, b); return (int32_t)0x80004005; }
/* Sets its out, and then fails. */
int32_t set_and_fail(BSTR *b) { *b = SysAllocStringByteLen(0, 20000); return (int32_t)0x80004005; }

/* Arrays and members. */
int total(BSTR *v, int n) { int sum = 0; while (n--) sum += v[n] ? (int)SysStringByteLen(v[n]) : 1000; return sum; }
void replace_first(BSTR *v, int n) { if (n) { SysFreeString(v[0]); v[0] = SysAllocString(u"z"); } }
void fill(BSTR *v, int n) { while (n--) v[n] = v[n] ? 0 : SysAllocStringByteLen(u"abcdefgh", 2 * (n + 1)); }
struct person { int32_t id; BSTR name; BSTR names[2]; };
int weigh(struct person p) { return p.id + (int)SysStringByteLen(p.name) + 100 * (int)SysStringByteLen(p.names[1]); }
int weigh_at(const struct person *p) { return weigh(*p); }
void make_person(struct person *p) { p->id = 7; p->name = SysAllocString(u"Ada"); p->names[0] = 0; p->names[1] = SysAllocString(u"L"); }
void rename_person(struct person *p) { SysFreeString(p->name); p->name = SysAllocString(u"Grace"); }
struct person give_person(void) { struct person p; make_person(&p); return p; }

/* Callbacks: native code calls and cleans up after itself. */
typedef BSTR (*echo)(BSTR text);
int call_echo(echo f)
{
    BSTR in = SysAllocString(u"ping"), out = f(in);
    int fine = SysStringByteLen(out) == 8 && out[0] == 'p' && out[3] == 'g' && out != in;
    SysFreeString(in);
    SysFreeString(out);
    return fine;
}
typedef void (*edit)(BSTR *text, BSTR *note);
int call_edit(edit f)
{
    BSTR text = SysAllocStringByteLen(0, 20000), note = 0;
    memset(text, 'q', 20000);
    f(&text, &note);
    int lengths = (int)SysStringByteLen(text) + 100 * (note ? (int)SysStringByteLen(note) : 99);
    SysFreeString(text);
    SysFreeString(note);
    return lengths;
}

/* A block that the caller of `void *` manages. */
void *keep(BSTR b) { return b ? SysAllocStringByteLen(b, SysStringByteLen(b)) : 0; }
void free_kept(void *b) { SysFreeString(b); }
int kept_length(BSTR b) { return (int)SysStringByteLen(b); }
