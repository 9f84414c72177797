/* Results that tell of failures: HRESULTs and errno (R11). */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

typedef int32_t HRESULT;

HRESULT fail_with(HRESULT code) { return code; }
HRESULT add(int a, int b, int *sum) { if (a < 0) return (HRESULT)0x80070057; *sum = a + b; return 0; }
HRESULT divide(int a, int b, int *rest, int *quotient)
{
    *rest = *quotient = 77;
    if (!b) return (HRESULT)0x80020012;
    *quotient = a / b;
    *rest = a % b;
    return 1; /* S_FALSE is a success */
}
int set_errno(int value) { if (value) errno = value; return errno; }
int sleep_and_fail(int value, int ms) { errno = value; usleep(ms * 1000); return errno; }

/* What a callback with [throws] gives native code. */
typedef HRESULT (*ask)(int question, int *note, int *answer);
static int last_note, last_answer;
HRESULT call_ask(ask f, int question) { last_note = last_answer = 1234; return f(question, &last_note, &last_answer); }
int noted(void) { return last_note; }
int answered(void) { return last_answer; }
