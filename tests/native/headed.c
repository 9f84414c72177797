#define WIDE
#include "headed.h"

#include <stddef.h>

struct point swapped(struct point p) { return (struct point){p.y, p.x}; }
int sum_of(const struct point *p) { return p->x + 1000 * p->y; }
enum color next_of(enum color c) { return c == RED ? GREEN : BLUE; }
static stream only = {42};
stream *make(void) { return &only; }
int tell(stream *s) { return s == &only ? s->number : -1; }
int apply(int (*call)(int n), int n) { return call(n) + HEADED_LIMIT; }
int look(hidden *h) { return h == NULL; }
int wide(void) { return 64; }
