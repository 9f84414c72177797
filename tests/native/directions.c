/* Directions: what C finds behind a pointer, what it leaves there, and whose memory it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int called;
int times_called(void) { return called; }

int inc(int *p) { called++; int seen = *p; (*p)++; return seen; }
void swap(int *a, int *b) { int c = *a; *a = *b; *b = c + 100; }
int same_place(const int *a, const int *b) { called++; return a == b; }
int same_address(const void *a, const void *b) { return a == b; }
void move_up(int *from, int *to, int n) { memmove(to + 1, from, sizeof(int) * (size_t)(n - 1)); from[0] = -1; }
int is_null(const int *p) { called++; return p == NULL; }
int levels(int **p) { called++; if (!p) return 0; if (!*p) return 1; return 2; }
int text_levels(char **p) { called++; if (!p) return 0; if (!*p) return 1; return 2; }

struct point { int x, y; };
int move_point(struct point p) { called++; p.x += 1000; return p.x + p.y; }
int push_point(struct point *p) { called++; int seen = p->x * 10 + p->y; p->x = 7; p->y = 8; return seen; }

struct labelled { const char *name; int n; };
int rename_labelled(struct labelled *l) { called++; int seen = l->name ? (int)strlen(l->name) : -1; seen = seen * 10 + l->n; l->name = "A"; l->n = 2; return seen; }

static const void *kept;
void keep(const void *p) { kept = p; }
int kept_byte(void) { return *(const unsigned char *)kept; }
int kept_is(const void *p) { return p == kept; }

/* outs in an order that can be told apart */
int many_outs(int *a, double *b, char **c, struct point *d) { *a = 1; *b = 2.5; *c = strdup("three"); *d = (struct point){4, 5}; return 6; }
int call_back(int (*callback)(int value), int value) { called++; return callback(value) + 1; }

/* every kind of argument at once, for refusals at each place */
int everything(signed char small, unsigned long large, double number, _Bool truth, const char *text, const uint16_t *wide,
               const int *array, int n, const char **texts, int texts_n, struct labelled record,
               const struct labelled *pointer, int (*callback)(int value), void *context, unsigned char *filled,
               int filled_n, char **replaced, int **resized, int *resized_n, char last) {
    called++;
    int sum = small + (int)large + (int)number + truth + (int)strlen(text) + wide[0] + array[n - 1] + (int)strlen(texts[texts_n - 1]);
    sum += record.n + pointer->n + callback(3) + (context != NULL) + (int)strlen(*replaced) + (*resized)[*resized_n - 1] + last;
    for (int i = 0; i < filled_n; i++) filled[i] = (unsigned char)i;
    return sum;
}
