/* Native code that calls back: in order, out of order, from threads, too late; for the tests of R9. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*number_cb)(int value);
typedef double (*ratio_cb)(double value);
typedef int (*text_cb)(const char *text);
typedef char *(*name_cb)(int value);
typedef void (*note_cb)(int value);
typedef int (*context_cb)(void *context, int value);
typedef int (*sum_cb)(int *values, int n);
typedef int (*compare_cb)(const int *a, const int *b);
typedef const char *(*borrow_cb)(int value);

int call_number(number_cb f, int value) { return f ? f(value) : -100; }
double call_ratio(ratio_cb f, double value) { return f(value); }
int call_text(text_cb f, const char *text) { return f(text); }

/* EnumWindows: goes on while the callback answers with something; says how often it called. */
int enumerate(number_cb f, int n)
{
    int calls = 0;
    for (int i = 0; i < n; i++) {
        calls++;
        if (!f(i))
            break;
    }
    return calls;
}

/* Calls n times whatever it gets, and says what it got as digits: 7 for -1. */
int call_all(number_cb f, int n)
{
    int digits = 0;
    for (int i = 0; i < n; i++) {
        int got = f(i);
        digits = digits * 10 + (got == -1 ? 7 : got);
    }
    return digits;
}

/* SetChangeHandler and RemoveChangeHandler: the pointer is remembered between calls. */
static number_cb handler;
void SetChangeHandler(number_cb f) { handler = f; }
void RemoveChangeHandler(void) { handler = 0; }
number_cb GetChangeHandler(void) { return handler; }
int Change(int value) { return handler ? handler(value) : -100; }
void SetKept(number_cb f) { handler = f; }

uintptr_t address_of(number_cb f) { return (uintptr_t)f; }
int same(number_cb f, number_cb g) { return f == g; }
static int twice(int value) { return 2 * value; }
number_cb native_function(void) { return twice; }
int swap_functions(number_cb *f, number_cb *g) { number_cb h = *f; *f = *g; *g = h; return (*f)(1) * 100 + (*g)(1); }

/* The strings that callbacks return are malloc'd: whoever gets them frees them. */
int name_lengths(name_cb f, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++) {
        char *name = f(i);
        if (name) {
            total += (int)strlen(name);
            memset(name, 'x', strlen(name)); /* it is ours to write */
            free(name);
        }
    }
    return total;
}

int call_sum(sum_cb f)
{
    int values[4] = {1, 2, 3, 4};
    int result = f(values, 4);
    return result * 1000 + values[0] + values[1] + values[2] + values[3];
}

/* A context is only carried. */
static context_cb carried;
static void *carried_context;
int each(context_cb f, void *context, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += f(context, i);
    return total;
}
void carry(context_cb f, void *context) { carried = f; carried_context = context; }
int deliver(int value) { return carried ? carried(carried_context, value) : -100; }

/* Threads of the library. */
struct job { number_cb number; note_cb note; int from, count, result; };
static void *run(void *argument)
{
    struct job *job = argument;
    if (job->number)
        job->result = job->number(job->from);
    for (int i = 0; job->note && i < job->count; i++)
        job->note(job->from + i);
    return 0;
}
int on_thread(number_cb f, int value)
{
    struct job job = {f, 0, value, 0, 0};
    pthread_t thread;
    pthread_create(&thread, 0, run, &job);
    pthread_join(thread, 0);
    return job.result;
}
int note_on_thread(note_cb f, int from, int count)
{
    struct job job = {0, f, from, count, 0};
    pthread_t thread;
    pthread_create(&thread, 0, run, &job);
    pthread_join(thread, 0);
    return count;
}
int note_here(note_cb f, int from, int count)
{
    for (int i = 0; i < count; i++)
        f(from + i);
    return count;
}

/* A timer: calls back from its own thread until it is stopped. */
static pthread_t timer;
static volatile int ticking;
static number_cb tick;
static void *tick_on(void *unused)
{
    (void)unused;
    while (ticking) {
        tick(++ticking);
        usleep(1000);
    }
    return 0;
}
void start_timer(number_cb f) { tick = f; ticking = 1; pthread_create(&timer, 0, tick_on, 0); }
int stop_timer(void) { int seen = ticking; ticking = 0; pthread_join(timer, 0); return seen; }
