/* What typed declarations call: every function looks at what it got, and answers with what follows from it. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

struct Point { int32_t x, y; };
struct Rect { int32_t left, top, right, bottom; };

int32_t PtInRect(const struct Rect *r, struct Point p) {
    return p.x >= r->left && p.x < r->right && p.y >= r->top && p.y < r->bottom;
}
struct Point centroid(const struct Point *points, uint32_t n) {
    struct Point c = {0, 0};
    for (uint32_t i = 0; i < n; i++) { c.x += points[i].x; c.y += points[i].y; }
    if (n) { c.x /= (int32_t)n; c.y /= (int32_t)n; }
    return c;
}
struct Point centroid_of(const struct Point *points, uint32_t n) { return centroid(points, n); }
void scale(uint32_t n, double *v) { for (uint32_t i = 0; i < n; i++) v[i] *= 2; }
void shift(struct Point *p, int32_t by) { p->x += by; p->y += by; }
const char *version(void) { return "geometry 2"; }
int32_t inc(int32_t *v) { return (*v)++; }
int32_t fill(int *v, int n) { for (int i = 0; i < n; i++) v[i] = i * i; return n; }
int32_t fill_bytes(unsigned char *v, size_t n) { for (size_t i = 0; i < n; i++) v[i] = (unsigned char)(i + 1); return 7; }

/* an opaque type; the out stands first */
struct Canvas { int32_t magic, size; };
int32_t canvas_open(struct Canvas **out, uint32_t size) {
    if (size == 0) { *out = NULL; return 1; }
    *out = malloc(sizeof **out);
    (*out)->magic = 77; (*out)->size = (int32_t)size;
    return 0;
}
int32_t canvas_size(struct Canvas *c) { return c == NULL ? -1 : c->magic == 77 ? c->size : -2; }
void canvas_close(struct Canvas *c) { c->magic = 0; free(c); }

/* callbacks */
int32_t each(int32_t (*f)(int32_t, const char *), int32_t n) {
    int32_t sum = 0;
    for (int32_t i = 0; i < n; i++) sum += f(i, i % 2 ? "odd" : "even");
    return sum;
}
int32_t each_measured(int32_t (*f)(int32_t, const char *), int32_t n) { return each(f, n); }
int32_t visit(int (*row)(void *, int, char **), void *context) {
    char *words[] = {"one", "two", NULL};
    return row(context, 3, words);
}

/* text */
long units(const char16_t *s) { long n = 0; if (!s) return -1; while (s[n]) n++; return n; }
long octets(const char *s) { return s ? (long)strlen(s) : -1; }
char *twice(const char *s) {
    char *made = malloc(2 * strlen(s) + 1);
    strcpy(made, s); strcat(made, s);
    return made;
}
int32_t write_name(char *s, int32_t n) {
    if (n < 6) return -n;
    memcpy(s, "h\xC3\xA9llo", 7 <= n ? 7 : n);
    return n;
}
int32_t first_byte(const char *s) { return (unsigned char)s[0]; }
struct Tag { const char *text; int32_t id; };
int32_t tag_units(const char16_t *s, struct Tag t) { return (int32_t)units(s) * 100 + (int32_t)octets(t.text) * 10 + t.id; }

/* classes with a layout: one level already */
struct Moment { uint16_t year, month, day; };
uint32_t now(struct Moment *m) {
    if (m == NULL) return 0;
    uint32_t before = m->year;
    m->year = 2024; m->month = 2; m->day = 29;
    return before + 1;
}
struct Label { char *name; int32_t n; };
int32_t label_up(struct Label *l) {
    int32_t seen = (l->name ? (int32_t)strlen(l->name) : 100) * 10 + l->n;
    l->n++;
    return seen;
}
int32_t peek(struct Moment **m) { return m && *m ? (*m)->year : -1; }
struct Named { int32_t id; struct Moment when; int32_t last; };
int32_t named_sum(struct Named n) { return n.id + n.when.year + n.when.day + n.last; }

/* enums */
enum Color { RED = 1, GREEN = 5 };
enum Color next_color(enum Color c) { return c == RED ? GREEN : RED; }

/* explicit layout, packing, a union of one cell */
struct Odd { int16_t a; char gap[6]; int64_t b; };
int64_t odd_sum(const struct Odd *o) { return o->a + o->b; }
#pragma pack(push, 1)
struct Tight { char c; int32_t i; int16_t s; };
#pragma pack(pop)
int32_t tight_sum(const struct Tight *t) { return t->c + t->i + t->s; }

union Cell { int32_t number; double real; unsigned char raw[8]; };
int64_t cell_bits(const union Cell *c) { int64_t bits; memcpy(&bits, c->raw, 8); return bits; }
void cell_half(union Cell *c) { c->real /= 2; }
struct Overlaid { int32_t tag; int32_t gap; double real; };
void cell_pair(struct Overlaid *o) { o->tag++; o->real /= 2; }

int32_t half(int32_t n, double *out) { if (n < 0) return (int32_t)0x80070057; *out = n / 2.0; return 0; }
int32_t doubled(int32_t *v, int32_t n) { int32_t s = 0; for (int32_t i = 0; i < n; i++) s += v[i] *= 2; return s; }
int32_t truth(int32_t b) { return b; }
uint8_t truth8(uint8_t b) { return b; }
int16_t truth16(int16_t b) { return b; }
int32_t add(int32_t a, int32_t b) { return a + b; }
int32_t letter(char c) { return c; }
int32_t letter16(char16_t c) { return c; }
