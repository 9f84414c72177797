/* What gallery.c offers, as a library's header would say it: no word of what callgate needs to know beyond C. */
#ifndef GALLERY_H
#define GALLERY_H

#include <stddef.h>
#include <stdint.h>

#define GALLERY_LIMIT (4 * 8)
#define GALLERY_NAME "gal" "lery\n"
#define GALLERY_RATIO 2.5
#define GALLERY_ALL (GALLERY_LIMIT | 1ULL << 40)
#define GALLERY_LAST ((void (*)(void))-1)
#define GALLERY_TWICE(x) ((x) * 2)
#define GALLERY_API extern

typedef int (*Unary)(int value);
enum Color { RED, GREEN = 5, BLUE = -1 };
struct Point { int x, y; };
struct Small { float a, b; };
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
struct Stream {
    const unsigned char *next_in;
    unsigned avail_in;
    unsigned char *next_out;
    unsigned avail_out;
    int (*hook)(int moved);
    const char *message;
    const char *messages[2];
    struct Point points[2];
};
struct Thing;
typedef struct Other Other;

/* What no declaration of callgate can say. */
struct Aligned { int x __attribute__((aligned(16))); };
struct Empty_array_first { int v[0]; int n; };
int aligned_sum(struct Aligned a);
int aligned_first(struct Aligned *a);
int list_of(int n, __builtin_va_list list);
extern int gallery_variable;
static inline int inline_sum(int a, int b) { return a + b; }

/* Numbers and text: C says everything. */
GALLERY_API int fail_with(int code);
void nothing(void);
enum Color echo_color(enum Color color);
long text_length(const char *s);
const char *static_text(void);
char *new_text(const char *s);
size_t wcslen(const wchar_t *s);
int sum_all(int n, ...);

/* Arrays with their lengths, values that come back, handles: guessed. */
int sum(const int *v, int n);
void negate(int *v, int n);
unsigned checksum(const unsigned char *v, size_t n);
void pattern(unsigned char *v, size_t n);
int shrink(int *v, int *n);
int increment(int *v);
int point_weight(const struct Point *p);
void point_swap(struct Point *p);
struct Point point_make(int x, int y);
int point_sum(struct Point p);
int packed_check(const struct Packed *p);
int flexible_sum(const struct Flexible *f);
double number_read(const struct Tagged *t);
void bits_next(struct Bits *b);
int mixed_check(const struct Mixed *m);
int pump(struct Stream *s);
struct Thing *thing_open(int value);
int thing_make(int value, struct Thing **out);
int thing_value(const struct Thing *t);
void thing_close(struct Thing *t);
Other *other_open(void);
int apply(Unary f, int value);
int apply_with(int (*f)(void *context, int value), void *context, int value);
void set_handler(Unary f);
int is_null(const void *p);

/* Here a person has to say more. */
void free_text(char *s);
int get_text(char **out);
long parse(const char *s, char **end);
int things_total(struct Thing **v, int n);
int *make_numbers(int *n);

#endif
