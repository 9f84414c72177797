/* Shapes that travel by value in every way the ABI knows: as parameters in registers and on the stack, as results, and
   through callbacks. Every value is made and judged here, member by member. */
#include <complex.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHAPE(T, FILL, SUM) \
    static void fill_##T(T *v, int k) { memset(v, 0, sizeof *v); FILL; } \
    static double sum_##T(T given) { T *v = &given; return SUM; } \
    T make_##T(int k) { T v; fill_##T(&v, k); return v; } \
    double take_##T(T v) { return sum_##T(v); } \
    double mid_##T(int a, T v, double b, T w, int c) { return a + 10 * sum_##T(v) + 1000 * b + 100 * sum_##T(w) - c; } \
    double late_##T(long a, long b, long c, long d, long e, double f, double g, double h, double i, double j, \
                    double k, double l, T v, int after) { \
        double wrong = (a != 1) + (b != 2) + (c != 3) + (d != 4) + (e != 5) + (f != 6) + (g != 7) + (h != 8) + (i != 9) \
                     + (j != 10) + (k != 11) + (l != 12) + (after != 13); \
        return wrong ? -wrong : sum_##T(v); } \
    double call_##T(T (*f)(int, T, double), int k) { \
        T v; fill_##T(&v, k); return sum_##T(f(k, v, k + 0.5)); }

typedef union { int i; double d; } IntDouble;
typedef union { float f; double d; } FloatDouble;
typedef union { float v[3]; struct { float x, y, z; } s; } Floats;
typedef struct { union { double d; float f; } u; int tag; } DoubleThenInt;
typedef struct { int tag; union { int i; float f; } u; double w; } IntsThenDouble;
typedef struct { uint16_t vt, a, b, c; union { int64_t q; double d; struct { void *p, *r; } brecord; } u; } Variant;
typedef union { unsigned char b[3]; unsigned char c[5]; } FiveBytes;
typedef union { short s[3]; unsigned char c[6]; } SixBytes;
typedef union { int64_t q[2]; double d[2]; } TwoWords;
typedef struct { struct { union { float f; int i; } u; } in[2]; } Nested;
typedef struct { unsigned a : 3, b : 5; int c : 10; _Bool d : 1; } Bits;
typedef struct { uint64_t a : 40, b : 24; double d; } BitsThenDouble;
typedef struct { float f; unsigned a : 7; } FloatBits;
typedef struct { double v[3]; union { int i; float f; } u; } Large;
typedef struct { long double wide; union { int i; float f; } u; } Aligned16;
typedef struct { unsigned char b[3]; } Three;
typedef struct { unsigned char b[5]; } Five;
typedef struct { unsigned char a; unsigned char b[6]; } Seven;
#pragma pack(push, 4)
typedef struct { double d; int i; } Pack4;
#pragma pack(pop)
#pragma pack(push, 1)
typedef struct { float x, y; char c; } Pack1;
typedef struct { char c; double v[3]; } PackLarge;
typedef struct { char c; int i; short s; } PackRefused;
#pragma pack(pop)
typedef union { long double wide; int i; } WideRefused;
typedef struct { int64_t q; double d; } LongDouble;

SHAPE(IntDouble, v->d = k + 0.25, v->d)
SHAPE(FloatDouble, v->d = k + 0.25, v->d)
SHAPE(Floats, v->v[0] = k; v->v[1] = k + 1; v->v[2] = k + 2, v->s.x + 2 * v->s.y + 4 * v->s.z)
SHAPE(DoubleThenInt, v->u.d = k + 0.5; v->tag = -k, v->u.d + 100 * v->tag)
SHAPE(IntsThenDouble, v->tag = k; v->u.i = k + 1; v->w = k + 0.5, v->tag + 2 * v->u.i + 4 * v->w)
SHAPE(Variant, v->vt = 3; v->c = k; v->u.q = 7 * k, v->vt + 2 * v->c + 4 * v->u.q)
SHAPE(FiveBytes, v->c[0] = k; v->c[1] = 1; v->c[4] = k + 2, v->c[0] + 2 * v->c[1] + 4 * v->c[4])
SHAPE(SixBytes, v->s[0] = -k; v->s[2] = k + 2, v->s[0] + 2 * v->s[2])
SHAPE(TwoWords, v->q[0] = k; v->q[1] = -k - 1, v->q[0] + 2 * v->q[1])
SHAPE(Nested, v->in[0].u.i = k; v->in[1].u.i = k + 1, v->in[0].u.i + 2 * v->in[1].u.i)
SHAPE(Bits, v->a = 5; v->b = k; v->c = -k; v->d = 1, v->a + 10 * v->b + 100 * v->c + 1000 * v->d)
SHAPE(BitsThenDouble, v->a = (1ull << 39) + k; v->b = k + 1; v->d = k + 0.5, (v->a - (1ull << 39)) + 2 * v->b + 4 * v->d)
SHAPE(FloatBits, v->f = k + 0.5f; v->a = k + 64, v->f + 2 * v->a)
SHAPE(Large, v->v[0] = k; v->v[2] = k + 0.5; v->u.i = k + 9, v->v[0] + 2 * v->v[2] + 4 * v->u.i)
SHAPE(Aligned16, v->wide = k + 0.5; v->u.i = k + 9, (double)v->wide + 2 * v->u.i)
SHAPE(Three, v->b[0] = k; v->b[2] = k + 2, v->b[0] + 2 * v->b[2])
SHAPE(Five, v->b[0] = k; v->b[4] = k + 2, v->b[0] + 2 * v->b[4])
SHAPE(Seven, v->a = k; v->b[5] = k + 2, v->a + 2 * v->b[5])
SHAPE(Pack4, v->d = k + 0.5; v->i = k + 2, v->d + 2 * v->i)
SHAPE(Pack1, v->x = k; v->y = k + 0.5f; v->c = 3, v->x + 2 * v->y + 4 * v->c)
SHAPE(PackLarge, v->c = k; v->v[0] = k + 1; v->v[2] = k + 2, v->c + 2 * v->v[0] + 4 * v->v[2])
SHAPE(LongDouble, v->q = k; v->d = k + 0.5, v->q + 2 * v->d)
typedef float _Complex CFloat;
typedef double _Complex CDouble;
typedef struct { CFloat z; int tag; } ComplexThenInt;
typedef struct { CDouble z[2]; } Complexes;
typedef union { CFloat z; float part[2]; } ComplexOrFloats;
SHAPE(CFloat, *v = k + (k + 0.5f) * I, crealf(*v) + 2 * cimagf(*v))
SHAPE(CDouble, *v = k + (k + 0.5) * I, creal(*v) + 2 * cimag(*v))
SHAPE(ComplexThenInt, v->z = k + (k + 0.5f) * I; v->tag = -k, crealf(v->z) + 2 * cimagf(v->z) + 4 * v->tag)
SHAPE(Complexes, v->z[0] = k + (k + 0.5) * I; v->z[1] = -k, creal(v->z[0]) + 2 * cimag(v->z[0]) + 4 * creal(v->z[1]))
SHAPE(ComplexOrFloats, v->z = k + (k + 0.5f) * I, v->part[0] + 2 * v->part[1])
double complex_norm(const CDouble *v, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += creal(v[i]) * creal(v[i]) + cimag(v[i]) * cimag(v[i]);
    return sum;
}
void complex_turn(CFloat *v, int n) { for (int i = 0; i < n; i++) v[i] *= I; }

/* what the prototypes of the tests place by offsets */
typedef struct { int left, gap, right; } Gapped;
typedef union { int number; double d; } Overlaid;
typedef struct { int32_t left, top, right, bottom; } Rect;
typedef struct { const char *name; int64_t gap; int id; } Named;
SHAPE(Gapped, v->left = k; v->right = k + 1, v->left + 2 * v->right + 1000 * (v->gap != 0))
SHAPE(Overlaid, v->d = k + 0.25, v->d)
SHAPE(Rect, v->left = k; v->top = -k; v->right = k + 1; v->bottom = k + 2,
      v->left + 2 * v->top + 4 * v->right + 8 * v->bottom)
SHAPE(Named, v->name = "native"; v->id = k, v->id + 2.0 * strlen(v->name) + 1000 * (v->gap != 0))
#pragma pack(push, 2)
typedef struct { char c; int i; short s; } Pack2;
#pragma pack(pop)
int pack2_check(const Pack2 *p) { return sizeof *p == 8 && p->c == 'x' && p->i == 70000 && p->s == -7; }

/* unnamed members, text in unions, arrays of structs */
typedef struct { int tag; union { int number; double d; }; struct { short a, b; }; } Unnamed;
SHAPE(Unnamed, v->tag = k; v->d = k + 0.5; v->a = -1; v->b = k, v->tag + 2 * v->d + 4 * v->a + 8 * v->b)
typedef union { int number; double d; char text[8]; unsigned char raw[8]; struct { short x, y; } at; const char *p;
                unsigned low : 4, rest : 28; float pair[2]; _Bool flag; double _Complex z; } Everything;
int everything_is(const Everything *e, int what) {
    switch (what) {
    case 0: return e->number == -7 && !((const char *)e)[4];
    case 1: return e->d == 2.5;
    case 2: return !memcmp(e, "seven\0\0\0\0\0\0\0\0\0\0\0", 16);
    case 3: return e->at.x == 3 && e->at.y == -4;
    case 4: return e->low == 9 && e->number == 9;
    case 5: return e->pair[0] == 1.5f && e->pair[1] == -2.f;
    case 6: return creal(e->z) == 1 && cimag(e->z) == -1;
    }
    return 0;
}
typedef struct { Rect parts[2]; Rect whole; } Line;
int line_sum(const Line *l) { return l->parts[0].left + 10 * l->parts[1].left + 100 * l->whole.left; }

/* functions that are handed out, and tables of them */
typedef struct Table Table;
struct Table {
    int version;
    int (*add)(int a, int b);
    const char *(*name)(void);
    int (*each)(Table *self, int (*f)(int value), int n);
    int (*split)(double x, int *whole);
    Floats (*turn)(Floats v);
    int (*absent)(void);
    void (*crash)(void);
    int (*wait)(int ms);
    Table *next;
};
static int add(int a, int b) { errno = 7; return a + b; }
static int multiply(int a, int b) { return a * b; }
static const char *name(void) { return "first"; }
static const char *second_name(void) { return "second"; }
static int each(Table *self, int (*f)(int), int n) { int sum = self->version; while (n) sum += f(n--); return sum; }
static int split(double x, int *whole) { *whole = (int)x; return (x - *whole) * 100; }
static Floats turn(Floats v) { Floats r = {{v.v[2], v.v[1], v.v[0]}}; return r; }
static void crash(void) { *(volatile int *)0 = 1; }
static int wait_ms(int ms) { return usleep(ms * 1000); }
static Table second = {2, multiply, second_name, each, split, turn, 0, crash, wait_ms, 0};
static Table first = {1, add, name, each, split, turn, 0, crash, wait_ms, &second};
int get_table(Table **table) { *table = &first; return 5; }
int (*get_adder(int which))(int, int) { return which == 0 ? add : which == 1 ? multiply : 0; }
int is_adder(int (*f)(int, int)) { return f == add; }
int call_adder(int (*f)(int, int), int a, int b) { return f ? f(a, b) : -1; }
int use_table(Table *t, int a) { return t->version + 10 * t->add(a, 1) + 1000 * (int)strlen(t->name ? t->name() : "")
                                        + 10000 * (t->absent == 0); }
void *adder_address(void) { return (void *)add; }
int table_version(const Table *t) { return t->version; }

/* writes more than its documented struct holds */
typedef struct { int first; } Small;
int small_overfill(Small *s) { memset(s, 0, 32); s->first = 7; memset((char *)s + 4, 0x55, 28); return 32; }

SHAPE(PackRefused, v->c = k, v->c)
SHAPE(WideRefused, v->i = k, v->i)

/* text inside structs that changes owner, counted */
typedef struct { int id; char *text; char *other; } Owner;
static int alive;
static char *copy_of(const char *s) { alive++; return strdup(s); }
void give_back(void *p) { alive -= p != 0; free(p); }
int texts_alive(void) { return alive; }
void owner_make(Owner *o) { o->id = 1; o->text = copy_of("made"); o->other = copy_of("other"); }
/* as a callee of [in, out] that owns what it was given: frees the old text, stores another, or none */
int owner_replace(Owner *o, int how) {
    int length = o->text ? (int)strlen(o->text) : -1;
    if (how == 1) { free(o->text); o->text = strdup("replaced"); }
    if (how == 2) { free(o->text); o->text = 0; }
    o->id++;
    return length;
}
int owner_read(const Owner *o) { return o->id + 10 * (int)strlen(o->text); }
int owners_replace(Owner *o, int n) { for (int i = 0; i < n; i++) owner_replace(o + i, i % 3); return n; }

/* value or reference, by the number of stars */
typedef struct { int x, y; } P2;
static P2 kept = {3, 4};
int by_value(P2 p) { p.x += 100; return p.x; }
int by_pointer(P2 *p) { p->x += 100; return p ? p->x : -1; }
int nullable(P2 *p) { return p == 0; }
void point_at(P2 **p) { *p = &kept; }
int point_through(P2 **p) { int x = *p ? (*p)->x : -1; *p = *p ? 0 : &kept; return x; }
int sum_of(P2 **v, int n) { int sum = 0; for (int i = 0; i < n; i++) sum += v[i] ? v[i]->x : 1000; return sum; }
void system_time(uint16_t *eight) { for (int i = 0; i < 8; i++) eight[i] = 1000 + i; }

/* every kind of member */
typedef enum { RED, GREEN = 5 } Colour;
typedef struct { int (*f)(int); uint8_t id[16]; int ok; _Bool flag; Colour colour; double date; const char *text; void *p; } Kinds;
int kinds_check(const Kinds *k) {
    return k->f(20) == 40 && k->id[0] == 0x78 && k->id[15] == 0xff && k->ok == 1 && k->flag && k->colour == GREEN
        && k->date == 2.0 && !strcmp(k->text, "text") && !k->p;
}
void kinds_make(Kinds *k) { memset(k, 0, sizeof *k); k->f = 0; k->ok = 7; k->flag = 1; k->colour = RED; k->date = 1.5; k->text = "made"; }
