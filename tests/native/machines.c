/* A device on another machine: what it did stays in a file, so that a test can count it whatever became of the call. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*number_cb)(int value);
typedef struct scope { int range; } scope;
typedef struct sample { int channel; double value; } sample;

static int note(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int done = file >= 0 && write(file, "x", 1) == 1;
    close(file);
    return done;
}

static void rest(int ms) { usleep(ms * 1000); }

int add(int a, int b) { return a + b; }

/* Leaves one letter in the file before it takes its time: what was begun can be counted. */
int fire(const char *path, int ms)
{
    int done = note(path);
    rest(ms);
    return done;
}

int fire_as(const char *path, int value)
{
    note(path);
    return value;
}

int fire_through(const char *path, number_cb f, int value)
{
    note(path);
    return f(value);
}

static int scopes;
scope *scope_open(int range) { scope *s = malloc(sizeof *s); s->range = range; scopes++; return s; }
int scope_range(scope *s) { return s->range; }
void scope_close(scope *s) { scopes--; free(s); }
int scope_count(void) { return scopes; }

/* The first of two scopes that it was given, as it is: the very object. */
scope *scope_same(scope *s) { return s; }

/* A scope that leaves a letter in a file when it is closed. */
typedef struct noted { char path[256]; } noted;
noted *noted_open(const char *path) { noted *n = calloc(1, sizeof *n); strncpy(n->path, path, 255); return n; }
void noted_close(noted *n) { note(n->path); free(n); }

sample measure(sample before) { return (sample){before.channel + 1, before.value * 2}; }
double total(const double *values, int n) { double sum = 0; while (n--) sum += *values++; return sum; }
void fill(unsigned char *bytes, int n) { for (int i = 0; i < n; i++) bytes[i] = (unsigned char)i; }

struct job { number_cb f; int value, delay; int *answer; };

static void *run(void *given)
{
    struct job *job = given;
    rest(job->delay);
    int answer = job->f(job->value);
    if (job->answer)
        *job->answer = answer;
    free(job);
    return 0;
}

static struct job *make_job(number_cb f, int value, int delay, int *answer)
{
    struct job *job = malloc(sizeof *job);
    *job = (struct job){f, value, delay, answer};
    return job;
}

/* An event: calls back from a thread of its own, later. */
int event(number_cb f, int value, int delay)
{
    pthread_t thread;
    return pthread_create(&thread, 0, run, make_job(f, value, delay, 0)) || pthread_detach(thread);
}

static int last_answer = -1000;

/* The same; what came back is told by answer(). */
int question(number_cb f, int value, int delay)
{
    pthread_t thread;
    last_answer = -1000;
    return pthread_create(&thread, 0, run, make_job(f, value, delay, &last_answer)) || pthread_detach(thread);
}

int answer(void) { return last_answer; }
void crash(void) { abort(); }
