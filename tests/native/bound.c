/* A library that must be called on one thread, and that notices when it is not. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct ticket { int value; } ticket;
typedef int (*visitor)(int depth);

static int loaded_on, released_on;
static atomic_int inside, most;

__attribute__((constructor)) static void on_load(void) { loaded_on = gettid(); }

int where_loaded(void) { return loaded_on; }
int where(void) { return gettid(); }
int where_released(void) { return released_on; }

static void enter(void)
{
    int now = ++inside, seen = most;
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
}

int stay(int milliseconds)
{
    enter();
    usleep(milliseconds * 1000);
    inside--;
    return gettid();
}

int most_inside(void) { return most; }
void forget_inside(void) { most = 0; }

int visit(int depth, visitor f)
{
    enter();
    int answer = f(depth);
    inside--;
    return answer;
}

void hang(void)
{
    for (;;)
        pause();
}

ticket *ticket_open(int value)
{
    ticket *made = malloc(sizeof *made);
    made->value = value;
    return made;
}

void ticket_close(ticket *t)
{
    released_on = gettid();
    free(t);
}

int ticket_value(ticket *t) { return t->value; }
