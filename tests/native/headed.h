/* What tests/client/test_typed_header.py describes in Python, in part. */
#ifndef HEADED_H
#define HEADED_H

#define HEADED_LIMIT 12

enum color { RED, GREEN = 5, BLUE = -1 };
struct point { int x, y; };
typedef struct stream { int number; } stream;
typedef struct hidden hidden;
#ifdef WIDE
int wide(void);
#endif

struct point swapped(struct point p);
int sum_of(const struct point *p);
enum color next_of(enum color c);
stream *make(void);
int tell(stream *s);
int apply(int (*call)(int n), int n);
int look(hidden *h);

#endif
