/* Every way in which a library ends its process, and ways in which it does not come back. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int add(int a, int b) { return a + b; }

int write_to_null(void) { *(volatile int *)0 = 1; return 0; }
int call_abort(void) { fputs("about to abort\n", stderr); abort(); }
int divide(int a, int b) { volatile int zero = b; return a / zero; }
int call_exit(int status) { exit(status); }
int call__exit(int status) { _exit(status); }
int kill_itself(int number) { kill(getpid(), number); for (;;) pause(); }

int bus_error(void)
{
    char name[] = "/tmp/callgate-bus-XXXXXX";
    int file = mkstemp(name);
    unlink(name);
    char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    page[0] = 1; /* beyond the end of an empty file */
    return page[0];
}

int sleep_ms(int ms) { return usleep(ms * 1000); }
int spin(void) { for (volatile long i = 0;; i++) { } return 0; }

int lock_itself(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    return pthread_mutex_lock(&mutex);
}

int set_errno(int value) { errno = value; return -1; }
int say(const char *text) { puts(text); return 0; }

typedef int (*number_cb)(int);
int call_it(number_cb callback, int value) { return callback(value); }
int crash_after(number_cb callback, int value) { callback(value); return write_to_null(); }

static number_cb stored;
void store(number_cb callback) { stored = callback; }
int call_stored(int value) { return stored ? stored(value) : -1; }

struct job { number_cb callback; int value; int result; };
static void *run(void *argument)
{
    struct job *job = argument;
    job->result = job->callback(job->value);
    return 0;
}
int call_from_thread(number_cb callback, int value)
{
    struct job job = { callback, value, 0 };
    pthread_t thread;
    pthread_create(&thread, 0, run, &job);
    pthread_join(thread, 0);
    return job.result;
}
