/* One function for everything that can be done to an argument. The tests of the native host call them. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uchar.h>
#include <wchar.h>

/* scalars */

#define ECHO(name, type) type echo_##name(type value) { return value; }
ECHO(char, char) ECHO(schar, signed char) ECHO(uchar, unsigned char) ECHO(short, short) ECHO(ushort, unsigned short)
ECHO(int, int) ECHO(uint, unsigned int) ECHO(long, long) ECHO(ulong, unsigned long) ECHO(llong, long long)
ECHO(ullong, unsigned long long) ECHO(i1, int8_t) ECHO(u1, uint8_t) ECHO(i2, int16_t) ECHO(u2, uint16_t)
ECHO(i4, int32_t) ECHO(u4, uint32_t) ECHO(i8, int64_t) ECHO(u8, uint64_t) ECHO(size, size_t) ECHO(ssize, ssize_t)
ECHO(iptr, intptr_t) ECHO(uptr, uintptr_t) ECHO(ptrdiff, ptrdiff_t) ECHO(wchar, wchar_t) ECHO(char16, char16_t)
ECHO(char32, char32_t) ECHO(float, float) ECHO(double, double) ECHO(ldouble, long double) ECHO(bool, _Bool)

static int calls;
int times_called(void) { return calls; }
int touch(int a, int b) { calls++; return a + b; }

unsigned bool_bits(_Bool value) { unsigned char byte; memcpy(&byte, &value, 1); return byte; }
unsigned char dirty_bool(void) { return 2; }
enum Color { RED, GREEN = 5, BLUE = -1 };
enum Color echo_color(enum Color color) { return color; }
int fail_with(int code) { errno = code; return code ? -1 : 0; }
void nothing(void) { calls++; }

/* arrays */

int sum(const int *v, int n) { int s = 0; for (int i = 0; i < n; i++) s += v[i]; return s; }
double sum_doubles(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i]; return s; }
long double sum_long(const long double *v, int n) { long double s = 0; for (int i = 0; i < n; i++) s += v[i]; return s; }
int count_true(const unsigned char *v, int n) { int s = 0; for (int i = 0; i < n; i++) s += v[i] == 1; return s; }
void set_bools(unsigned char *v, int n) { for (int i = 0; i < n; i++) v[i] = i % 2 ? 2 : 0; }
int squares(int *v, int n) { int dirty = 0; for (int i = 0; i < n; i++) { dirty |= v[i]; v[i] = i * i; } return dirty; }
int fill_some(int *v, int n, int wanted) { for (int i = 0; i < wanted && i < n; i++) v[i] = 7; return wanted; }
void negate(int *v, int n) { for (int i = 0; i < n; i++) v[i] = -v[i]; }
int increment(int *v) { int was = *v; ++*v; return was; }
int is_null(const void *p) { return p == NULL; }
int sum_to_zero(const int *v) { int s = 0; while (*v) s += *v++; return s; }
long pointer_value(const void *p) { return (long)(intptr_t)p; }
unsigned checksum(const unsigned char *v, size_t n) { unsigned s = 1; for (size_t i = 0; i < n; i++) s = s * 31 + v[i]; return s; }
void negate_bytes(unsigned char *v, size_t n) { for (size_t i = 0; i < n; i++) v[i] = (unsigned char)~v[i]; }
void pattern(unsigned char *v, size_t n) { for (size_t i = 0; i < n; i++) v[i] = (unsigned char)(i * 7); }
int shrink(int *v, int *n) { if (*n > 2) *n = 2; for (int i = 0; i < *n; i++) v[i] = 100 + i; return 0; }
int *make_numbers(int *n) { static int numbers[] = {3, 1, 4, 1, 5}; *n = 5; return numbers; }
int *three_numbers(void) { static int numbers[] = {7, 8, 9}; return numbers; }
unsigned char *some_bytes(size_t *n) { static unsigned char bytes[] = "ab\0cd"; *n = 5; return bytes; }
int *no_numbers(int *n) { *n = 3; return NULL; }

/* text */

long text_length(const char *s) { return s ? (long)strlen(s) : -1; }
int shout(char *s) { for (; *s; s++) if (*s >= 'a' && *s <= 'z') *s -= 32; return 0; }
const char *static_text(void) { return "borrowed"; }
char *no_text(void) { return NULL; }
static int texts_alive;
char *new_text(const char *s) { texts_alive++; return strdup(s); }
void free_text(char *s) { texts_alive--; free(s); }
int count_alive_texts(void) { return texts_alive; }
int get_text(char **out) { *out = new_text("fetched"); return 5; }
int get_no_text(char **out) { (void)out; return 1; }
int rename_text(char **s, int mode) {
    if (mode == 0) return 0;
    free(*s);
    *s = mode == 1 ? strdup("replaced") : NULL;
    return mode;
}
int replace_own(char **s, int mode) { if (mode) { *s = new_text("mine"); } return texts_alive; }
long total_length(const char **v, int n) { long s = 0; for (int i = 0; i < n; i++) s += v[i] ? (long)strlen(v[i]) : 1000; return s; }
long parse(const char *s, char **end) { return strtol(s, end, 10); }

/* structs */

struct Point { int x, y; };
struct Small { float a, b; };
struct FloatInt { float a; int b; };
struct DoubleLong { double a; int64_t b; };
struct Three { int64_t a, b, c; };
struct Four { float a, b, c, d; };
struct Mixed {
    signed char tag;
    double weight;
    short level;
    char name[8];
    int values[3];
    struct Point corners[2];
    const char *text;
    _Bool on;
    enum Color color;
    unsigned char raw[4];
};
struct Bits { unsigned a : 3, b : 5; int c : 10; _Bool d : 1; };
union Number { int i; double d; unsigned char bytes[8]; };
struct Tagged { int tag; union Number number; };
struct Flexible { int n; int v[]; };
#pragma pack(push, 1)
struct Packed { char c; int i; short s; };
#pragma pack(pop)

int point_sum(struct Point p) { p.x += 1000; return p.x - 1000 + p.y; }
struct Point point_make(int x, int y) { return (struct Point){x, y}; }
void point_swap(struct Point *p) { int x = p->x; p->x = p->y; p->y = x; }
int point_weight(const struct Point *p) { return 3 * p->x + 5 * p->y; }
struct Point points_center(const struct Point *p, int n) {
    struct Point c = {0, 0};
    for (int i = 0; i < n; i++) { c.x += p[i].x; c.y += p[i].y; }
    c.x /= n; c.y /= n;
    return c;
}
void points_shift(struct Point *p, int n, int by) { for (int i = 0; i < n; i++) { p[i].x += by; p[i].y += by; } }
struct Small small_twice(struct Small s) { s.a *= 2; s.b *= 2; return s; }
struct FloatInt float_int_twice(struct FloatInt s) { s.a *= 2; s.b *= 2; return s; }
struct DoubleLong double_long_twice(struct DoubleLong s) { s.a *= 2; s.b *= 2; return s; }
struct Three three_twice(struct Three s) { s.a *= 2; s.b *= 2; s.c *= 2; return s; }
struct Four four_twice(struct Four s) { s.a *= 2; s.b *= 2; s.c *= 2; s.d *= 2; return s; }
int mixed_check(const struct Mixed *m) {
    return m->tag == -3 && m->weight == 2.5 && m->level == 300 && strcmp(m->name, "seven77") == 0 && m->values[0] == 1
        && m->values[1] == -2 && m->values[2] == 3 && m->corners[1].y == 13 && strcmp(m->text, "text") == 0 && m->on
        && m->color == GREEN && m->raw[3] == 9;
}
void mixed_fill(struct Mixed *m) {
    memset(m, 0, sizeof *m);
    m->tag = 4; m->weight = -0.5; m->level = -7; memcpy(m->name, "12345678", 8); m->values[2] = 11;
    m->corners[0].x = 21; m->text = "native"; m->on = 1; m->color = BLUE; m->raw[0] = 255;
}
int mixed_by_value(struct Mixed m) { return mixed_check(&m); }
void bits_next(struct Bits *b) { b->a++; b->b++; b->c--; b->d = !b->d; }
double number_read(const struct Tagged *t) { return t->tag ? t->number.d : t->number.i; }
void number_write(struct Tagged *t) { t->tag = 1; t->number.d = 6.25; }
double union_by_value(union Number n) { return n.d; }
int flexible_sum(const struct Flexible *f) { return sum(f->v, f->n); }
struct Named { int id; char *text; };
void named_make(struct Named *n) { n->id = 1; n->text = new_text("named"); }
int named_show(int (*f)(struct Named *)) { struct Named n = {2, "shown"}; return f(&n); }
int packed_check(const struct Packed *p) { return p->c == 'p' && p->i == 77777 && p->s == -5; }

/* handles */

struct Thing { int value; };
struct Other { int value; };
static int things;
struct Thing *thing_open(int value) { struct Thing *t = malloc(sizeof *t); t->value = value; things++; return t; }
struct Thing *thing_none(void) { return NULL; }
int thing_make(int value, struct Thing **out) { *out = value < 0 ? NULL : thing_open(value); return value < 0; }
int thing_value(const struct Thing *t) { return t ? t->value : -1; }
struct Thing *thing_self(struct Thing *t) { return t; }
void *thing_untyped(struct Thing *t) { return t; }
void thing_close(struct Thing *t) { things--; free(t); }
int things_open(void) { return things; }
struct Other *other_open(void) { static struct Other o; return &o; }
int things_total(struct Thing **v, int n) { int s = 0; for (int i = 0; i < n; i++) s += thing_value(v[i]); return s; }
static const void *remembered;
void remember(const void *p) { remembered = p; }
const void *recall(int offset) { return remembered ? (const char *)remembered + offset : NULL; }

/* memory that native code remembers */

struct Stream {
    const unsigned char *next_in;
    unsigned avail_in;
    unsigned char *next_out;
    unsigned avail_out;
    int (*hook)(int);
    const char *message;
    const char *messages[2];
    struct Point points[2];
};
int pump(struct Stream *s) {
    int moved = 0;
    while (s->avail_in && s->avail_out) {
        *s->next_out++ = (unsigned char)(*s->next_in++ ^ 0x20);
        s->avail_in--; s->avail_out--; moved++;
    }
    return s->hook ? s->hook(moved) : moved;
}
long message_length(const struct Stream *s) { return text_length(s->message); }

/* callbacks */

typedef int (*Unary)(int);
int apply(Unary f, int value) { return f ? f(value) : -1; }
int apply_with(int (*f)(void *, int), void *context, int value) { return f(context, value); }
int each(Unary f, int n) { int i; for (i = 0; i < n; i++) if (!f(i)) break; return i; }
double apply_double(double (*f)(double, float), double x, float y) { return f(x, y); }
void run(void (*f)(void)) { f(); }
int call_each_once(Unary f, Unary g) { return f == g ? f(1) : 10 * f(1) + g(1); }
int give_numbers(int (*f)(const int *, int), int n, int said) {
    int numbers[64];
    for (int i = 0; i < 64; i++) numbers[i] = i;
    return f(n < 0 ? NULL : numbers, said);
}
int give_counted(int (*f)(const int *, const int *)) { int n = 3, v[] = {4, 5, 6}; return f(v, &n); }
int give_texts(int (*f)(int, char **)) { char *v[] = {"one", NULL, "three"}; return f(3, v); }
int give_text(int (*f)(const char *), const char *s) { return f(s); }
int give_bytes(unsigned (*f)(const unsigned char *, size_t), size_t n) {
    unsigned char *bytes = malloc(n + 1);
    pattern(bytes, n);
    unsigned answer = f(bytes, n);
    int same = answer == checksum(bytes, n);
    free(bytes);
    return same;
}
int ask_number(int (*f)(int *)) { int v = 41; int r = f(&v); return 1000 * r + v; }
int ask_numbers(int (*f)(int *, int), int n) { int v[8] = {0}; f(v, n); return sum(v, 8); }
long ask_text(char *(*f)(void)) { char *s = f(); long n = text_length(s); free(s); return n; }
long ask_text_out(int (*f)(char **)) { char *s = NULL; f(&s); long n = text_length(s); free(s); return n; }
long ask_end(long (*f)(const char *, char **)) { const char *s = "12abc"; char *end = NULL; long v = f(s, &end); return v * 100 + (end ? end - s : -1); }
int ask_point(struct Point (*f)(struct Point)) { struct Point p = f((struct Point){3, 4}); return 10 * p.x + p.y; }
int ask_thing(struct Thing *(*f)(struct Thing *), struct Thing *t) { return f(t) == t; }
static Unary handler;
void set_handler(Unary f) { handler = f; }
Unary get_handler(void) { return handler; }
int fire(int value) { return handler ? handler(value) : -1; }
static int twice(int value) { return 2 * value; }
Unary native_twice(void) { return twice; }
static Unary handlers[4096];
int store_handler(int at, Unary f) { handlers[at] = f; return 0; }
int fire_handler(int at, int value) { return handlers[at](value); }
void thing_watch(struct Thing *t, Unary f) { (void)t; handler = f; }

struct Job { Unary f; int value, result; pthread_t thread; };
static void *work(void *argument) { struct Job *job = argument; job->result = job->f(job->value); return NULL; }
int call_on_thread(Unary f, int value) {
    struct Job job = {f, value, 0, 0};
    pthread_create(&job.thread, NULL, work, &job);
    pthread_join(job.thread, NULL);
    return job.result;
}
int call_on_threads(Unary f, int n) {
    struct Job *jobs = calloc((size_t)n, sizeof *jobs);
    int total = 0;
    for (int i = 0; i < n; i++) { jobs[i].f = f; jobs[i].value = i; pthread_create(&jobs[i].thread, NULL, work, &jobs[i]); }
    for (int i = 0; i < n; i++) { pthread_join(jobs[i].thread, NULL); total += jobs[i].result; }
    free(jobs);
    return total;
}
static struct Job later;
void start_later(Unary f, int value) { later.f = f; later.value = value; pthread_create(&later.thread, NULL, work, &later); }
int finish_later(void) { pthread_join(later.thread, NULL); return later.result; }

/* the process */

void say(const char *s) { printf("%s\n", s); }
void complain(const char *s) { fprintf(stderr, "%s\n", s); }
int wait_for_file(const char *path) { char byte = 0; int fd = open(path, O_RDONLY); ssize_t n = read(fd, &byte, 1); close(fd); return n == 1 ? byte : -1; }
int sum_all(int n, ...) { va_list list; int s = 0; va_start(list, n); while (n--) s += va_arg(list, int); va_end(list); return s; }
int format(char *buffer, size_t size, const char *layout, ...) {
    va_list list;
    va_start(list, layout);
    int n = vsnprintf(buffer, size, layout, list);
    va_end(list);
    return n;
}
void crash(void) { *(volatile int *)8 = 1; }
