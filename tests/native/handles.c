/* Objects behind handles: counted, valued, ended in every way; for the tests of R10. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct thing { int value; int busy; } thing;
typedef struct mapping mapping;
static int made, freed, doubly, freed_busy;
static char order[4096];
static char log_path[512];

int things_made(void) { return made; }
int things_freed(void) { return freed; }
int freed_twice(void) { return doubly; }
int freed_while_busy(void) { return freed_busy; }
const char *freed_order(void) { return order; }
void set_log(const char *path) { snprintf(log_path, sizeof log_path, "%s", path); }

thing *thing_open(int value)
{
    if (value < 0)
        return 0;
    thing *t = malloc(sizeof *t);
    t->value = value;
    t->busy = 0;
    made++;
    return t;
}
int thing_make(int value, thing **out) { *out = thing_open(value); return *out ? 0 : -1; }
int thing_make_and_ask(int value, thing **out, int (*f)(int value))
{
    *out = thing_open(value);
    return f(value);
}

int thing_make_two(int value, thing **first, char **text)
{
    *first = thing_open(value);
    *text = malloc(2000);
    memset(*text, 'x', 1999);
    (*text)[1999] = 0;
    return 0;
}
int thing_value(thing *t) { return t->value; }
int thing_sum(thing *t, int more) { return t->value + more; }
uintptr_t thing_address(thing *t) { return (uintptr_t)t; }
thing *thing_same(thing *t) { return t; }
int thing_replace(thing **t, int value) /* value 0 keeps it */
{
    if (value)
        *t = thing_open(value);
    return 0;
}
int thing_wait(thing *t, int ms)
{
    t->busy = 1;
    usleep(ms * 1000);
    t->busy = 0;
    return t->value;
}
int thing_wait_for_file(thing *t, const char *path)
{
    t->busy = 1;
    while (access(path, F_OK))
        usleep(500);
    t->busy = 0;
    return t->value;
}
void thing_free(thing *t)
{
    if (t->value == -12345)
        doubly++;
    if (t->busy)
        freed_busy++;
    freed++;
    sprintf(order + strlen(order), "%d ", t->value);
    if (log_path[0]) {
        FILE *f = fopen(log_path, "a");
        fprintf(f, "%d\n", t->value);
        fclose(f);
    }
    t->value = -12345; /* leaked on purpose, so that a second end would be seen */
}
int thing_close(thing *t) { thing_free(t); return 7; }
int thing_call(thing *t, int (*f)(int)) { return f(t->value); }

/* A handle whose invalid value is -1, as mmap has it; 0 is invalid as well. */
static int unmapped;
mapping *map_it(int value) { return value < 0 ? (mapping *)(intptr_t)-1 : value == 0 ? 0 : (mapping *)(intptr_t)(value * 4096); }
int mapping_value(mapping *m) { return (int)((intptr_t)m / 4096); }
int mapping_is_minus_one(mapping *m) { return m == (mapping *)(intptr_t)-1; }
int unmap(mapping *m) { unmapped += m == 0 || m == (mapping *)(intptr_t)-1 ? 1000 : 1; return 0; }
int times_unmapped(void) { return unmapped; }

/* A handle inside a struct. */
struct holder { int tag; thing *held; };
int holder_value(struct holder *h) { return h->tag * 100 + (h->held ? h->held->value : 0); }
static thing *given;
int holder_change(struct holder *h, int value) { h->tag++; if (value) given = h->held = thing_open(value); return 0; }
void end_given(void) { thing_free(given); }

int element(const int *values, int k) { return values[k]; }
int first_of(const void *values) { return *(const int *)values; }

/* Handles that a callback gives: to its call, later, and to a thread of the library. */
typedef thing *(*giver)(int value);
static volatile int flags[8], waits[8];
int waited_for(int flag) { return waits[flag]; }
void set_flag(int flag) { flags[flag] = 1; }
int wait_for_flag(int flag)
{
    waits[flag] = 1;
    while (!flags[flag])
        usleep(1000);
    return flag;
}
int thing_given(giver f, int value)
{
    thing *t = f(value);
    return t ? t->value : -1;
}
int thing_given_later(giver f, int value, int flag)
{
    wait_for_flag(flag);
    return thing_given(f, value);
}
struct gift { giver f; int value, arrived; };
static void *be_given(void *argument)
{
    struct gift *gift = argument;
    gift->arrived = gift->f(gift->value) != 0;
    return 0;
}
int thing_given_to_thread(giver f, int value)
{
    struct gift gift = {f, value, 0};
    pthread_t thread;
    pthread_create(&thread, 0, be_given, &gift);
    pthread_join(thread, 0);
    return gift.arrived;
}
